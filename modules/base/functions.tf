# Functions: services of type function, and those that a service has as a dependency.
locals {
  function_items = merge(
    { for name, service in local.services : name => {
      as       = null
      command  = concat(service.spec.service.command, service.spec.service.args)
      existing = null
      image    = service.spec.service.image
      memory   = coalesce(service.spec.service.resources.limits.memory, service.spec.service.resources.memory, service.spec.service.resources.requests.memory, local.default_requests.memory)
      retries  = service.spec.service.retries
      schedule = service.spec.service.schedule == null ? null : { expression = service.spec.service.schedule, time_zone = service.spec.service.time_zone }
      service  = name
      source   = service.spec.service.source
      timeout  = service.spec.service.timeout
    } if service.spec.service.type == "function" },
    { for dependency in values(local.dependencies) : dependency.key => {
      as       = dependency.as
      command  = dependency.wanted.command
      existing = try({ arn = dependency.existing.arn }, null)
      # An image of its own, or the service's.
      image = try(coalesce(dependency.wanted.image.tag, dependency.wanted.image.digest), null) == null ? local.services[dependency.service].spec.service.image : {
        digest     = dependency.wanted.image.digest
        repository = dependency.wanted.image.repository != null ? dependency.wanted.image.repository : local.services[dependency.service].spec.service.image.repository
        tag        = dependency.wanted.image.tag
      }
      memory   = dependency.wanted.memory
      retries  = 2
      schedule = null
      service  = dependency.service
      source   = dependency.wanted.source
      timeout  = dependency.wanted.timeout
    } if dependency.kind == "function" },
  )

  # What starts a function, as kind/key.
  function_sources = { for key, function in local.function_items : key =>
    "${local.dependencies["${function.service}/${function.source}"].kind}/${local.dependencies["${function.service}/${function.source}"].key}" if function.source != null
  }

  functions = { for key, function in local.function_items : key => {
    as                = function.as
    command           = function.command
    encryption_key_of = contains(local.key_services, function.service) ? function.service : null
    existing          = function.existing
    image             = function.image
    labels            = local.service_labels[function.service]
    memory_mb         = ceil(local.bytes[function.memory] / local.mebibyte)
    name              = local.names.function[key]
    retries           = function.retries
    schedule          = function.schedule
    service           = function.service
    source = function.source == null ? null : {
      key    = local.dependencies["${function.service}/${function.source}"].key
      kind   = local.dependencies["${function.service}/${function.source}"].kind
      prefix = try(local.prefixes["${function.service}/${function.source}"], "")
    }
    timeout_seconds = local.seconds[function.timeout]
  } }
}
