# Rendered by inferloop-deploy for environment staging on aws: every service with all defaults written out.
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
    # services/syndoc/deployment-config.yaml:73
    spec = {
      # services/syndoc/deployment-config.yaml:68
      data = {
        classification = "restricted"
        encryption_key = "own"
        residency      = []
      }
      # services/syndoc/deployment-config.yaml:42
      dependencies = {
        # services/syndoc/deployment-config.yaml:43
        documents = {
          class = "standard"
          # services/syndoc/deployment-config.yaml:46
          lifecycle = {
            archive_after    = "90d"
            expire_after     = "730d"
            infrequent_after = "30d"
          }
          path   = "/documents"
          shared = false
          type   = "storage"
        }
        # services/syndoc/deployment-config.yaml:49
        layouts = {
          backup_retention = "14d"
          engine           = "aurora-postgresql"
          replicas         = 0
          shared           = false
          size             = "small"
          storage          = "20Gi"
          type             = "database"
        }
        # services/syndoc/deployment-config.yaml:55
        notify = {
          command = ["notify.handler"]
          image   = {}
          memory  = "512Mi"
          source  = "render"
          timeout = "30s"
          type    = "function"
        }
        # services/syndoc/deployment-config.yaml:48
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
        # services/syndoc/deployment-config.yaml:54
        thumbnails = {
          command = ["thumbnails.handler"]
          image   = {}
          memory  = "1024Mi"
          source  = "documents"
          timeout = "2m"
          type    = "function"
        }
        # services/syndoc/deployment-config.yaml:47
        website = {
          class     = "standard"
          lifecycle = {}
          shared    = false
          type      = "storage"
        }
      }
      # services/syndoc/deployment-config.yaml:63
      monitoring = {
        # services/syndoc/deployment-config.yaml:64
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
      # services/syndoc/deployment-config.yaml:73
      networking = {
        # services/syndoc/deployment-config.yaml:73
        ingress = {
          cdn        = "website" # services/syndoc/deployment-config.yaml:62
          enabled    = true      # services/syndoc/deployment-config.yaml:58
          hosts      = ["documents.staging.inferloop.example"]
          path       = "/api/syndoc" # services/syndoc/deployment-config.yaml:59
          rate_limit = 300           # services/syndoc/deployment-config.yaml:61
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
      # services/syndoc/deployment-config.yaml:65
      secrets = {
        api-keys = {}
      }
      # services/syndoc/deployment-config.yaml:11
      service = {
        args = []
        # services/syndoc/deployment-config.yaml:28
        autoscaling = {
          cpu       = 65
          max       = 6
          min       = 1
          schedules = {}
        }
        command = []
        # services/syndoc/deployment-config.yaml:15
        env = {
          # services/syndoc/deployment-config.yaml:26
          GUARDIAN_API_KEY_PEPPERS = {
            # services/syndoc/deployment-config.yaml:26
            secret = {
              key  = "value"
              name = "api-keys"
            }
          }
          # services/syndoc/deployment-config.yaml:17
          GUARDIAN_PORT = {
            value = "8080"
          }
          # services/syndoc/deployment-config.yaml:23
          GUARDIAN_POSTGRES_AUTH = {
            value = "aws-iam"
          }
          # services/syndoc/deployment-config.yaml:21
          GUARDIAN_POSTGRES_DB = {
            value = "$${dependencies.layouts.database}"
          }
          # services/syndoc/deployment-config.yaml:19
          GUARDIAN_POSTGRES_HOST = {
            value = "$${dependencies.layouts.host}"
          }
          # services/syndoc/deployment-config.yaml:20
          GUARDIAN_POSTGRES_PORT = {
            value = "$${dependencies.layouts.port}"
          }
          # services/syndoc/deployment-config.yaml:24
          GUARDIAN_POSTGRES_SSLMODE = {
            value = "require"
          }
          # services/syndoc/deployment-config.yaml:22
          GUARDIAN_POSTGRES_USER = {
            value = "$${dependencies.layouts.user}"
          }
          # services/syndoc/deployment-config.yaml:25
          GUARDIAN_RESULTS_URL = {
            value = "s3://$${dependencies.documents.bucket}/$${dependencies.documents.prefix}"
          }
          # services/syndoc/deployment-config.yaml:18
          GUARDIAN_ROOT_PATH = {
            value = "/api/syndoc"
          }
          # services/syndoc/deployment-config.yaml:16
          GUARDIAN_SERVICE = {
            value = "syndoc"
          }
        }
        grace_period = "30s"
        # services/syndoc/deployment-config.yaml:30
        health = {
          # services/syndoc/deployment-config.yaml:31
          readiness = {
            failure_threshold = 3
            path              = "/ready"
            period            = "10s"
            timeout           = "2s"
          }
        }
        # services/syndoc/deployment-config.yaml:13
        image = {
          tag = "0.1.0"
        }
        # services/syndoc/deployment-config.yaml:29
        placement = {
          runtime = "fargate"
          spread  = "zone"
          zones   = []
        }
        port     = 8080
        priority = "standard"
        # services/syndoc/deployment-config.yaml:27
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
        type      = "api"
      }
      # services/syndoc/deployment-config.yaml:67
      slo = {
        availability = 99.5
      }
      # services/syndoc/deployment-config.yaml:32
      workers = {
        # services/syndoc/deployment-config.yaml:33
        nightly = {
          args         = ["worker", "--burst"]
          command      = []
          env          = {}
          grace_period = "30s"
          # services/syndoc/deployment-config.yaml:41
          placement = {
            runtime = "batch"
            spread  = "zone"
            zones   = []
          }
          priority = "standard"
          replicas = 1
          # services/syndoc/deployment-config.yaml:39
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
    # services/tabular/deployment-config.yaml:10
    spec = {
      # services/tabular/deployment-config.yaml:87
      data = {
        classification = "confidential"
        encryption_key = "own"
        residency      = []
      }
      # services/tabular/deployment-config.yaml:58
      dependencies = {
        # services/tabular/deployment-config.yaml:61
        datasets = {
          class = "standard"
          # services/tabular/deployment-config.yaml:64
          lifecycle = {
            expire_after     = "365d"
            infrequent_after = "30d"
          }
          path   = "/datasets"
          shared = false
          type   = "storage"
        }
        # services/tabular/deployment-config.yaml:65
        jobs = {
          # services/tabular/deployment-config.yaml:68
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
        # services/tabular/deployment-config.yaml:59
        postgres = {
          backup_retention = "7d"
          engine           = "postgres"
          replicas         = 0
          shared           = true
          size             = "small"
          storage          = "20Gi"
          type             = "database"
        }
        # services/tabular/deployment-config.yaml:60
        redis = {
          engine   = "valkey"
          replicas = 0
          shared   = true
          size     = "small"
          type     = "cache"
        }
        # services/tabular/deployment-config.yaml:69
        runs = {
          backup_retention = "7d"
          engine           = "dynamodb"
          replicas         = 0
          shared           = false
          size             = "small"
          storage          = "20Gi"
          # services/tabular/deployment-config.yaml:72
          table = {
            expires       = "expires_at"
            partition_key = "run_id"
            sort_key      = "started_at"
          }
          type = "database"
        }
      }
      # services/tabular/deployment-config.yaml:82
      monitoring = {
        logs = {}
        metrics = {
          enabled = true
          path    = "/metrics"
        }
        # services/tabular/deployment-config.yaml:83
        tracing = {
          enabled       = true
          sampling_rate = 0.05
        }
      }
      # services/tabular/deployment-config.yaml:73
      networking = {
        # services/tabular/deployment-config.yaml:74
        ingress = {
          # services/tabular/deployment-config.yaml:78
          auth = {
            audience = "inferloop"
            issuer   = "https://login.inferloop.example"
            type     = "jwt"
          }
          # services/tabular/deployment-config.yaml:79
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
        # services/tabular/deployment-config.yaml:81
        service_mesh = {
          # services/tabular/deployment-config.yaml:81
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
      # services/tabular/deployment-config.yaml:84
      secrets = {
        api-keys = {}
      }
      # services/tabular/deployment-config.yaml:11
      service = {
        args = []
        # services/tabular/deployment-config.yaml:39
        autoscaling = {
          cpu = 70
          max = 10
          min = 2
          # services/tabular/deployment-config.yaml:43
          schedules = {
            # services/tabular/deployment-config.yaml:44
            office-hours = {
              end       = "0 19 * * MON-FRI"
              replicas  = 3
              start     = "0 7 * * MON-FRI"
              time_zone = "Europe/Berlin"
            }
          }
        }
        command = []
        # services/tabular/deployment-config.yaml:45
        disruption_budget = {
          min_available = "1"
        }
        # services/tabular/deployment-config.yaml:15
        env = {
          # services/tabular/deployment-config.yaml:32
          GUARDIAN_API_KEY_PEPPERS = {
            # services/tabular/deployment-config.yaml:32
            secret = {
              key  = "value"
              name = "api-keys"
            }
          }
          # services/tabular/deployment-config.yaml:34
          GUARDIAN_JWT_AUDIENCE = {
            value = "inferloop"
          }
          # services/tabular/deployment-config.yaml:33
          GUARDIAN_JWT_ISSUER = {
            value = "https://login.inferloop.example"
          }
          # services/tabular/deployment-config.yaml:35
          GUARDIAN_JWT_JWKS = {
            value = "https://login.inferloop.example/.well-known/jwks.json"
          }
          # services/tabular/deployment-config.yaml:22
          GUARDIAN_POSTGRES_AUTH = {
            value = "aws-iam"
          }
          # services/tabular/deployment-config.yaml:20
          GUARDIAN_POSTGRES_DB = {
            value = "$${dependencies.postgres.database}"
          }
          # services/tabular/deployment-config.yaml:18
          GUARDIAN_POSTGRES_HOST = {
            value = "$${dependencies.postgres.host}"
          }
          # services/tabular/deployment-config.yaml:19
          GUARDIAN_POSTGRES_PORT = {
            value = "$${dependencies.postgres.port}"
          }
          # services/tabular/deployment-config.yaml:23
          GUARDIAN_POSTGRES_SSLMODE = {
            value = "require"
          }
          # services/tabular/deployment-config.yaml:21
          GUARDIAN_POSTGRES_USER = {
            value = "$${dependencies.postgres.user}"
          }
          # services/tabular/deployment-config.yaml:27
          GUARDIAN_REDIS_AUTH = {
            value = "aws-iam"
          }
          # services/tabular/deployment-config.yaml:28
          GUARDIAN_REDIS_CACHE_NAME = {
            value = "$${dependencies.redis.name}"
          }
          # services/tabular/deployment-config.yaml:24
          GUARDIAN_REDIS_HOST = {
            value = "$${dependencies.redis.host}"
          }
          # services/tabular/deployment-config.yaml:25
          GUARDIAN_REDIS_PORT = {
            value = "$${dependencies.redis.port}"
          }
          # services/tabular/deployment-config.yaml:29
          GUARDIAN_REDIS_PREFIX = {
            value = "$${dependencies.redis.prefix}"
          }
          # services/tabular/deployment-config.yaml:30
          GUARDIAN_REDIS_TLS = {
            value = "true"
          }
          # services/tabular/deployment-config.yaml:26
          GUARDIAN_REDIS_USER = {
            value = "$${dependencies.redis.user}"
          }
          # services/tabular/deployment-config.yaml:31
          GUARDIAN_RESULTS_URL = {
            value = "s3://$${dependencies.datasets.bucket}/$${dependencies.datasets.prefix}"
          }
          # services/tabular/deployment-config.yaml:17
          GUARDIAN_ROOT_PATH = {
            value = "/api/tabular"
          }
          # services/tabular/deployment-config.yaml:16
          GUARDIAN_SERVICE = {
            value = "tabular"
          }
        }
        grace_period = "30s"
        # services/tabular/deployment-config.yaml:46
        health = {
          # services/tabular/deployment-config.yaml:47
          liveness = {
            failure_threshold = 3
            path              = "/health"
            period            = "10s"
            timeout           = "2s"
          }
          # services/tabular/deployment-config.yaml:48
          readiness = {
            failure_threshold = 3
            path              = "/ready"
            period            = "5s"
            timeout           = "2s"
          }
          # services/tabular/deployment-config.yaml:49
          startup = {
            failure_threshold = 30
            path              = "/health"
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
        port     = 8000
        priority = "standard"
        # services/tabular/deployment-config.yaml:36
        resources = {
          gpu = {
            count = 0
          }
          # services/tabular/deployment-config.yaml:38
          limits = {
            cpu    = "2"
            memory = "2Gi"
          }
          # services/tabular/deployment-config.yaml:37
          requests = {
            cpu    = "500m"
            memory = "1Gi"
          }
        }
        retries   = 2
        spot      = false
        time_zone = "Etc/UTC"
        timeout   = "15m"
        type      = "api"
      }
      # services/tabular/deployment-config.yaml:86
      slo = {
        availability = 99.9
        latency_p95  = "300ms"
      }
      # services/tabular/deployment-config.yaml:50
      workers = {
        # services/tabular/deployment-config.yaml:51
        generate = {
          args = ["worker"]
          # services/tabular/deployment-config.yaml:55
          autoscaling = {
            cpu          = 70
            max          = 20
            min          = 1
            queue        = "jobs"
            queue_length = 5
            schedules    = {}
          }
          command      = []
          env          = {}
          grace_period = "30s"
          priority     = "batch"
          # services/tabular/deployment-config.yaml:53
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
    # services/textnlp/deployment-config.yaml:10
    spec = {
      # services/textnlp/deployment-config.yaml:57
      data = {
        classification = "internal"
        encryption_key = "own"
        residency      = ["us-east-1", "us-east-2"]
      }
      # services/textnlp/deployment-config.yaml:42
      dependencies = {
        # services/textnlp/deployment-config.yaml:46
        model-cache = {
          class     = "file"
          lifecycle = {}
          path      = "/var/cache/models"
          shared    = false
          type      = "storage"
        }
        # services/textnlp/deployment-config.yaml:45
        model-storage = {
          class     = "standard"
          lifecycle = {}
          path      = "/models/textnlp"
          shared    = false
          type      = "storage"
        }
        # services/textnlp/deployment-config.yaml:43
        postgres = {
          backup_retention = "7d"
          engine           = "postgres"
          replicas         = 0
          shared           = true
          size             = "small"
          storage          = "20Gi"
          type             = "database"
        }
        # services/textnlp/deployment-config.yaml:44
        redis = {
          engine   = "valkey"
          replicas = 0
          shared   = true
          size     = "small"
          type     = "cache"
        }
        # services/textnlp/deployment-config.yaml:47
        tabular = {
          type = "service"
        }
      }
      # services/textnlp/deployment-config.yaml:51
      monitoring = {
        logs = {}
        # services/textnlp/deployment-config.yaml:52
        metrics = {
          enabled = true
          path    = "/metrics"
        }
        # services/textnlp/deployment-config.yaml:53
        tracing = {
          enabled       = true
          sampling_rate = 0.1
        }
      }
      # services/textnlp/deployment-config.yaml:48
      networking = {
        # services/textnlp/deployment-config.yaml:49
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
        # services/textnlp/deployment-config.yaml:50
        service_mesh = {
          enabled = true
          retries = 3
          timeout = "30s"
        }
      }
      # services/textnlp/deployment-config.yaml:54
      secrets = {
        api-keys = {}
      }
      # services/textnlp/deployment-config.yaml:11
      service = {
        args    = []
        command = []
        # services/textnlp/deployment-config.yaml:14
        disruption_budget = {
          max_unavailable = "1"
        }
        # services/textnlp/deployment-config.yaml:16
        env = {
          # services/textnlp/deployment-config.yaml:33
          GUARDIAN_API_KEY_PEPPERS = {
            # services/textnlp/deployment-config.yaml:33
            secret = {
              key  = "value"
              name = "api-keys"
            }
          }
          # services/textnlp/deployment-config.yaml:23
          GUARDIAN_POSTGRES_AUTH = {
            value = "aws-iam"
          }
          # services/textnlp/deployment-config.yaml:21
          GUARDIAN_POSTGRES_DB = {
            value = "$${dependencies.postgres.database}"
          }
          # services/textnlp/deployment-config.yaml:19
          GUARDIAN_POSTGRES_HOST = {
            value = "$${dependencies.postgres.host}"
          }
          # services/textnlp/deployment-config.yaml:20
          GUARDIAN_POSTGRES_PORT = {
            value = "$${dependencies.postgres.port}"
          }
          # services/textnlp/deployment-config.yaml:24
          GUARDIAN_POSTGRES_SSLMODE = {
            value = "require"
          }
          # services/textnlp/deployment-config.yaml:22
          GUARDIAN_POSTGRES_USER = {
            value = "$${dependencies.postgres.user}"
          }
          # services/textnlp/deployment-config.yaml:28
          GUARDIAN_REDIS_AUTH = {
            value = "aws-iam"
          }
          # services/textnlp/deployment-config.yaml:29
          GUARDIAN_REDIS_CACHE_NAME = {
            value = "$${dependencies.redis.name}"
          }
          # services/textnlp/deployment-config.yaml:25
          GUARDIAN_REDIS_HOST = {
            value = "$${dependencies.redis.host}"
          }
          # services/textnlp/deployment-config.yaml:26
          GUARDIAN_REDIS_PORT = {
            value = "$${dependencies.redis.port}"
          }
          # services/textnlp/deployment-config.yaml:30
          GUARDIAN_REDIS_PREFIX = {
            value = "$${dependencies.redis.prefix}"
          }
          # services/textnlp/deployment-config.yaml:31
          GUARDIAN_REDIS_TLS = {
            value = "true"
          }
          # services/textnlp/deployment-config.yaml:27
          GUARDIAN_REDIS_USER = {
            value = "$${dependencies.redis.user}"
          }
          # services/textnlp/deployment-config.yaml:32
          GUARDIAN_RESULTS_URL = {
            value = "s3://$${dependencies.model-storage.bucket}/$${dependencies.model-storage.prefix}"
          }
          # services/textnlp/deployment-config.yaml:18
          GUARDIAN_ROOT_PATH = {
            value = "/api/textnlp"
          }
          # services/textnlp/deployment-config.yaml:17
          GUARDIAN_SERVICE = {
            value = "textnlp"
          }
        }
        grace_period = "30s"
        # services/textnlp/deployment-config.yaml:35
        health = {
          # services/textnlp/deployment-config.yaml:36
          readiness = {
            failure_threshold = 3
            path              = "/ready"
            period            = "10s"
            timeout           = "2s"
          }
          # services/textnlp/deployment-config.yaml:37
          startup = {
            failure_threshold = 60
            path              = "/health"
            period            = "10s"
            timeout           = "2s"
          }
        }
        # services/textnlp/deployment-config.yaml:15
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
        replicas = 3
        # services/textnlp/deployment-config.yaml:34
        resources = {
          cpu = "2"
          # services/textnlp/deployment-config.yaml:34
          gpu = {
            count = 1
          }
          limits   = {}
          memory   = "4Gi"
          requests = {}
        }
        retries   = 2
        spot      = false
        time_zone = "Etc/UTC"
        timeout   = "15m"
        type      = "api"
      }
      # services/textnlp/deployment-config.yaml:56
      slo = {
        availability = 99.5
        latency_p95  = "800ms"
      }
      # services/textnlp/deployment-config.yaml:38
      workers = {
        # services/textnlp/deployment-config.yaml:39
        generate = {
          args         = ["worker"]
          command      = []
          env          = {}
          grace_period = "30s"
          priority     = "standard"
          replicas     = 1
          # services/textnlp/deployment-config.yaml:41
          resources = {
            cpu = "1"
            gpu = {
              count = 0
            }
            limits   = {}
            memory   = "4Gi"
            requests = {}
          }
          retries   = 2
          spot      = false
          time_zone = "Etc/UTC"
          timeout   = "15m"
          type      = "worker"
        }
      }
    }
  }
}
