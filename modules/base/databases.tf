locals {
  databases = { for key, users in local.database_users : key => {
    backup_retention_days = local.days[key == "shared" ? var.environment.shared.database.backup_retention : users[0].wanted.backup_retention]
    databases             = { for user in users : user.service => { database = local.database_names[user.service], role = local.database_names[user.service] } }
    encryption_key_of     = key != "shared" && contains(local.key_services, users[0].service) ? users[0].service : null
    engine                = key == "shared" ? var.environment.shared.database.engine : users[0].wanted.engine
    existing = key == "shared" ? try({
      database       = null
      host           = var.environment.shared.database.existing.host
      port           = var.environment.shared.database.existing.port
      reader_host    = var.environment.shared.database.existing.reader_host
      resource_id    = var.environment.shared.database.existing.resource_id
      secret         = var.environment.shared.database.existing.secret
      security_group = var.environment.shared.database.existing.security_group
      }, null) : try({
      database       = users[0].existing.database
      host           = users[0].existing.host
      port           = users[0].existing.port
      reader_host    = null
      resource_id    = null
      secret         = users[0].existing.secret
      security_group = null
    }, null)
    labels       = key == "shared" ? {} : local.service_labels[users[0].service]
    machine_type = try(var.environment.sizes.database[key == "shared" ? var.environment.shared.database.size : users[0].wanted.size], null)
    multi_az     = var.environment.shared.database.multi_az
    name         = local.names.database[key]
    replicas     = key == "shared" ? var.environment.shared.database.replicas : users[0].wanted.replicas
    service      = key == "shared" ? null : users[0].service
    storage_gb   = max(20, ceil(local.bytes[key == "shared" ? var.environment.shared.database.storage : users[0].wanted.storage] / local.gibibyte))
    version      = key == "shared" ? var.environment.shared.database.version : coalesce(users[0].wanted.version, var.environment.shared.database.version)
  } }

  tables = { for key, users in local.table_users : key => {
    backup_retention_days = local.days[users[0].wanted.backup_retention]
    encryption_key_of     = !users[0].is_shared && contains(local.key_services, users[0].service) ? users[0].service : null
    existing              = try({ table = users[0].existing.table }, null)
    expires               = try(users[0].wanted.table.expires, null)
    labels                = users[0].is_shared ? {} : local.service_labels[users[0].service]
    name                  = local.names.table[key]
    partition_key         = try(coalesce(users[0].wanted.table.partition_key), "id")
    service               = users[0].is_shared ? null : users[0].service
    sort_key              = try(users[0].wanted.table.sort_key, null)
  } }
}
