# Processes: what runs for long, once or by a schedule; functions are not among them. Keys are <service> and <service>-<worker>.
locals {
  process_items = merge([for name, service in local.services : merge(
    { for key in service.spec.service.type == "function" ? [] : [name] : key => {
      args        = service.spec.service.args
      autoscaling = service.spec.service.autoscaling
      command     = service.spec.service.command
      env         = service.spec.service.env
      placement   = service.spec.service.placement
      priority    = service.spec.service.priority
      replicas    = service.spec.service.replicas
      resources   = service.spec.service.resources
      retries     = service.spec.service.retries
      schedule    = service.spec.service.schedule
      spot        = service.spec.service.spot
      time_zone   = service.spec.service.time_zone
      timeout     = service.spec.service.timeout
      type        = service.spec.service.type
      service     = name
      worker      = null
    } },
    { for worker, process in service.spec.workers : "${name}-${worker}" => {
      args        = process.args
      autoscaling = process.autoscaling
      command     = process.command
      env         = merge(service.spec.service.env, process.env)
      placement   = process.placement == null ? service.spec.service.placement : process.placement
      priority    = process.priority
      replicas    = process.replicas
      resources   = process.resources
      retries     = process.retries
      schedule    = process.schedule
      spot        = process.spot
      time_zone   = process.time_zone
      timeout     = process.timeout
      type        = process.type
      service     = name
      worker      = worker
    } },
  )]...)

  processes = { for key, process in local.process_items : key => {
    args                 = process.args
    autoscaling          = process.autoscaling
    command              = process.command
    cpu_limit_millicores = local.millicores[coalesce(process.resources.limits.cpu, process.resources.cpu, process.resources.requests.cpu, local.default_requests.cpu)]
    cpu_millicores       = local.millicores[coalesce(process.resources.requests.cpu, process.resources.cpu, process.resources.limits.cpu, local.default_requests.cpu)]
    env                  = process.env
    gpu_type             = process.resources.gpu.type
    gpus                 = process.resources.gpu.count
    labels               = local.service_labels[process.service]
    memory_limit_mb      = ceil(local.bytes[coalesce(process.resources.limits.memory, process.resources.memory, process.resources.requests.memory, local.default_requests.memory)] / local.mebibyte)
    memory_mb            = ceil(local.bytes[coalesce(process.resources.requests.memory, process.resources.memory, process.resources.limits.memory, local.default_requests.memory)] / local.mebibyte)
    name                 = local.names[process.placement.runtime == "batch" ? "job" : "container"][key]
    namespace            = local.services[process.service].metadata.namespace
    node_pool            = process.placement.node_pool
    priority             = process.priority
    replicas             = process.replicas
    # Most replicas there can be; a job and one run of a cron are one pod.
    replicas_max    = contains(["job", "cron"], process.type) ? 1 : process.autoscaling == null ? process.replicas : process.autoscaling.max
    retries         = process.retries
    runtime         = process.placement.runtime
    schedule        = process.schedule == null ? null : { expression = process.schedule, time_zone = process.time_zone }
    service         = process.service
    spot            = process.spot
    timeout_seconds = local.seconds[process.timeout]
    type            = process.type
    worker          = process.worker
  } }

  # What all processes of a namespace can ask for together, for its resource quota.
  namespaces = distinct([for service in local.services : service.metadata.namespace])
  quotas = { for namespace in local.namespaces : namespace => {
    cpu_millicores = sum(concat([0], [for process in local.processes : process.cpu_millicores * process.replicas_max if process.namespace == namespace && process.runtime == "kubernetes"]))
    gpus           = sum(concat([0], [for process in local.processes : process.gpus * process.replicas_max if process.namespace == namespace && process.runtime == "kubernetes"]))
    memory_mb      = sum(concat([0], [for process in local.processes : process.memory_mb * process.replicas_max if process.namespace == namespace && process.runtime == "kubernetes"]))
    pods           = sum(concat([0], [for process in local.processes : process.replicas_max if process.namespace == namespace && process.runtime == "kubernetes"]))
  } }
}
