# Values that must be one of a few: path => what was found and what is accepted; null is no value.
locals {
  chosen = merge(concat(
    [for name, service in var.services : {
      "services.${name}.spec.networking.ingress.auth.type" = { found = try(service.spec.networking.ingress.auth.type, null), accepted = ["jwt", "key"] }
      "services.${name}.spec.data.encryption_key"          = { found = service.spec.data.encryption_key, accepted = ["own", "platform"] }
      "services.${name}.spec.data.classification"          = { found = service.spec.data.classification, accepted = ["public", "internal", "confidential", "restricted"] }
    }],
    [for path, ingress in local.ingresses : {
      for index, method in try(ingress.cors.methods, []) : "${path}.cors.methods[${index}]" => { found = method, accepted = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"] }
    }],
    [for path, process in local.processes : {
      "${path}.type"              = { found = process.type, accepted = process.main ? ["api", "stateful", "worker", "job", "cron", "function"] : ["worker", "job", "cron", "ray"] }
      "${path}.priority"          = { found = process.priority, accepted = ["critical", "standard", "batch"] }
      "${path}.placement.runtime" = { found = process.placement.runtime, accepted = ["kubernetes", "fargate", "batch"] }
      "${path}.placement.spread"  = { found = process.placement.spread, accepted = ["zone", "node", "none"] }
    }],
    [for path, dependency in local.dependencies : {
      "${path}.type"   = { found = dependency.type, accepted = keys(local.dependency_fields) }
      "${path}.engine" = { found = dependency.engine, accepted = dependency.type == "cache" ? ["redis", "valkey"] : ["postgres", "aurora-postgresql", "dynamodb"] }
      "${path}.size"   = { found = dependency.size, accepted = ["small", "medium", "large", "xlarge"] }
      "${path}.class"  = { found = dependency.class, accepted = ["standard", "infrequent", "archive", "file"] }
    }],
  )...)

  choice_problems = [
    for path, entry in local.chosen : "${path} is \"${entry.found}\"; it must be ${join(", ", slice(entry.accepted, 0, length(entry.accepted) - 1))} or ${entry.accepted[length(entry.accepted) - 1]}."
    if try(!contains(entry.accepted, entry.found), false) && entry.found != null
  ]
}
