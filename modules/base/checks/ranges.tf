# Whole numbers with a range: path => [value, least, most]; null is no value.
locals {
  counted = merge(concat(
    [for name, service in var.services : {
      "services.${name}.spec.service.port"                                                 = [service.spec.service.port, 1, 65535]
      "services.${name}.spec.networking.ingress.rate_limit"                                = [service.spec.networking.ingress.rate_limit, 10, 1000000]
      "services.${name}.spec.networking.service_mesh.retries"                              = [service.spec.networking.service_mesh.retries, 0, 10]
      "services.${name}.spec.networking.service_mesh.circuit_breaker.max_connections"      = [try(service.spec.networking.service_mesh.circuit_breaker.max_connections, null), 1, 1000000]
      "services.${name}.spec.networking.service_mesh.circuit_breaker.max_pending_requests" = [try(service.spec.networking.service_mesh.circuit_breaker.max_pending_requests, null), 1, 1000000]
      "services.${name}.spec.networking.service_mesh.circuit_breaker.consecutive_errors"   = [try(service.spec.networking.service_mesh.circuit_breaker.consecutive_errors, null), 1, 1000000]
      "services.${name}.spec.service.canary.weight"                                        = [try(service.spec.service.canary.weight, null), 1, 99]
      "services.${name}.spec.service.canary.replicas"                                      = [try(service.spec.service.canary.replicas, null), 1, 1000]
      "services.${name}.spec.networking.migration.port"                                    = [try(service.spec.networking.migration.port, null), 1, 65535]
      "services.${name}.spec.networking.migration.weight"                                  = [try(service.spec.networking.migration.weight, null), 1, 100]
      "services.${name}.spec.monitoring.metrics.port"                                      = [service.spec.monitoring.metrics.port, 1, 65535]
    }],
    [for path, process in local.processes : {
      "${path}.replicas"    = [process.replicas, 0, 1000]
      "${path}.retries"     = [process.retries, 0, 10]
      "${path}.completions" = [process.completions, 1, 10000]
      "${path}.parallelism" = [process.parallelism, 1, 1000]
      "${path}.ray.workers" = [try(process.ray.workers, null), 1, 1000]
    }],
    [for path, asked in local.asked : { "${path}.gpu.count" = [asked.resources.gpu.count, 0, 16] }],
    [for path, scaling in local.autoscaling : {
      "${path}.min"                 = [scaling.min, 0, 1000000]
      "${path}.max"                 = [scaling.max, 1, 1000000]
      "${path}.cpu"                 = [scaling.cpu, 1, 100]
      "${path}.memory"              = [scaling.memory, 1, 100]
      "${path}.requests_per_second" = [scaling.requests_per_second, 1, 1000000]
      "${path}.queue_length"        = [scaling.queue_length, 1, 1000000]
    }],
    [for path, scaling in local.autoscaling : { for key, window in scaling.schedules : "${path}.schedules.${key}.replicas" => [window.replicas, 0, scaling.max] }],
    [for path, probe in local.probes : {
      "${path}.port"              = [probe.port, 1, 65535]
      "${path}.failure_threshold" = [probe.failure_threshold, 1, 1000000]
    }],
    [for path, dependency in local.dependencies : {
      "${path}.replicas"                  = [dependency.replicas, 0, 5]
      "${path}.dead_letters.max_receives" = [try(dependency.dead_letters.max_receives, null), 1, 1000]
      "${path}.existing.port"             = [try(dependency.existing.port, null), 1, 65535]
    }],
  )...)

  range_problems = [
    for path, entry in local.counted : "${path} is ${entry[0]}; it must be a whole number from ${entry[1]} to ${entry[2]}."
    if try(entry[0] < entry[1] || entry[0] > entry[2] || floor(entry[0]) != entry[0], false)
  ]
}
