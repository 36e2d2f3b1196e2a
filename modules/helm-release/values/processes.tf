# What runs, by the name of the worker; main is the service itself.
locals {
  runs = { for process in values(var.processes) : coalesce(process.worker, "main") => process }

  disruption_budgets = { for budget in var.service.spec.service.disruption_budget[*] : "main" => { for field, found in {
    minAvailable   = budget.min_available
    maxUnavailable = budget.max_unavailable
  } : field => try(tonumber(found), found) if found != null } if contains(keys(local.runs), "main") }

  probes = { for kind, probe in var.service.spec.service.health : kind => { for field, found in {
    path                = probe.path
    port                = probe.port
    initialDelaySeconds = try(local.seconds[probe.initial_delay], null)
    periodSeconds       = local.seconds[probe.period]
    timeoutSeconds      = local.seconds[probe.timeout]
    failureThreshold    = probe.failure_threshold
  } : field => found if found != null } if probe != null }

  processes = { for key, process in local.runs : key => { for field, found in merge(
    local.nodes[key],
    {
      args                    = process.args
      autoscaling             = lookup(local.autoscaling, key, null)
      command                 = process.command
      disruptionBudget        = lookup(local.disruption_budgets, key, null)
      env                     = local.env[key]
      kind                    = local.process_kinds[process.type]
      mounts                  = local.mounts
      priority                = process.priority
      resources               = local.resources[key]
      spread                  = process.spread
      terminationGraceSeconds = process.grace_seconds
      zones                   = process.zones
    },
    { for port in ["port"] : port => var.service.spec.service.port if key == "main" && contains(local.listening, process.type) },
    { for probes in ["probes"] : probes => local.probes if key == "main" && contains(local.listening, process.type) },
    { for replicas in ["replicas"] : replicas => process.replicas if contains(["Deployment", "StatefulSet"], local.process_kinds[process.type]) && !contains(keys(local.autoscaling), key) },
    { for field, found in {
      completions    = process.completions
      parallelism    = process.parallelism
      retries        = process.retries
      schedule       = process.schedule == null ? null : { expression = process.schedule.expression, timeZone = process.schedule.time_zone }
      timeoutSeconds = process.timeout_seconds
    } : field => found if contains(["Job", "CronJob"], local.process_kinds[process.type]) },
    { for volume in process.volume[*] : "volume" => { size = volume.size, storageClass = volume.storage_class, path = volume.path } if process.type == "stateful" },
  ) : field => found if !contains(local.nothing, jsonencode(found)) } if contains(keys(local.process_kinds), process.type) }

  ray_jobs = { for key, process in local.runs : key => { for field, found in {
    command        = concat(process.command, process.args)
    env            = local.env[key]
    headResources  = local.resources[key]
    mounts         = local.mounts
    nodeSelector   = local.nodes[key].nodeSelector
    priority       = process.priority
    resources      = local.resources["${key}/ray"]
    retries        = process.retries
    timeoutSeconds = process.timeout_seconds
    tolerations    = local.nodes[key].tolerations
    workers        = process.ray.workers
  } : field => found if !contains(local.nothing, jsonencode(found)) } if process.type == "ray" && process.ray != null }

  migrations = one([for migrations in var.service.spec.service.migrations[*] : { for field, found in {
    args           = migrations.args
    command        = migrations.command
    env            = local.env.migrations
    timeoutSeconds = local.seconds[migrations.timeout]
  } : field => found if !contains(local.nothing, jsonencode(found)) }])
}
