# How other services reach this one, and how traffic is split between versions.
locals {
  mesh_kind = var.service.spec.networking.service_mesh.enabled ? var.cluster_services.mesh : "none"

  mesh = local.mesh_kind == "none" ? null : { for field, found in {
    kind           = local.mesh_kind
    retries        = var.service.spec.networking.service_mesh.retries
    timeoutSeconds = local.seconds[var.service.spec.networking.service_mesh.timeout]
    circuitBreaker = one([for breaker in var.service.spec.networking.service_mesh.circuit_breaker[*] : {
      maxConnections     = breaker.max_connections
      maxPendingRequests = breaker.max_pending_requests
      consecutiveErrors  = breaker.consecutive_errors
      intervalSeconds    = local.seconds[breaker.interval]
      ejectionSeconds    = local.seconds[breaker.ejection_time]
    }])
  } : field => found if found != null }

  canary = one([for canary in var.service.spec.service.canary[*] : {
    weight   = canary.weight
    replicas = canary.replicas
    image    = { for field, found in canary.image : field => found if found != null }
  }])

  migration = var.service.spec.networking.migration
}
