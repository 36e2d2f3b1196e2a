# Measurements, traces and aims.
locals {
  # Only what listens answers questions about itself.
  measured = [for key in keys(local.processes) : key if key == "main" && local.listens && var.service.spec.monitoring.metrics.enabled]

  monitoring = { for field, found in {
    metrics = { for field, found in {
      enabled = var.service.spec.monitoring.metrics.enabled
      path    = var.service.spec.monitoring.metrics.path
      port    = var.service.spec.monitoring.metrics.port
    } : field => found if found != null }
    tracing = var.service.spec.monitoring.tracing.enabled && var.cluster_services.traces != "none" ? {
      enabled      = true
      samplingRate = var.service.spec.monitoring.tracing.sampling_rate
    } : null
    slo = { for field, found in {
      availability = var.service.spec.slo.availability
      latencyP95Seconds = var.service.spec.slo.latency_p95 == null ? null : (
        tonumber(regex("^[0-9]+", coalesce(var.service.spec.slo.latency_p95, "0s"))) / (endswith(coalesce(var.service.spec.slo.latency_p95, "0s"), "ms") ? 1000 : 1)
      )
    } : field => found if found != null }
  } : field => found if !contains(local.nothing, jsonencode(found)) }

  # `helm test` makes ten rows with the generator: through the interface where jobs are kept in a database, else by its command line.
  test = !local.is_generator || !local.listens ? null : { for field, found in {
    enabled   = true
    kind      = length(local.by_kind.database) > 0 ? "api" : "command"
    readyPath = try(var.service.spec.service.health.readiness.path, null)
  } : field => found if found != null }
}
