module "checks" {
  source = "./checks"

  cluster = var.cluster
  environment = {
    region = var.environment.region
    domain = var.environment.dns.domain
    zones  = var.environment.network.zones
    sizes  = var.environment.sizes
  }
  services = var.services
}

locals {
  # With anything wrong, nothing is derived: the problems are the only thing to read.
  checked_services = length(module.checks.problems) == 0 ? var.services : {}

  environment_problems = concat(
    [for service in keys(var.environment.identities) : "environment.identities.${service} is no service; the services are ${join(", ", keys(var.services))}." if !contains(keys(var.services), service)],
    [for service in keys(try(var.environment.budget.services, {})) : "environment.budget.services.${service} is no service; the services are ${join(", ", keys(var.services))}." if !contains(keys(var.services), service)],
  )

  # Shortened names end with a hash of the whole name; that two of them are the same is as good as impossible, and refused.
  name_problems = flatten([for kind, names in local.names : [
    for name, keys in { for key, name in names : name => key... } : "${join(" and ", keys)} would have the same ${kind} name, ${name}; rename one of them." if length(keys) > 1
  ]])

  problems = concat(module.checks.problems, local.environment_problems, local.name_problems)
}
