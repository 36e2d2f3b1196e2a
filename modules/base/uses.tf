# What each service may use: the kind and key of each of its dependencies, and the secrets that it reads.
locals {
  uses = { for name, service in local.services : name => {
    dependencies = { for dependency in [for key in keys(service.spec.dependencies) : local.dependencies["${name}/${key}"]] : dependency.as => {
      # Brought things may be anywhere, what is made is in the environment's network.
      brought = dependency.existing != null || try(dependency.key == "shared" && var.environment.shared[dependency.kind].existing != null, false)
      key     = dependency.kind == "service" ? dependency.wanted.service : dependency.key
      kind    = dependency.kind
      path    = dependency.kind == "file" ? coalesce(dependency.wanted.path, "/mnt/${dependency.as}") : null
      prefix  = dependency.kind == "storage" ? local.prefixes["${name}/${dependency.as}"] : null
    } }
    secrets = { for secret, found in service.spec.secrets : secret => "${name}-${secret}" }
  } }
}
