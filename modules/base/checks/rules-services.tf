# Rules over whole services: whose they are, where they may run, what they promise.
locals {
  service_problems = concat(
    [
      for name, service in var.services :
      "services.${name}.metadata.name is \"${coalesce(service.metadata.name, name)}\"; it must be ${name}, the key of the service, or be left out."
      if service.metadata.name != null && service.metadata.name != name
    ],
    [
      for name, service in var.services :
      "services.${name}.metadata.labels has ${length(service.metadata.labels)} entries; at most 30 fit into the 50 tags of a resource."
      if length(service.metadata.labels) > 30
    ],
    flatten([for name, service in var.services : [
      for key in keys(service.metadata.labels) :
      "services.${name}.metadata.labels.${key} is written by the platform; choose a key other than Project, Environment, ManagedBy, CostCenter, Service, Team, Owner, DataClassification and Name, in any case."
      if contains(local.reserved_labels, lower(key)) || startswith(lower(key), "aws:")
    ]]),
    [
      for name, service in var.services :
      "services.${name}.spec.data.residency is ${join(", ", service.spec.data.residency)}; the environment's region, ${var.environment.region}, must be one of them."
      if length(service.spec.data.residency) != 0 && !contains(service.spec.data.residency, var.environment.region)
    ],
    [
      for name, service in var.services :
      "services.${name}.spec.service.disruption_budget must have exactly one of min_available and max_unavailable."
      if service.spec.service.disruption_budget != null && try(service.spec.service.disruption_budget.min_available == null, true) == try(service.spec.service.disruption_budget.max_unavailable == null, false)
    ],
    [
      for name, service in var.services :
      "services.${name}.spec.networking.service_mesh.enabled needs the runtime kubernetes; the runtime is ${service.spec.service.placement.runtime}."
      if service.spec.networking.service_mesh.enabled && service.spec.service.placement.runtime != "kubernetes"
    ],
    [
      for name, service in var.services :
      "services.${name}.spec.service.health has liveness or startup, which nothing asks for on fargate; its load balancer asks for readiness.path alone."
      if service.spec.service.placement.runtime == "fargate" && (service.spec.service.health.liveness != null || service.spec.service.health.startup != null)
    ],
    [
      for name, service in var.services :
      "services.${name}.spec.service.health.readiness.port is ${try(coalesce(service.spec.service.health.readiness.port), "-")}; on fargate it must be the service's port, ${service.spec.service.port}, or be left out."
      if service.spec.service.placement.runtime == "fargate" && try(service.spec.service.health.readiness.port != null && service.spec.service.health.readiness.port != service.spec.service.port, false)
    ],
    [
      for name, service in var.services :
      "services.${name}.spec.service.health.readiness has initial_delay, period, timeout or failure_threshold, which the load balancer of fargate does not take; leave them out."
      if service.spec.service.placement.runtime == "fargate" && service.spec.service.health.readiness != null && try(
        service.spec.service.health.readiness.initial_delay != null || service.spec.service.health.readiness.period != "10s" ||
        service.spec.service.health.readiness.timeout != "2s" || service.spec.service.health.readiness.failure_threshold != 3, true
      )
    ],
    [
      for name, service in var.services :
      "services.${name}.spec.workers cannot stand beside a function; make ${join(", ", keys(service.spec.workers))} a service of its own."
      if length(service.spec.workers) != 0 && service.spec.service.type == "function"
    ],
    [
      for name, service in var.services :
      "services.${name}.spec.monitoring.tracing.sampling_rate is ${service.spec.monitoring.tracing.sampling_rate}; it must be from 0 to 1."
      if service.spec.monitoring.tracing.sampling_rate < 0 || service.spec.monitoring.tracing.sampling_rate > 1
    ],
    [
      for name, service in var.services :
      "services.${name}.spec.slo.availability is ${coalesce(service.spec.slo.availability, 0)}; it must be a percentage between 0 and 100, for example 99.9."
      if service.spec.slo.availability != null && try(service.spec.slo.availability <= 0 || service.spec.slo.availability >= 100, false)
    ],
    flatten([for name, service in var.services : [
      for type in ["database", "cache"] :
      "services.${name}.spec.dependencies has more than one shared ${type}; a service has one place on the environment's shared ${type}, so leave out shared in the others."
      if length([for dependency in local.dependencies : 1 if dependency.owner == name && dependency.kind == type && dependency.is_shared]) > 1
    ]]),
  )

  circle_problems = length(local.circular) == 0 ? [] : ["services ${join(", ", local.circular)} depend on each other in a circle; take one dependency of type service away."]

  secret_problems = concat(
    [
      for path, secret in local.secrets :
      "${path} must have both of rotation and rotation_function, or neither."
      if(secret.rotation == null) != (secret.rotation_function == null)
    ],
    [
      for path, secret in local.secrets :
      "${path} exists already, and whoever made it rotates it; leave out rotation."
      if secret.existing != null && secret.rotation != null
    ],
  )
}
