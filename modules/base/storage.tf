locals {
  # The prefix of the objects that a service may use: in a shared bucket always one, in its own only where it asks for it.
  prefixes = { for id, dependency in local.dependencies : id => trim(coalesce(dependency.wanted.path, dependency.is_shared ? dependency.service : "/"), "/") if dependency.kind == "storage" }

  buckets = { for key, users in local.bucket_users : key => {
    class             = users[0].wanted.class
    encryption_key_of = !users[0].is_shared && contains(local.key_services, users[0].service) ? users[0].service : null
    # Objects of this bucket start functions.
    events   = contains(values(local.function_sources), "storage/${key}")
    existing = try({ bucket = users[0].existing.bucket, encryption_key = users[0].existing.encryption_key }, null)
    labels   = users[0].is_shared ? {} : local.service_labels[users[0].service]
    lifecycle = { for user in users : user.service => {
      archive_after_days    = try(local.days[user.wanted.lifecycle.archive_after], null)
      expire_after_days     = try(local.days[user.wanted.lifecycle.expire_after], null)
      infrequent_after_days = try(local.days[user.wanted.lifecycle.infrequent_after], null)
      prefix                = user.is_shared ? "${local.prefixes["${user.service}/${user.as}"]}/" : ""
    } }
    name    = local.bucket_names[key]
    service = users[0].is_shared ? null : users[0].service
  } }

  file_systems = { for key, users in local.file_system_users : key => {
    archive_after_days    = try(local.days[users[0].wanted.lifecycle.archive_after], null)
    encryption_key_of     = !users[0].is_shared && contains(local.key_services, users[0].service) ? users[0].service : null
    existing              = try({ file_system = users[0].existing.file_system, security_group = users[0].existing.security_group }, null)
    infrequent_after_days = try(local.days[users[0].wanted.lifecycle.infrequent_after], null)
    labels                = users[0].is_shared ? {} : local.service_labels[users[0].service]
    name                  = local.names.file_system[key]
    # Every service has a folder of its own in the file system.
    paths   = { for user in users : user.service => "/${user.service}" }
    service = users[0].is_shared ? null : users[0].service
  } }

  # Static content: a bucket of the service's own behind the content network.
  sites = { for name, service in local.services : name => {
    bucket = "${name}-${service.spec.networking.ingress.cdn}"
    host   = "${name}-static.${var.environment.dns.domain}"
    labels = local.service_labels[name]
    name   = local.names.site[name]
    prefix = local.prefixes["${name}/${service.spec.networking.ingress.cdn}"]
  } if service.spec.networking.ingress.enabled && service.spec.networking.ingress.cdn != null }
}
