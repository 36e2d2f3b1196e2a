output "problems" {
  description = "What is wrong with the service where it is to run: one sentence each, with place, what was found and what is accepted."
  value       = local.problems
}

output "timeout_seconds" {
  description = "How long a release may take: pods may start slowly, jobs and migrations may take their time."
  value       = local.timeout_seconds
}

output "values" {
  description = "Values of the chart; what says nothing is left out."
  value = { for field, found in {
    name                   = var.name
    environment            = var.platform.environment
    labels                 = var.labels
    image                  = local.image
    serviceAccount         = local.service_account
    processes              = local.processes
    rayJobs                = local.ray_jobs
    migrations             = local.migrations
    secrets                = local.secrets
    files                  = local.volumes
    triggerAuthentications = local.trigger_authentications
    network                = { for field, found in { ingressFrom = local.ingress, egressTo = local.egress } : field => found if length(found) > 0 }
    mesh                   = local.mesh
    canary                 = local.canary
    migration              = local.migration
    gateway                = local.gateway
    monitoring             = local.monitoring
    test                   = local.test
  } : field => found if !contains(local.nothing, jsonencode(found)) }
}
