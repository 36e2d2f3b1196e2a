locals {
  caches = { for key, users in local.cache_users : key => {
    encryption_key_of = key != "shared" && contains(local.key_services, users[0].service) ? users[0].service : null
    engine            = key == "shared" ? var.environment.shared.cache.engine : users[0].wanted.engine
    existing = key == "shared" ? try({
      arn            = var.environment.shared.cache.existing.arn
      host           = var.environment.shared.cache.existing.host
      port           = var.environment.shared.cache.existing.port
      secret         = null
      security_group = var.environment.shared.cache.existing.security_group
      }, null) : try({
      arn            = null
      host           = users[0].existing.host
      port           = users[0].existing.port
      secret         = users[0].existing.secret
      security_group = null
    }, null)
    labels       = key == "shared" ? {} : local.service_labels[users[0].service]
    machine_type = try(var.environment.sizes.cache[key == "shared" ? var.environment.shared.cache.size : users[0].wanted.size], null)
    name         = local.names.cache[key]
    replicas     = key == "shared" ? var.environment.shared.cache.replicas : users[0].wanted.replicas
    service      = key == "shared" ? null : users[0].service
    # A user's name is unique in the account, so that of a cache of the service's own differs from its user on the shared one.
    users = { for user in users : user.service => key == "shared" ? local.names.cache_user[user.service] : local.names.cache[key] }
    # The environment's version is one of its own engine.
    version = key == "shared" ? var.environment.shared.cache.version : (
      users[0].wanted.version != null ? users[0].wanted.version :
      users[0].wanted.engine == var.environment.shared.cache.engine ? var.environment.shared.cache.version : null
    )
  } }
}
