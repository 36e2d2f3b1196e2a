# What keeps data. Each item is encrypted with the key of the service whose own it is, or with the platform's.
locals {
  databases_made = { for key, item in module.base.databases : key => item if item.existing == null }
  caches_made    = { for key, item in module.base.caches : key => item if item.existing == null }
  key_of = { for kind, items in {
    bucket   = module.base.buckets, cache = module.base.caches, database = module.base.databases, file_system = module.base.file_systems,
    function = module.base.functions, queue = module.base.queues, secret = module.base.secrets, table = module.base.tables,
    } : kind => {
    for key, item in items : key => item.encryption_key_of == null ? local.platform_key : local.service_keys[item.encryption_key_of]
  } }

  # S3 storage classes by what the configuration calls them; objects cannot move to infrequent access before they are 30 days old.
  storage_classes = { standard = {}, infrequent = { STANDARD_IA = 30 }, archive = { GLACIER_IR = 0 } }
}

module "database" {
  source = "../../modules/aws/database"

  name                = local.name
  labels              = local.labels
  account             = local.account
  network             = local.network
  deletion_protection = local.deletion_protection
  clients             = { for client, uses in local.clients : client => { security_group_id = uses.security_group_id, instances = uses.databases } if length(uses.databases) > 0 }
  instances = { for key, item in module.base.databases : key => {
    name                  = item.name
    labels                = item.labels
    engine                = item.engine
    version               = item.version
    instance_class        = item.machine_type
    storage_gb            = item.storage_gb
    multi_az              = item.multi_az
    replicas              = item.replicas
    backup_retention_days = item.backup_retention_days
    encryption_key        = local.key_of.database[key]
    log_retention_days    = local.log_days
    databases             = item.databases
    existing = item.existing == null ? null : {
      host              = item.existing.host
      port              = item.existing.port
      reader_host       = item.existing.reader_host
      database          = item.existing.database
      secret_arn        = item.existing.secret
      resource_id       = item.existing.resource_id
      security_group_id = item.existing.security_group
    }
  } }
}

module "cache" {
  source = "../../modules/aws/cache"

  name                = local.name
  labels              = local.labels
  account             = local.account
  network             = local.network
  deletion_protection = local.deletion_protection
  clients             = { for client, uses in local.clients : client => { security_group_id = uses.security_group_id, caches = uses.caches } if length(uses.caches) > 0 }
  caches = { for key, item in module.base.caches : key => {
    name               = item.name
    labels             = item.labels
    engine             = item.engine
    version            = item.version
    node_type          = item.machine_type
    replicas           = item.replicas
    encryption_key     = local.key_of.cache[key]
    log_retention_days = local.log_days
    services           = { for service, user in item.users : service => { user = user } }
    existing = item.existing == null ? null : {
      host              = item.existing.host
      port              = item.existing.port
      arn               = item.existing.arn
      security_group_id = item.existing.security_group
    }
  } }
}

module "storage" {
  source = "../../modules/aws/storage"

  name                = local.name
  labels              = local.labels
  account             = local.account
  deletion_protection = local.deletion_protection
  distributions       = { for service, site in module.base.sites : site.bucket => { arn = module.cdn.distribution_arns[service] } }
  buckets = { for key, item in module.base.buckets : key => {
    name           = item.name
    labels         = item.labels
    encryption_key = local.key_of.bucket[key]
    event_bridge   = item.events
    lifecycle = { for service, rule in item.lifecycle : service => {
      prefix      = rule.prefix
      expire_days = rule.expire_after_days
      transitions = merge(
        local.storage_classes[item.class],
        { for days in [rule.infrequent_after_days] : "STANDARD_IA" => days if days != null },
        { for days in [rule.archive_after_days] : "GLACIER_IR" => days if days != null },
      )
    } }
    existing = item.existing == null ? null : { name = item.existing.bucket, key_arn = item.existing.encryption_key }
  } }
}

module "queue" {
  source = "../../modules/aws/queue"

  name    = local.name
  labels  = local.labels
  account = local.account
  queues = { for key, item in module.base.queues : key => {
    name               = item.name
    labels             = item.labels
    fifo               = item.fifo
    visibility_seconds = item.visibility_seconds
    retention_seconds  = item.retention_seconds
    encryption_key     = local.key_of.queue[key]
    dead_letter        = { enabled = item.max_receives != null, max_receives = coalesce(item.max_receives, 5) }
    existing           = item.existing == null ? null : { arn = item.existing.arn, url = item.existing.url, key_arn = item.existing.encryption_key }
  } }
}

module "secrets" {
  source = "../../modules/aws/secrets"

  name                = local.name
  labels              = local.labels
  account             = local.account
  deletion_protection = local.deletion_protection
  secrets = { for key, item in module.base.secrets : key => {
    name           = item.name
    service        = item.service
    labels         = item.labels
    encryption_key = local.key_of.secret[key]
    rotation       = item.rotation == null ? null : { function_arn = item.rotation.function, days = item.rotation.days }
    existing       = item.existing
  } }
}

module "files" {
  source = "../../modules/aws/files"

  labels  = local.labels
  account = local.account
  network = local.network
  clients = { for client, uses in local.clients : client => { security_group_id = uses.security_group_id, file_systems = uses.file_systems } if length(uses.file_systems) > 0 }
  file_systems = { for key, item in module.base.file_systems : key => {
    name                  = item.name
    labels                = item.labels
    encryption_key        = local.key_of.file_system[key]
    infrequent_after_days = item.infrequent_after_days
    archive_after_days    = item.archive_after_days
    access_points         = { for service, path in item.paths : service => { path = path, labels = module.base.service_labels[service] } }
    existing = item.existing == null ? null : {
      id                = item.existing.file_system
      arn               = "arn:${local.account.partition}:elasticfilesystem:${local.account.region}:${local.account.id}:file-system/${item.existing.file_system}"
      security_group_id = item.existing.security_group
    }
  } }
}

module "metadata" {
  source = "../../modules/aws/metadata"

  labels              = local.labels
  account             = local.account
  deletion_protection = local.deletion_protection
  tables = { for key, item in module.base.tables : key => {
    name           = item.name
    service        = coalesce(item.service, "shared")
    labels         = item.labels
    encryption_key = local.key_of.table[key]
    hash_key       = { name = item.partition_key }
    range_key      = item.sort_key == null ? null : { name = item.sort_key }
    ttl_attribute  = item.expires
    recovery_days  = item.backup_retention_days
    existing = item.existing == null ? null : {
      name = item.existing.table
      arn  = "arn:${local.account.partition}:dynamodb:${local.account.region}:${local.account.id}:table/${item.existing.table}"
    }
  } }
}

module "backup" {
  source = "../../modules/aws/backup"

  name                = local.name
  labels              = local.labels
  account             = local.account
  deletion_protection = local.deletion_protection
  encryption_key      = local.platform_key
  plans = !var.environment.backup.enabled ? {} : {
    all = {
      rules = { scheduled = {
        schedule                = var.environment.backup.schedule
        retention_days          = module.base.retention_days.backup
        cold_storage_after_days = module.base.retention_days.backup_cold
      } }
      select_tags = { Project = var.environment.project, Environment = var.environment.name }
    }
  }
}
