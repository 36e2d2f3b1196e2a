# Processes: what runs for long, once or by a schedule; functions are not among them. Keys are <service> and <service>-<worker>.
locals {
  process_items = merge([for name, service in local.services : merge(
    { for key in service.spec.service.type == "function" ? [] : [name] : key => {
      args        = service.spec.service.args
      autoscaling = service.spec.service.autoscaling
      command     = service.spec.service.command
      completions = null
      env         = service.spec.service.env
      grace       = service.spec.service.grace_period
      parallelism = null
      placement   = service.spec.service.placement
      priority    = service.spec.service.priority
      ray         = null
      replicas    = service.spec.service.replicas
      resources   = service.spec.service.resources
      retries     = service.spec.service.retries
      schedule    = service.spec.service.schedule
      spot        = service.spec.service.spot
      time_zone   = service.spec.service.time_zone
      timeout     = service.spec.service.timeout
      type        = service.spec.service.type
      volume      = service.spec.service.volume
      service     = name
      worker      = null
    } },
    { for worker, process in service.spec.workers : "${name}-${worker}" => {
      args        = process.args
      autoscaling = process.autoscaling
      command     = process.command
      completions = process.completions
      env         = merge(service.spec.service.env, process.env)
      grace       = process.grace_period
      parallelism = process.completions == null ? null : coalesce(process.parallelism, 1)
      placement   = process.placement == null ? service.spec.service.placement : process.placement
      priority    = process.priority
      ray         = process.ray
      replicas    = process.replicas
      resources   = process.resources
      retries     = process.retries
      schedule    = process.schedule
      spot        = process.spot
      time_zone   = process.time_zone
      timeout     = process.timeout
      type        = process.type
      volume      = null
      service     = name
      worker      = worker
    } },
  )]...)

  # What a pod of each process asks for; the workers of a Ray job are pods of another kind than its head.
  asked = merge(
    { for key, process in local.process_items : key => process.resources },
    { for key, process in local.process_items : "${key}/ray" => process.ray.resources if process.ray != null },
  )
  amounts = { for key, resources in local.asked : key => {
    cpu_limit_millicores = local.millicores[coalesce(resources.limits.cpu, resources.cpu, resources.requests.cpu, local.default_requests.cpu)]
    cpu_millicores       = local.millicores[coalesce(resources.requests.cpu, resources.cpu, resources.limits.cpu, local.default_requests.cpu)]
    gpu_type             = resources.gpu.type
    gpus                 = resources.gpu.count
    memory_limit_mb      = ceil(local.bytes[coalesce(resources.limits.memory, resources.memory, resources.requests.memory, local.default_requests.memory)] / local.mebibyte)
    memory_mb            = ceil(local.bytes[coalesce(resources.requests.memory, resources.memory, resources.limits.memory, local.default_requests.memory)] / local.mebibyte)
  } }

  processes = { for key, process in local.process_items : key => merge(local.amounts[key], {
    args          = process.args
    autoscaling   = process.autoscaling
    command       = process.command
    completions   = process.completions
    env           = process.env
    grace_seconds = local.seconds[process.grace]
    labels        = local.service_labels[process.service]
    name          = local.names[process.placement.runtime == "batch" ? "job" : "container"][key]
    namespace     = local.services[process.service].metadata.namespace
    node_pool     = process.placement.node_pool
    parallelism   = process.parallelism
    priority      = process.priority
    # A Ray job: how many pods work for its head, and what each of them asks for.
    ray      = process.ray == null ? null : merge(local.amounts["${key}/ray"], { workers = process.ray.workers })
    replicas = process.replicas
    # Most replicas there can be; a job is as many pods as run at once, a run of a cron and the head of a Ray job are one.
    replicas_max    = contains(["job", "cron", "ray"], process.type) ? coalesce(process.parallelism, 1) : process.autoscaling == null ? process.replicas : process.autoscaling.max
    retries         = process.retries
    runtime         = process.placement.runtime
    schedule        = process.schedule == null ? null : { expression = process.schedule, time_zone = process.time_zone }
    service         = process.service
    spot            = process.spot
    spread          = process.placement.spread
    timeout_seconds = local.seconds[process.timeout]
    type            = process.type
    # Of each replica, for type stateful.
    volume = process.volume
    worker = process.worker
    zones  = process.placement.zones
  }) }

  # What runs in pods, with how many there can be: processes, the workers of Ray jobs, the canary and the migrations before a new version.
  pods = merge(
    { for key, process in local.processes : key => merge(local.amounts[key], { count = process.replicas_max, namespace = process.namespace }) if process.runtime == "kubernetes" },
    { for key, process in local.processes : "${key}/ray" => merge(local.amounts["${key}/ray"], { count = process.ray.workers, namespace = process.namespace }) if process.ray != null },
    { for name, service in local.services : "${name}/canary" => merge(local.amounts[name], { count = service.spec.service.canary.replicas, namespace = service.metadata.namespace }) if service.spec.service.canary != null },
    { for name, service in local.services : "${name}/migrations" => merge(local.amounts[name], { count = 1, gpus = 0, namespace = service.metadata.namespace }) if service.spec.service.migrations != null },
  )

  # What all processes of a namespace can ask for together, for its resource quota.
  namespaces = distinct([for service in local.services : service.metadata.namespace])
  quotas = { for namespace in local.namespaces : namespace => {
    cpu_millicores = sum(concat([0], [for pods in local.pods : pods.cpu_millicores * pods.count if pods.namespace == namespace]))
    gpus           = sum(concat([0], [for pods in local.pods : pods.gpus * pods.count if pods.namespace == namespace]))
    memory_mb      = sum(concat([0], [for pods in local.pods : pods.memory_mb * pods.count if pods.namespace == namespace]))
    pods           = sum(concat([0], [for pods in local.pods : pods.count if pods.namespace == namespace]))
  } }
}
