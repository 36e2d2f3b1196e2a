locals {
  secret_items = merge([for name, service in local.services : { for key, secret in service.spec.secrets : "${name}-${key}" => merge(secret, { as = key, service = name }) }]...)

  secrets = { for key, secret in local.secret_items : key => {
    as                = secret.as
    encryption_key_of = contains(local.key_services, secret.service) ? secret.service : null
    existing          = try({ arn = coalesce(secret.existing) }, null)
    labels            = local.service_labels[secret.service]
    name              = local.names.secret[key]
    rotation          = secret.rotation == null ? null : { days = local.days[secret.rotation], function = secret.rotation_function }
    service           = secret.service
  } }
}
