# Environment variables of what stage 1 starts itself, with ${dependencies.NAME.OUTPUT} put in, and secrets by ARN.
locals {
  # A function's ARN is put together here: it may stand in the function's own environment.
  function_arns = { for key, function in module.base.functions : key =>
    function.existing != null ? function.existing.arn : "arn:${local.account.partition}:lambda:${local.account.region}:${local.account.id}:function:${function.name}"
  }

  dependency_outputs = { for service, uses in module.base.uses : service => { for name, used in uses.dependencies : name => merge(
    { for key in [used.key] : "host" => module.database.hosts[key] if used.kind == "database" },
    { for key in [used.key] : "port" => tostring(module.database.ports[key]) if used.kind == "database" },
    { for key in [used.key] : "database" => coalesce(try(module.base.databases[key].existing.database, null), module.base.databases[key].databases[service].database) if used.kind == "database" },
    { for key in [used.key] : "user" => module.base.databases[key].databases[service].role if used.kind == "database" },
    { for key in [used.key] : "table" => module.metadata.names[key] if used.kind == "table" },
    { for key in [used.key] : "host" => module.cache.hosts[key] if used.kind == "cache" },
    { for key in [used.key] : "port" => tostring(module.cache.ports[key]) if used.kind == "cache" },
    { for key in [used.key] : "user" => module.base.caches[key].users[service] if used.kind == "cache" },
    { for key in [used.key] : "prefix" => "${service}:" if used.kind == "cache" },
    { for key in [used.key] : "name" => module.base.caches[key].name if used.kind == "cache" && try(module.base.caches[key].existing == null, false) },
    { for key in [used.key] : "bucket" => module.storage.names[key] if used.kind == "storage" },
    { for key in [used.key] : "prefix" => used.prefix if used.kind == "storage" },
    { for key in [used.key] : "path" => used.path if used.kind == "file" },
    { for key in [used.key] : "url" => module.queue.urls[key] if used.kind == "queue" },
    { for key in [used.key] : "arn" => module.queue.arns[key] if used.kind == "queue" },
    { for key in [used.key] : "name" => module.base.functions[key].name if used.kind == "function" },
    { for key in [used.key] : "arn" => local.function_arns[key] if used.kind == "function" },
    # What stands here runs outside of the cluster, and reaches a service by its way in.
    { for key in [used.key] : "host" => module.base.ingresses[key].hosts[0] if used.kind == "service" && contains(keys(module.base.ingresses), key) },
    { for key in [used.key] : "port" => "443" if used.kind == "service" && contains(keys(module.base.ingresses), key) },
    { for key in [used.key] : "url" => "https://${module.base.ingresses[key].hosts[0]}${module.base.ingresses[key].path}" if used.kind == "service" && contains(keys(module.base.ingresses), key) },
  ) } }

  started = merge(
    { for key, process in merge(local.batch_processes, local.fargate_processes) : key => { service = process.service, env = process.env } },
    { for service in distinct(values(module.base.functions)[*].service) : service => { service = service, env = module.base.services[service].spec.service.env } },
  )

  env = { for key, item in local.started : key => {
    plain = { for name, variable in item.env : name => join("", [
      # A text is a row of references and of what stands between them.
      for part in regexall("\\$\\{dependencies\\.([a-z0-9-]+)\\.([a-z]+)\\}|([^$]+|\\$)", variable.value) :
      part[0] == null ? part[2] : try(local.dependency_outputs[item.service][part[0]][part[1]], "")
    ]) if variable.value != null }
    secrets = { for name, variable in item.env : name => {
      arn     = "${module.secrets.arns[module.base.uses[item.service].secrets[variable.secret.name]]}:${variable.secret.key}::"
      key_arn = module.secrets.key_arns[module.base.uses[item.service].secrets[variable.secret.name]]
    } if variable.secret != null }
  } }
}
