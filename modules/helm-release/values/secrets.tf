# Secrets come from the store of the platform; the cluster's copies have the properties that somebody asks for.
locals {
  stored = lookup(var.platform.secret_store.secrets, var.name, {})

  # Kong's consumers hold one key, in the secret's property value.
  auth_secret = try(var.ingress == null ? null : var.service.spec.networking.ingress.auth.secret, null)

  properties = { for secret in keys(var.uses.secrets) : secret => distinct(sort(concat(
    flatten([for variables in values(local.env) : [for variable in values(variables) : variable.secret.key if try(variable.secret.name == secret, false)]]),
    [for name in local.auth_secret[*] : "value" if name == secret],
  ))) }

  # Nobody's copy of a secret is needed in the cluster where only the service itself reads it from the store.
  secrets = { for secret, properties in local.properties : secret => {
    key        = lookup(local.stored, secret, "")
    properties = properties
  } if length(properties) > 0 }
}
