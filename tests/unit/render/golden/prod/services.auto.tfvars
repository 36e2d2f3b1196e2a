# Rendered by inferloop-deploy for environment prod on aws: every service with all defaults written out.
# Change the files named in the comments, not this one.

services = {
  # services/syndoc/deployment-config.yaml:5
  syndoc = {
    # services/syndoc/deployment-config.yaml:4
    metadata = {
      cost_center = "cc-1003"
      labels      = {}
      name        = "syndoc"
      namespace   = "inferloop"
      owner       = "syndoc@inferloop.example"
      team        = "documents"
    }
    # services/syndoc/deployment-config.yaml:65
    spec = {
      # services/syndoc/deployment-config.yaml:58
      data = {
        classification = "restricted"
        encryption_key = "own"
        residency      = []
      }
      # services/syndoc/deployment-config.yaml:68
      dependencies = {
        # services/syndoc/deployment-config.yaml:35
        documents = {
          class = "standard"
          # services/syndoc/deployment-config.yaml:38
          lifecycle = {
            archive_after    = "90d"
            expire_after     = "730d"
            infrequent_after = "30d"
          }
          path   = "/documents"
          shared = false
          type   = "storage"
        }
        # services/syndoc/deployment-config.yaml:69
        layouts = {
          backup_retention = "35d"
          engine           = "aurora-postgresql" # services/syndoc/deployment-config.yaml:43
          replicas         = 1
          shared           = false
          size             = "large"
          storage          = "20Gi"
          type             = "database" # services/syndoc/deployment-config.yaml:42
        }
        # services/syndoc/deployment-config.yaml:47
        notify = {
          command = ["notify.handler"]
          image   = {}
          memory  = "512Mi"
          source  = "render"
          timeout = "30s"
          type    = "function"
        }
        # services/syndoc/deployment-config.yaml:40
        render = {
          dead_letters = {
            enabled      = true
            max_receives = 5
          }
          fifo       = false
          retention  = "7d"
          shared     = false
          type       = "queue"
          visibility = "10m"
        }
        # services/syndoc/deployment-config.yaml:46
        thumbnails = {
          command = ["thumbnails.handler"]
          image   = {}
          memory  = "1024Mi"
          source  = "documents"
          timeout = "2m"
          type    = "function"
        }
        # services/syndoc/deployment-config.yaml:39
        website = {
          class     = "standard"
          lifecycle = {}
          shared    = false
          type      = "storage"
        }
      }
      # services/syndoc/deployment-config.yaml:55
      monitoring = {
        # services/syndoc/deployment-config.yaml:56
        logs = {
          retention = "90d"
        }
        metrics = {
          enabled = true
          path    = "/metrics"
        }
        tracing = {
          enabled       = false
          sampling_rate = 0.1
        }
      }
      # services/syndoc/deployment-config.yaml:48
      networking = {
        # services/syndoc/deployment-config.yaml:49
        ingress = {
          cdn        = "website"
          enabled    = true
          hosts      = ["documents.inferloop.example"]
          path       = "/api/syndoc"
          rate_limit = 300
          request_headers = {
            add    = {}
            remove = []
            set    = {}
          }
          timeout = "60s"
          waf     = true
        }
        service_mesh = {
          enabled = false
          retries = 2
          timeout = "30s"
        }
      }
      secrets = {}
      # services/syndoc/deployment-config.yaml:66
      service = {
        args = []
        # services/syndoc/deployment-config.yaml:67
        autoscaling = {
          cpu       = 65 # services/syndoc/deployment-config.yaml:20
          max       = 20
          min       = 3
          schedules = {}
        }
        command = []
        # services/syndoc/deployment-config.yaml:15
        env = {
          # services/syndoc/deployment-config.yaml:18
          DATABASE_HOST = {
            value = "$${dependencies.layouts.host}"
          }
          # services/syndoc/deployment-config.yaml:16
          DOCUMENTS_BUCKET = {
            value = "$${dependencies.documents.bucket}"
          }
          # services/syndoc/deployment-config.yaml:17
          RENDER_QUEUE_URL = {
            value = "$${dependencies.render.url}"
          }
        }
        grace_period = "30s"
        # services/syndoc/deployment-config.yaml:22
        health = {
          # services/syndoc/deployment-config.yaml:23
          readiness = {
            failure_threshold = 3
            path              = "/readyz"
            period            = "10s"
            timeout           = "2s"
          }
        }
        # services/syndoc/deployment-config.yaml:13
        image = {
          tag = "0.1.0"
        }
        # services/syndoc/deployment-config.yaml:21
        placement = {
          runtime = "fargate"
          spread  = "zone"
          zones   = []
        }
        port     = 8080 # services/syndoc/deployment-config.yaml:14
        priority = "standard"
        # services/syndoc/deployment-config.yaml:19
        resources = {
          cpu = "1"
          gpu = {
            count = 0
          }
          limits   = {}
          memory   = "2Gi"
          requests = {}
        }
        retries   = 2
        spot      = false
        time_zone = "Etc/UTC"
        timeout   = "15m"
        type      = "api" # services/syndoc/deployment-config.yaml:12
      }
      # services/syndoc/deployment-config.yaml:57
      slo = {
        availability = 99.5
      }
      # services/syndoc/deployment-config.yaml:24
      workers = {
        # services/syndoc/deployment-config.yaml:25
        nightly = {
          args         = []
          command      = ["inferloop-synthetic", "documents", "reindex"]
          env          = {}
          grace_period = "30s"
          # services/syndoc/deployment-config.yaml:33
          placement = {
            runtime = "batch"
            spread  = "zone"
            zones   = []
          }
          priority = "standard"
          replicas = 1
          # services/syndoc/deployment-config.yaml:31
          resources = {
            cpu = "4"
            gpu = {
              count = 0
            }
            limits   = {}
            memory   = "16Gi"
            requests = {}
          }
          retries   = 2
          schedule  = "30 1 * * *"
          spot      = true
          time_zone = "Europe/Berlin"
          timeout   = "4h"
          type      = "cron"
        }
      }
    }
  }
  # services/tabular/deployment-config.yaml:5
  tabular = {
    # services/tabular/deployment-config.yaml:4
    metadata = {
      cost_center = "cc-1001"
      labels      = {}
      name        = "tabular"
      namespace   = "inferloop"
      owner       = "tabular@inferloop.example"
      team        = "synthetic-data"
    }
    # services/tabular/deployment-config.yaml:80
    spec = {
      # services/tabular/deployment-config.yaml:72
      data = {
        classification = "confidential"
        encryption_key = "own"
        residency      = []
      }
      # services/tabular/deployment-config.yaml:43
      dependencies = {
        # services/tabular/deployment-config.yaml:46
        datasets = {
          class = "standard"
          # services/tabular/deployment-config.yaml:49
          lifecycle = {
            expire_after     = "365d"
            infrequent_after = "30d"
          }
          path   = "/datasets"
          shared = false
          type   = "storage"
        }
        # services/tabular/deployment-config.yaml:50
        jobs = {
          # services/tabular/deployment-config.yaml:53
          dead_letters = {
            enabled      = true
            max_receives = 3
          }
          fifo       = false
          retention  = "4d"
          shared     = false
          type       = "queue"
          visibility = "15m"
        }
        # services/tabular/deployment-config.yaml:44
        postgres = {
          backup_retention = "7d"
          engine           = "postgres"
          replicas         = 0
          shared           = true
          size             = "small"
          storage          = "20Gi"
          type             = "database"
        }
        # services/tabular/deployment-config.yaml:45
        redis = {
          engine   = "valkey"
          replicas = 0
          shared   = true
          size     = "small"
          type     = "cache"
        }
        # services/tabular/deployment-config.yaml:54
        runs = {
          backup_retention = "7d"
          engine           = "dynamodb"
          replicas         = 0
          shared           = false
          size             = "small"
          storage          = "20Gi"
          # services/tabular/deployment-config.yaml:57
          table = {
            expires       = "expires_at"
            partition_key = "run_id"
            sort_key      = "started_at"
          }
          type = "database"
        }
      }
      # services/tabular/deployment-config.yaml:67
      monitoring = {
        logs = {}
        metrics = {
          enabled = true
          path    = "/metrics"
        }
        # services/tabular/deployment-config.yaml:68
        tracing = {
          enabled       = true
          sampling_rate = 0.05
        }
      }
      # services/tabular/deployment-config.yaml:58
      networking = {
        # services/tabular/deployment-config.yaml:59
        ingress = {
          # services/tabular/deployment-config.yaml:63
          auth = {
            audience = "inferloop"
            issuer   = "https://login.inferloop.example"
            type     = "jwt"
          }
          # services/tabular/deployment-config.yaml:64
          cors = {
            credentials = false
            headers     = ["authorization", "content-type"]
            max_age     = "1h"
            methods     = ["GET", "POST", "DELETE"]
            origins     = ["https://app.inferloop.example"]
          }
          enabled    = true
          hosts      = []
          path       = "/api/tabular"
          rate_limit = 600
          request_headers = {
            add    = {}
            remove = []
            set    = {}
          }
          timeout = "120s"
          waf     = true
        }
        # services/tabular/deployment-config.yaml:66
        service_mesh = {
          # services/tabular/deployment-config.yaml:66
          circuit_breaker = {
            consecutive_errors   = 5
            ejection_time        = "30s"
            interval             = "30s"
            max_connections      = 1024
            max_pending_requests = 1024
          }
          enabled = true
          retries = 2
          timeout = "30s"
        }
      }
      # services/tabular/deployment-config.yaml:69
      secrets = {
        manifest-signing = {}
      }
      # services/tabular/deployment-config.yaml:81
      service = {
        args = []
        # services/tabular/deployment-config.yaml:82
        autoscaling = {
          cpu = 70 # services/tabular/deployment-config.yaml:28
          max = 30
          min = 3
          # services/tabular/deployment-config.yaml:29
          schedules = {
            # services/tabular/deployment-config.yaml:30
            office-hours = {
              end       = "0 19 * * MON-FRI"
              replicas  = 3
              start     = "0 7 * * MON-FRI"
              time_zone = "Europe/Berlin"
            }
          }
        }
        command = []
        # services/tabular/deployment-config.yaml:31
        disruption_budget = {
          min_available = "1"
        }
        # services/tabular/deployment-config.yaml:15
        env = {
          # services/tabular/deployment-config.yaml:18
          CACHE_HOST = {
            value = "$${dependencies.redis.host}"
          }
          # services/tabular/deployment-config.yaml:16
          DATABASE_HOST = {
            value = "$${dependencies.postgres.host}"
          }
          # services/tabular/deployment-config.yaml:17
          DATABASE_NAME = {
            value = "$${dependencies.postgres.database}"
          }
          # services/tabular/deployment-config.yaml:20
          DATASETS_BUCKET = {
            value = "$${dependencies.datasets.bucket}"
          }
          # services/tabular/deployment-config.yaml:19
          JOBS_QUEUE_URL = {
            value = "$${dependencies.jobs.url}"
          }
          # services/tabular/deployment-config.yaml:21
          SIGNING_KEY = {
            # services/tabular/deployment-config.yaml:21
            secret = {
              key  = "value"
              name = "manifest-signing"
            }
          }
        }
        grace_period = "30s"
        # services/tabular/deployment-config.yaml:32
        health = {
          # services/tabular/deployment-config.yaml:33
          liveness = {
            failure_threshold = 3
            path              = "/healthz"
            period            = "10s"
            timeout           = "2s"
          }
          # services/tabular/deployment-config.yaml:34
          readiness = {
            failure_threshold = 3
            path              = "/readyz"
            period            = "5s"
            timeout           = "2s"
          }
          # services/tabular/deployment-config.yaml:35
          startup = {
            failure_threshold = 30
            path              = "/healthz"
            period            = "10s"
            timeout           = "2s"
          }
        }
        # services/tabular/deployment-config.yaml:14
        image = {
          tag = "0.1.0"
        }
        placement = {
          runtime = "kubernetes"
          spread  = "zone"
          zones   = []
        }
        port     = 8000 # services/tabular/deployment-config.yaml:13
        priority = "standard"
        # services/tabular/deployment-config.yaml:22
        resources = {
          gpu = {
            count = 0
          }
          # services/tabular/deployment-config.yaml:24
          limits = {
            cpu    = "2"
            memory = "2Gi"
          }
          # services/tabular/deployment-config.yaml:23
          requests = {
            cpu    = "500m"
            memory = "1Gi"
          }
        }
        retries   = 2
        spot      = false
        time_zone = "Etc/UTC"
        timeout   = "15m"
        type      = "api" # services/tabular/deployment-config.yaml:12
      }
      # services/tabular/deployment-config.yaml:71
      slo = {
        availability = 99.9
        latency_p95  = "300ms"
      }
      # services/tabular/deployment-config.yaml:36
      workers = {
        # services/tabular/deployment-config.yaml:37
        generate = {
          args = []
          # services/tabular/deployment-config.yaml:40
          autoscaling = {
            max          = 20
            min          = 0
            queue        = "jobs"
            queue_length = 5
            schedules    = {}
          }
          command      = ["inferloop-synthetic", "worker"]
          env          = {}
          grace_period = "30s"
          priority     = "batch"
          # services/tabular/deployment-config.yaml:39
          resources = {
            cpu = "1"
            gpu = {
              count = 0
            }
            limits   = {}
            memory   = "6Gi"
            requests = {}
          }
          retries   = 2
          spot      = true
          time_zone = "Etc/UTC"
          timeout   = "15m"
          type      = "worker"
        }
      }
    }
  }
  # services/textnlp/deployment-config.yaml:5
  textnlp = {
    # services/textnlp/deployment-config.yaml:4
    metadata = {
      cost_center = "cc-1002"
      labels      = {}
      name        = "textnlp"
      namespace   = "inferloop"
      owner       = "textnlp@inferloop.example"
      team        = "language"
    }
    # services/textnlp/deployment-config.yaml:47
    spec = {
      # services/textnlp/deployment-config.yaml:39
      data = {
        classification = "internal"
        encryption_key = "own"
        residency      = ["us-east-1", "us-east-2"]
      }
      # services/textnlp/deployment-config.yaml:24
      dependencies = {
        # services/textnlp/deployment-config.yaml:28
        model-cache = {
          class     = "file"
          lifecycle = {}
          path      = "/var/cache/models"
          shared    = false
          type      = "storage"
        }
        # services/textnlp/deployment-config.yaml:27
        model-storage = {
          class     = "standard"
          lifecycle = {}
          path      = "/models/textnlp"
          shared    = false
          type      = "storage"
        }
        # services/textnlp/deployment-config.yaml:25
        postgres = {
          backup_retention = "7d"
          engine           = "postgres"
          replicas         = 0
          shared           = true
          size             = "small"
          storage          = "20Gi"
          type             = "database"
        }
        # services/textnlp/deployment-config.yaml:26
        redis = {
          engine   = "valkey"
          replicas = 0
          shared   = true
          size     = "small"
          type     = "cache"
        }
        # services/textnlp/deployment-config.yaml:29
        tabular = {
          type = "service"
        }
      }
      # services/textnlp/deployment-config.yaml:33
      monitoring = {
        logs = {}
        # services/textnlp/deployment-config.yaml:34
        metrics = {
          enabled = true
          path    = "/metrics"
        }
        # services/textnlp/deployment-config.yaml:35
        tracing = {
          enabled       = true
          sampling_rate = 0.1
        }
      }
      # services/textnlp/deployment-config.yaml:30
      networking = {
        # services/textnlp/deployment-config.yaml:31
        ingress = {
          enabled    = true
          hosts      = []
          path       = "/api/textnlp"
          rate_limit = 1000
          request_headers = {
            add    = {}
            remove = []
            set    = {}
          }
          timeout = "60s"
          waf     = true
        }
        # services/textnlp/deployment-config.yaml:32
        service_mesh = {
          enabled = true
          retries = 3
          timeout = "30s"
        }
      }
      # services/textnlp/deployment-config.yaml:36
      secrets = {
        model-hub = {}
      }
      # services/textnlp/deployment-config.yaml:48
      service = {
        args = []
        # services/textnlp/deployment-config.yaml:51
        autoscaling = {
          max                 = 12
          min                 = 3
          requests_per_second = 20
          schedules           = {}
        }
        command = []
        # services/textnlp/deployment-config.yaml:15
        env = {
          # services/textnlp/deployment-config.yaml:17
          CACHE_HOST = {
            value = "$${dependencies.redis.host}"
          }
          # services/textnlp/deployment-config.yaml:16
          DATABASE_HOST = {
            value = "$${dependencies.postgres.host}"
          }
          # services/textnlp/deployment-config.yaml:19
          HUB_TOKEN = {
            # services/textnlp/deployment-config.yaml:19
            secret = {
              key  = "value"
              name = "model-hub"
            }
          }
          # services/textnlp/deployment-config.yaml:18
          MODELS_BUCKET = {
            value = "$${dependencies.model-storage.bucket}"
          }
        }
        grace_period = "30s"
        # services/textnlp/deployment-config.yaml:21
        health = {
          # services/textnlp/deployment-config.yaml:22
          readiness = {
            failure_threshold = 3
            path              = "/readyz"
            period            = "10s"
            timeout           = "2s"
          }
          # services/textnlp/deployment-config.yaml:23
          startup = {
            failure_threshold = 60
            path              = "/healthz"
            period            = "10s"
            timeout           = "2s"
          }
        }
        # services/textnlp/deployment-config.yaml:14
        image = {
          tag = "0.1.0"
        }
        placement = {
          runtime = "kubernetes"
          spread  = "zone"
          zones   = []
        }
        port     = 8000
        priority = "standard"
        # services/textnlp/deployment-config.yaml:49
        resources = {
          cpu = "2" # services/textnlp/deployment-config.yaml:20
          # services/textnlp/deployment-config.yaml:50
          gpu = {
            count = 1 # services/textnlp/deployment-config.yaml:20
            type  = "nvidia-l4"
          }
          limits   = {}
          memory   = "4Gi" # services/textnlp/deployment-config.yaml:20
          requests = {}
        }
        retries   = 2
        spot      = false
        time_zone = "Etc/UTC"
        timeout   = "15m"
        type      = "api" # services/textnlp/deployment-config.yaml:12
      }
      # services/textnlp/deployment-config.yaml:38
      slo = {
        availability = 99.5
        latency_p95  = "800ms"
      }
      workers = {}
    }
  }
}
