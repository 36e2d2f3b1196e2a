# Every dependency of every service, with its kind and with the key of the thing that it stands for. A service's own thing has the key
# <service>-<dependency>; one that services share by name has that name; the environment's database and cache have the key "shared".
locals {
  dependencies = merge([for name, service in local.services : { for key, dependency in service.spec.dependencies : "${name}/${key}" => {
    as        = key
    existing  = dependency.existing
    is_shared = dependency.shared == true && dependency.existing == null
    key = (
      dependency.shared != true || dependency.existing != null ? "${name}-${key}" :
      contains(["database", "cache"], dependency.type) && dependency.engine != "dynamodb" ? "shared" : key
    )
    kind    = dependency.engine == "dynamodb" ? "table" : dependency.class == "file" ? "file" : dependency.type
    service = name
    wanted  = dependency
  } }]...)

  # Who uses a thing, by its key: the first service speaks for all where it is shared, because they must agree about it.
  database_users    = { for dependency in values(local.dependencies) : dependency.key => dependency... if dependency.kind == "database" }
  cache_users       = { for dependency in values(local.dependencies) : dependency.key => dependency... if dependency.kind == "cache" }
  bucket_users      = { for dependency in values(local.dependencies) : dependency.key => dependency... if dependency.kind == "storage" }
  file_system_users = { for dependency in values(local.dependencies) : dependency.key => dependency... if dependency.kind == "file" }
  queue_users       = { for dependency in values(local.dependencies) : dependency.key => dependency... if dependency.kind == "queue" }
  table_users       = { for dependency in values(local.dependencies) : dependency.key => dependency... if dependency.kind == "table" }

  # The service whose own key encrypts the thing; null stands for the platform's key.
  owners = { for dependency in values(local.dependencies) : "${dependency.kind}/${dependency.key}" => dependency.is_shared ? null : dependency.service... }

  # Services that make something of their own to encrypt.
  makers = toset([for dependency in values(local.dependencies) : dependency.service if !dependency.is_shared && dependency.existing == null && dependency.kind != "service"])
  key_services = toset([for name, service in local.services : name if service.spec.data.encryption_key == "own" && (
    contains(local.makers, name)
    || length([for secret in service.spec.secrets : 1 if secret.existing == null]) > 0
    || service.spec.service.type == "function"
  )])
}
