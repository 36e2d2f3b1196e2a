# Measurements, traces and aims.
locals {
  # Jobs end before anybody asks; everything else answers questions about itself, workers at a port of their own.
  measured = [for key, process in local.processes : key if var.service.spec.monitoring.metrics.enabled && contains(["Deployment", "StatefulSet"], process.kind)]

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
    # The same pages as those of the platform's alerts (modules/platform/values/observability.tf).
    runbook = var.service.spec.monitoring.metrics.enabled ? "https://docs.${var.platform.dns.domain}/runbooks" : null
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
