# Every object in the files, with its path, its shape and what stands there.
locals {
  documents = { for name, service in var.services : name => yamldecode(service.config) if service.enabled }

  # Lists of named items; an item without a name is known by its place.
  dependency_items = { for name, document in local.documents : name => try([for item in document.spec.dependencies : item if !can(keys(document.spec.dependencies))], []) }
  secret_items     = { for name, document in local.documents : name => try([for item in document.spec.secrets : item if !can(keys(document.spec.secrets))], []) }
  worker_items     = { for name, document in local.documents : name => try([for item in document.spec.workers : item if !can(keys(document.spec.workers))], []) }

  # Of items with the same name, which are refused, the first one stands for all.
  processes = merge(
    { for name, document in local.documents : "services.${name}: spec.service" => { shape = "service", value = try(document.spec.service, null) } },
    { for path, items in merge([for name, items in local.worker_items : {
      for index, item in items : "services.${name}: spec.workers[${try(item.name, index)}]" => item...
    }]...) : path => { shape = "worker", value = items[0] } },
  )

  # What has variables, and what asks for processor and memory, beside the processes themselves.
  with_env = merge(
    { for path, process in local.processes : path => { env = try(process.value.env, null) } },
    { for name, document in local.documents : "services.${name}: spec.service.migrations" => { env = try(document.spec.service.migrations.env, null) } },
  )
  with_resources = merge(
    { for path, process in local.processes : path => { resources = try(process.value.resources, null) } },
    { for path, process in local.processes : "${path}.ray" => { resources = try(process.value.ray.resources, null) } if process.shape == "worker" },
  )

  process_objects = flatten([for path, process in local.processes : [
    { path = path, shape = process.shape, value = process.value },
    { path = "${path}.autoscaling", shape = "autoscaling", value = try(process.value.autoscaling, null) },
    { path = "${path}.placement", shape = "placement", value = try(process.value.placement, null) },
    { path = "${path}.ray", shape = "ray", value = process.shape == "worker" ? try(process.value.ray, null) : null },
    try([for index, item in process.value.autoscaling.schedules : { path = "${path}.autoscaling.schedules[${try(item.name, index)}]", shape = "window", value = item }], []),
  ]])

  env_objects = flatten([for path, process in local.with_env : [
    try([for index, item in process.env : { path = "${path}.env[${try(item.name, index)}]", shape = "env", value = item }], []),
    try([for index, item in process.env : { path = "${path}.env[${try(item.name, index)}].secret", shape = "secret_ref", value = try(item.secret, null) }], []),
  ]])

  resource_objects = flatten([for path, asked in local.with_resources : [
    { path = "${path}.resources", shape = "resources", value = asked.resources },
    { path = "${path}.resources.gpu", shape = "gpu", value = can(keys(asked.resources.gpu)) ? asked.resources.gpu : null },
    { path = "${path}.resources.limits", shape = "quantities", value = try(asked.resources.limits, null) },
    { path = "${path}.resources.requests", shape = "quantities", value = try(asked.resources.requests, null) },
  ]])

  dependency_objects = flatten([for name, items in local.dependency_items : [for index, item in items : [
    for path in ["services.${name}: spec.dependencies[${try(item.name, index)}]"] : [
      { path = path, shape = lookup(local.dependency_shapes, try(item.type, "none"), "none"), value = item },
      { path = "${path}.deadLetters", shape = "dead_letters", value = try(item.deadLetters, null) },
      { path = "${path}.existing", shape = "existing_${try(item.type, "none")}", value = try(item.existing, null) },
      { path = "${path}.image", shape = "image", value = try(item.image, null) },
      { path = "${path}.lifecycle", shape = "lifecycle", value = try(item.lifecycle, null) },
      { path = "${path}.table", shape = "table", value = try(item.table, null) },
    ]
  ]]])

  other_objects = flatten([for name, document in local.documents : [
    { path = "services.${name}", shape = "document", value = document },
    { path = "services.${name}: metadata", shape = "metadata", value = try(document.metadata, null) },
    { path = "services.${name}: metadata.labels", shape = "labels", value = try(document.metadata.labels, null) },
    { path = "services.${name}: spec", shape = "spec", value = try(document.spec, null) },
    { path = "services.${name}: spec.service.canary", shape = "canary", value = try(document.spec.service.canary, null) },
    { path = "services.${name}: spec.service.canary.image", shape = "canary_image", value = try(document.spec.service.canary.image, null) },
    { path = "services.${name}: spec.service.disruptionBudget", shape = "disruption_budget", value = try(document.spec.service.disruptionBudget, null) },
    { path = "services.${name}: spec.service.health", shape = "health", value = try(document.spec.service.health, null) },
    { path = "services.${name}: spec.service.image", shape = "image", value = try(document.spec.service.image, null) },
    [for kind in ["liveness", "readiness", "startup"] : { path = "services.${name}: spec.service.health.${kind}", shape = "probe", value = try(document.spec.service.health[kind], null) }],
    { path = "services.${name}: spec.service.migrations", shape = "migrations", value = try(document.spec.service.migrations, null) },
    { path = "services.${name}: spec.service.volume", shape = "volume", value = try(document.spec.service.volume, null) },
    { path = "services.${name}: spec.networking", shape = "networking", value = try(document.spec.networking, null) },
    { path = "services.${name}: spec.networking.ingress", shape = "ingress", value = try(document.spec.networking.ingress, null) },
    { path = "services.${name}: spec.networking.ingress.auth", shape = "auth", value = try(document.spec.networking.ingress.auth, null) },
    { path = "services.${name}: spec.networking.ingress.cors", shape = "cors", value = try(document.spec.networking.ingress.cors, null) },
    { path = "services.${name}: spec.networking.ingress.requestHeaders", shape = "request_headers", value = try(document.spec.networking.ingress.requestHeaders, null) },
    [for kind in ["add", "set"] : { path = "services.${name}: spec.networking.ingress.requestHeaders.${kind}", shape = "headers", value = try(document.spec.networking.ingress.requestHeaders[kind], null) }],
    { path = "services.${name}: spec.networking.migration", shape = "migration", value = try(document.spec.networking.migration, null) },
    { path = "services.${name}: spec.networking.serviceMesh", shape = "service_mesh", value = try(document.spec.networking.serviceMesh, null) },
    { path = "services.${name}: spec.networking.serviceMesh.circuitBreaker", shape = "circuit_breaker", value = try(document.spec.networking.serviceMesh.circuitBreaker, null) },
    { path = "services.${name}: spec.monitoring", shape = "monitoring", value = try(document.spec.monitoring, null) },
    { path = "services.${name}: spec.monitoring.logs", shape = "logs", value = try(document.spec.monitoring.logs, null) },
    { path = "services.${name}: spec.monitoring.metrics", shape = "metrics", value = try(document.spec.monitoring.metrics, null) },
    { path = "services.${name}: spec.monitoring.tracing", shape = "tracing", value = try(document.spec.monitoring.tracing, null) },
    [for index, item in local.secret_items[name] : { path = "services.${name}: spec.secrets[${try(item.name, index)}]", shape = "secret", value = item }],
    { path = "services.${name}: spec.slo", shape = "slo", value = try(document.spec.slo, null) },
    { path = "services.${name}: spec.data", shape = "data", value = try(document.spec.data, null) },
  ]])

  objects = [for object in concat(local.other_objects, local.process_objects, local.env_objects, local.resource_objects, local.dependency_objects) : object if try(object.value != null, true)]
}
