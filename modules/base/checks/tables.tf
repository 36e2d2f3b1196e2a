# What is checked, spread out by its path, so that a message can name the place.
locals {
  processes = merge([for name, service in var.services : merge(
    { "services.${name}.spec.service" = {
      autoscaling = service.spec.service.autoscaling
      completions = null
      env         = service.spec.service.env
      grace       = service.spec.service.grace_period
      key         = name
      main        = true
      parallelism = null
      placement   = service.spec.service.placement
      priority    = service.spec.service.priority
      ray         = null
      replicas    = service.spec.service.replicas
      resources   = service.spec.service.resources
      retries     = service.spec.service.retries
      schedule    = service.spec.service.schedule
      service     = name
      spot        = service.spec.service.spot
      time_zone   = service.spec.service.time_zone
      timeout     = service.spec.service.timeout
      type        = service.spec.service.type
      volume      = service.spec.service.volume
    } },
    { for key, worker in service.spec.workers : "services.${name}.spec.workers.${key}" => {
      autoscaling = worker.autoscaling
      completions = worker.completions
      env         = worker.env
      grace       = worker.grace_period
      key         = "${name}-${key}"
      main        = false
      parallelism = worker.parallelism
      placement   = worker.placement == null ? service.spec.service.placement : worker.placement
      priority    = worker.priority
      ray         = worker.ray
      replicas    = worker.replicas
      resources   = worker.resources
      retries     = worker.retries
      schedule    = worker.schedule
      service     = name
      spot        = worker.spot
      time_zone   = worker.time_zone
      timeout     = worker.timeout
      type        = worker.type
      volume      = null
    } },
  )]...)

  # What asks for processor and memory: every process, and the workers of Ray jobs.
  asked = merge(
    { for path, process in local.processes : "${path}.resources" => { resources = process.resources, runtime = process.placement.runtime, type = process.type } },
    { for path, process in local.processes : "${path}.ray.resources" => { resources = process.ray.resources, runtime = process.placement.runtime, type = process.type } if process.ray != null },
  )

  migrations = { for name, service in var.services : "services.${name}.spec.service.migrations" => merge(service.spec.service.migrations, { service = name }) if service.spec.service.migrations != null }
  canaries   = { for name, service in var.services : "services.${name}.spec.service.canary" => merge(service.spec.service.canary, { service = name }) if service.spec.service.canary != null }
  moves      = { for name, service in var.services : "services.${name}.spec.networking.migration" => merge(service.spec.networking.migration, { service = name }) if service.spec.networking.migration != null }

  autoscaling = { for path, process in local.processes : "${path}.autoscaling" => merge(process.autoscaling, {
    main    = process.main
    runtime = process.placement.runtime
    service = process.service
  }) if process.autoscaling != null }

  env = merge([for path, process in merge(local.processes, local.migrations) : {
    for variable, source in process.env : "${path}.env.${variable}" => merge(source, { name = variable, owner = process.service })
  }]...)

  probes = merge([for name, service in var.services : {
    for kind, probe in service.spec.service.health : "services.${name}.spec.service.health.${kind}" => probe if probe != null
  }]...)

  dependencies = merge([for name, service in var.services : {
    for key, dependency in service.spec.dependencies : "services.${name}.spec.dependencies.${key}" => merge(dependency, {
      is_shared = coalesce(dependency.shared, false) && dependency.existing == null
      kind      = dependency.engine == "dynamodb" ? "table" : dependency.class == "file" ? "file" : dependency.type
      name      = key
      owner     = name
    })
  }]...)

  # Days from which on objects are in infrequent access: as their lifecycle says, or those of class infrequent.
  infrequent_from = { for path, dependency in local.dependencies : path => try(
    coalesce(local.days[dependency.lifecycle.infrequent_after]), dependency.class == "infrequent" ? 30 : null,
  ) if dependency.kind == "storage" }

  images = merge(
    { for name, service in var.services : "services.${name}.spec.service.image" => service.spec.service.image },
    { for path, dependency in local.dependencies : "${path}.image" => dependency.image if dependency.image != null },
    { for path, canary in local.canaries : "${path}.image" => merge(canary.image, { repository = null }) },
  )

  secrets = merge([for name, service in var.services : {
    for key, secret in service.spec.secrets : "services.${name}.spec.secrets.${key}" => merge(secret, { name = key, owner = name })
  }]...)

  ingresses = { for name, service in var.services : "services.${name}.spec.networking.ingress" => merge(service.spec.networking.ingress, { service = name }) }

  # Functions, whether a service is one or depends on one, with what starts them.
  functions = merge(
    { for name, service in var.services : "services.${name}.spec.service" => {
      memory  = try(coalesce(service.spec.service.resources.limits.memory, service.spec.service.resources.memory), null)
      owner   = name
      retries = service.spec.service.retries
      source  = service.spec.service.source
      timeout = service.spec.service.timeout
    } if service.spec.service.type == "function" },
    { for path, dependency in local.dependencies : path => {
      memory  = dependency.memory
      owner   = dependency.owner
      retries = 2
      source  = dependency.source
      timeout = coalesce(dependency.timeout, "1m")
    } if dependency.type == "function" },
  )
}
