variable "processes" {
  description = "What the service runs in the cluster, of modules/base: by <service> and <service>-<worker>."
  type = map(object({
    args = list(string)
    autoscaling = object({
      min                 = number
      max                 = number
      cpu                 = number
      memory              = number
      requests_per_second = number
      queue_length        = number
      queue               = string
      schedules           = map(object({ start = string, end = string, time_zone = string, replicas = number }))
    })
    command              = list(string)
    completions          = number
    cpu_limit_millicores = number
    cpu_millicores       = number
    env                  = map(object({ value = string, secret = object({ name = string, key = string }) }))
    gpu_type             = string
    gpus                 = number
    grace_seconds        = number
    memory_limit_mb      = number
    memory_mb            = number
    node_pool            = string
    parallelism          = number
    priority             = string
    ray = object({
      workers              = number
      cpu_limit_millicores = number
      cpu_millicores       = number
      gpu_type             = string
      gpus                 = number
      memory_limit_mb      = number
      memory_mb            = number
    })
    replicas        = number
    retries         = number
    schedule        = object({ expression = string, time_zone = string })
    spot            = bool
    spread          = string
    timeout_seconds = number
    type            = string
    volume          = object({ size = string, storage_class = string, path = string })
    worker          = string
    zones           = list(string)
  }))
  nullable = false
}

variable "service" {
  description = "The service, as modules/base gives it: what is not about its processes."
  type = object({
    metadata = object({ namespace = string })
    spec = object({
      service = object({
        canary = object({
          image    = object({ tag = string, digest = string })
          weight   = number
          replicas = number
        })
        disruption_budget = object({ min_available = string, max_unavailable = string })
        env               = map(object({ value = string, secret = object({ name = string, key = string }) }))
        health = object({
          liveness  = object({ path = string, port = number, initial_delay = string, period = string, timeout = string, failure_threshold = number })
          readiness = object({ path = string, port = number, initial_delay = string, period = string, timeout = string, failure_threshold = number })
          startup   = object({ path = string, port = number, initial_delay = string, period = string, timeout = string, failure_threshold = number })
        })
        image = object({ repository = string, tag = string, digest = string })
        migrations = object({
          command = list(string)
          args    = list(string)
          env     = map(object({ value = string, secret = object({ name = string, key = string }) }))
          timeout = string
        })
        port = number
      })
      networking = object({
        ingress = object({
          auth            = object({ type = string, issuer = string, audience = string, jwks_uri = string, secret = string })
          cors            = object({ origins = list(string), methods = list(string), headers = list(string), credentials = bool, max_age = string })
          request_headers = object({ add = map(string), set = map(string), remove = list(string) })
        })
        migration = object({ host = string, port = number, weight = number })
        service_mesh = object({
          enabled = bool
          retries = number
          timeout = string
          circuit_breaker = object({
            max_connections      = number
            max_pending_requests = number
            consecutive_errors   = number
            interval             = string
            ejection_time        = string
          })
        })
      })
      monitoring = object({
        metrics = object({ enabled = bool, path = string, port = number })
        tracing = object({ enabled = bool, sampling_rate = number })
      })
      slo = object({ availability = number, latency_p95 = string })
    })
  })
  nullable = false
}

variable "uses" {
  description = "What the service uses, of modules/base: kind and key of each dependency, and its secrets."
  type = object({
    dependencies = map(object({ brought = bool, key = string, kind = string, path = string, prefix = string }))
    secrets      = map(string)
  })
  default  = { dependencies = {}, secrets = {} }
  nullable = false
}
