variable "services" {
  description = "Services by name, each as its deployment-config.yaml says: named lists are maps by name, keys are snake_case, quantities and durations stay as written."
  type = map(object({
    metadata = optional(object({
      name        = optional(string)
      namespace   = optional(string, "inferloop")
      team        = optional(string)
      owner       = optional(string)
      cost_center = optional(string)
      labels      = optional(map(string), {})
    }), {})
    spec = optional(object({
      service = optional(object({
        type     = optional(string, "api")
        replicas = optional(number, 1)
        image = optional(object({
          repository = optional(string)
          tag        = optional(string)
          digest     = optional(string)
        }), {})
        port    = optional(number, 8000)
        command = optional(list(string), [])
        args    = optional(list(string), [])
        env = optional(map(object({
          value = optional(string)
          secret = optional(object({
            name = string
            key  = optional(string, "value")
          }))
        })), {})
        schedule  = optional(string)
        time_zone = optional(string, "Etc/UTC")
        source    = optional(string)
        timeout   = optional(string, "15m")
        retries   = optional(number, 2)
        volume = optional(object({
          size          = string
          storage_class = optional(string, "default")
          path          = optional(string, "/data")
        }))
        migrations = optional(object({
          command = optional(list(string), [])
          args    = optional(list(string), [])
          env = optional(map(object({
            value = optional(string)
            secret = optional(object({
              name = string
              key  = optional(string, "value")
            }))
          })), {})
          timeout = optional(string, "10m")
        }))
        canary = optional(object({
          image = object({
            tag    = optional(string)
            digest = optional(string)
          })
          weight   = optional(number, 10)
          replicas = optional(number, 1)
        }))
        grace_period = optional(string, "30s")
        resources = optional(object({
          cpu    = optional(string)
          memory = optional(string)
          gpu = optional(object({
            count = optional(number, 0)
            type  = optional(string)
          }), {})
          requests = optional(object({
            cpu    = optional(string)
            memory = optional(string)
          }), {})
          limits = optional(object({
            cpu    = optional(string)
            memory = optional(string)
          }), {})
        }), {})
        autoscaling = optional(object({
          min                 = optional(number, 1)
          max                 = number
          cpu                 = optional(number)
          memory              = optional(number)
          requests_per_second = optional(number)
          queue_length        = optional(number)
          queue               = optional(string)
          schedules = optional(map(object({
            start     = string
            end       = string
            time_zone = optional(string, "Etc/UTC")
            replicas  = number
          })), {})
        }))
        spot     = optional(bool, false)
        priority = optional(string, "standard")
        disruption_budget = optional(object({
          min_available   = optional(string)
          max_unavailable = optional(string)
        }))
        placement = optional(object({
          runtime   = optional(string, "kubernetes")
          node_pool = optional(string)
          zones     = optional(list(string), [])
          spread    = optional(string, "zone")
        }), {})
        health = optional(object({
          liveness = optional(object({
            path              = string
            port              = optional(number)
            initial_delay     = optional(string)
            period            = optional(string, "10s")
            timeout           = optional(string, "2s")
            failure_threshold = optional(number, 3)
          }))
          readiness = optional(object({
            path              = string
            port              = optional(number)
            initial_delay     = optional(string)
            period            = optional(string, "10s")
            timeout           = optional(string, "2s")
            failure_threshold = optional(number, 3)
          }))
          startup = optional(object({
            path              = string
            port              = optional(number)
            initial_delay     = optional(string)
            period            = optional(string, "10s")
            timeout           = optional(string, "2s")
            failure_threshold = optional(number, 3)
          }))
        }), {})
      }), {})
      workers = optional(map(object({
        type        = optional(string, "worker")
        replicas    = optional(number, 1)
        command     = optional(list(string), [])
        args        = optional(list(string), [])
        schedule    = optional(string)
        time_zone   = optional(string, "Etc/UTC")
        timeout     = optional(string, "15m")
        retries     = optional(number, 2)
        completions = optional(number)
        parallelism = optional(number)
        ray = optional(object({
          workers = optional(number, 1)
          resources = optional(object({
            cpu    = optional(string)
            memory = optional(string)
            gpu = optional(object({
              count = optional(number, 0)
              type  = optional(string)
            }), {})
            requests = optional(object({
              cpu    = optional(string)
              memory = optional(string)
            }), {})
            limits = optional(object({
              cpu    = optional(string)
              memory = optional(string)
            }), {})
          }), {})
        }))
        grace_period = optional(string, "30s")
        env = optional(map(object({
          value = optional(string)
          secret = optional(object({
            name = string
            key  = optional(string, "value")
          }))
        })), {})
        resources = optional(object({
          cpu    = optional(string)
          memory = optional(string)
          gpu = optional(object({
            count = optional(number, 0)
            type  = optional(string)
          }), {})
          requests = optional(object({
            cpu    = optional(string)
            memory = optional(string)
          }), {})
          limits = optional(object({
            cpu    = optional(string)
            memory = optional(string)
          }), {})
        }), {})
        autoscaling = optional(object({
          min                 = optional(number, 1)
          max                 = number
          cpu                 = optional(number)
          memory              = optional(number)
          requests_per_second = optional(number)
          queue_length        = optional(number)
          queue               = optional(string)
          schedules = optional(map(object({
            start     = string
            end       = string
            time_zone = optional(string, "Etc/UTC")
            replicas  = number
          })), {})
        }))
        spot     = optional(bool, false)
        priority = optional(string, "standard")
        placement = optional(object({
          runtime   = optional(string, "kubernetes")
          node_pool = optional(string)
          zones     = optional(list(string), [])
          spread    = optional(string, "zone")
        }))
      })), {})
      # One type for all kinds of dependency; what a kind does not know must be left out, and null stands for its default.
      dependencies = optional(map(object({
        type             = string
        shared           = optional(bool)
        engine           = optional(string)
        version          = optional(string)
        size             = optional(string)
        storage          = optional(string)
        replicas         = optional(number)
        backup_retention = optional(string)
        table = optional(object({
          partition_key = optional(string, "id")
          sort_key      = optional(string)
          expires       = optional(string)
        }))
        class = optional(string)
        path  = optional(string)
        lifecycle = optional(object({
          infrequent_after = optional(string)
          archive_after    = optional(string)
          expire_after     = optional(string)
        }))
        fifo       = optional(bool)
        visibility = optional(string)
        retention  = optional(string)
        dead_letters = optional(object({
          enabled      = optional(bool, true)
          max_receives = optional(number, 5)
        }))
        source = optional(string)
        image = optional(object({
          repository = optional(string)
          tag        = optional(string)
          digest     = optional(string)
        }))
        command = optional(list(string))
        memory  = optional(string)
        timeout = optional(string)
        service = optional(string)
        existing = optional(object({
          host           = optional(string)
          port           = optional(number)
          database       = optional(string)
          secret         = optional(string)
          table          = optional(string)
          bucket         = optional(string)
          file_system    = optional(string)
          security_group = optional(string)
          arn            = optional(string)
          url            = optional(string)
          encryption_key = optional(string)
        }))
      })), {})
      networking = optional(object({
        ingress = optional(object({
          enabled    = optional(bool, false)
          path       = optional(string)
          hosts      = optional(list(string), [])
          rate_limit = optional(number)
          cors = optional(object({
            origins     = list(string)
            methods     = optional(list(string), ["GET", "POST"])
            headers     = optional(list(string), [])
            credentials = optional(bool, false)
            max_age     = optional(string, "1h")
          }))
          auth = optional(object({
            type     = string
            issuer   = optional(string)
            audience = optional(string)
            jwks_uri = optional(string)
            secret   = optional(string)
          }))
          request_headers = optional(object({
            add    = optional(map(string), {})
            set    = optional(map(string), {})
            remove = optional(list(string), [])
          }), {})
          waf     = optional(bool, true)
          timeout = optional(string, "60s")
          cdn     = optional(string)
        }), {})
        service_mesh = optional(object({
          enabled = optional(bool, false)
          retries = optional(number, 2)
          timeout = optional(string, "30s")
          circuit_breaker = optional(object({
            max_connections      = optional(number, 1024)
            max_pending_requests = optional(number, 1024)
            consecutive_errors   = optional(number, 5)
            interval             = optional(string, "30s")
            ejection_time        = optional(string, "30s")
          }))
        }), {})
        migration = optional(object({
          host   = string
          port   = optional(number, 443)
          weight = optional(number, 10)
        }))
      }), {})
      monitoring = optional(object({
        metrics = optional(object({
          enabled = optional(bool, true)
          path    = optional(string, "/metrics")
          port    = optional(number)
        }), {})
        tracing = optional(object({
          enabled       = optional(bool, false)
          sampling_rate = optional(number, 0.1)
        }), {})
        logs = optional(object({
          retention = optional(string)
        }), {})
      }), {})
      secrets = optional(map(object({
        rotation          = optional(string)
        rotation_function = optional(string)
        existing          = optional(string)
      })), {})
      slo = optional(object({
        availability = optional(number)
        latency_p95  = optional(string)
      }), {})
      data = optional(object({
        residency      = optional(list(string), [])
        encryption_key = optional(string, "own")
        classification = optional(string, "internal")
      }), {})
    }), {})
  }))
  default  = {}
  nullable = false
}
