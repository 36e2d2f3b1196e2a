# What is known before anything is made stands here as it will be: names, prefixes, ports, namespaces. What a cloud makes up has
# names below .invalid, which never resolve (RFC 2606), and numbers of zeros.
module "base" {
  source = "../"

  cluster       = var.cluster
  environment   = var.environment
  services      = var.services
  unique_suffix = var.cloud == "aws" ? local.account : null
}

locals {
  # Account, subscription or project.
  account = lookup({ aws = coalesce(var.environment.account.id, "000000000000"), azure = "00000000-0000-0000-0000-000000000000", gcp = "placeholder" }, var.cloud, null)
  region  = var.environment.region
  arn     = "arn:${var.environment.account.partition}"
  host    = "${module.base.name}.placeholder.invalid"

  clouds = {
    aws = {
      auth    = { kind = "aws-eks", region = local.region, cluster = module.base.name }, balancer = "aws-load-balancer-controller", queue = "sqs", objects = "s3"
      secrets = "aws-secrets-manager", provisioner = "ebs.csi.aws.com", registry = "${coalesce(local.account, "-")}.dkr.ecr.${local.region}.amazonaws.com"
    }
    azure = {
      auth    = { kind = "azure-aks" }, balancer = "azure", queue = "servicebus", objects = "az"
      secrets = "azure-key-vault", provisioner = "disk.csi.azure.com", registry = "placeholder.azurecr.io"
    }
    gcp = {
      auth    = { kind = "gcp-gke" }, balancer = "gke", queue = "pubsub", objects = "gs"
      secrets = "gcp-secret-manager", provisioner = "pd.csi.storage.gke.io", registry = "${local.region}-docker.pkg.dev"
    }
    onprem = {
      auth    = { kind = "client-certificate" }, balancer = "metallb", queue = "amqp", objects = "s3"
      secrets = "vault", provisioner = "placeholder.invalid", registry = "registry.placeholder.invalid"
    }
  }
  cloud = { for field, found in local.clouds[var.cloud] : field => found }

  uses = { for service, uses in module.base.uses : service => {
    for kind in ["cache", "database", "file", "function", "queue", "storage", "table"] : kind => { for name, used in uses.dependencies : name => used.key if used.kind == kind }
  } }
  kubernetes_services = { for name, service in module.base.services : name => service if anytrue([
    for process in values(module.base.processes) : process.service == name && process.runtime == "kubernetes"
  ]) }

  cluster = !var.cluster.enabled ? null : {
    name           = module.base.name
    endpoint       = "https://${local.host}"
    ca_certificate = base64encode("placeholder")
    version        = var.kubernetes_version
    auth           = local.cloud.auth
    node_pools = { for name, pool in var.cluster.node_pools : name => {
      min  = pool.min
      max  = pool.max
      spot = pool.spot
      gpu  = pool.gpu
      labels = merge(
        { "inferloop.io/pool" = name, "inferloop.io/capacity" = pool.spot ? "spot" : "on-demand" },
        { for gpu in pool.gpu[*] : "inferloop.io/gpu-type" => gpu.type },
        { for gpu in pool.gpu[*] : "inferloop.io/gpu-count" => tostring(gpu.count) },
      )
      taints = concat(
        [for taint in ["inferloop.io/spot"] : { key = taint, value = "true", effect = "NoSchedule" } if pool.spot],
        [for taint in ["nvidia.com/gpu"] : { key = taint, value = "present", effect = "NoSchedule" } if pool.gpu != null],
      )
    } }
  }

  platform = {
    name        = module.base.name
    environment = var.environment.name
    cloud       = var.cloud
    region      = local.region
    account     = local.account
    placeholder = true
    labels      = module.base.labels
    network     = { cidr = var.environment.network.existing == null ? var.environment.network.cidr : var.environment.network.existing.cidr }
    cluster     = local.cluster

    dns = {
      domain       = var.environment.dns.domain
      zone         = var.environment.dns.existing_zone
      certificate  = var.environment.dns.existing_certificate
      name_servers = []
    }
    registry = {
      host         = local.cloud.registry
      repositories = { for service in keys(module.base.services) : service => "${coalesce(var.environment.registry.existing, "${local.cloud.registry}/${module.base.name}")}/${service}" }
    }

    object_storage = {
      scheme   = local.cloud.objects
      endpoint = null
      buckets = { for service, uses in local.uses : service => { for name, key in uses.storage : name => {
        bucket = module.base.buckets[key].existing != null ? module.base.buckets[key].existing.bucket : module.base.buckets[key].name
        prefix = module.base.uses[service].dependencies[name].prefix
      } } }
    }
    databases = { for service, uses in local.uses : service => { for name, key in uses.database : name => {
      host     = try(module.base.databases[key].existing.host, "${module.base.databases[key].name}.placeholder.invalid")
      port     = try(module.base.databases[key].existing.port, 5432)
      database = try(coalesce(module.base.databases[key].existing.database), module.base.databases[key].databases[service].database)
      user     = module.base.databases[key].databases[service].role
      auth     = module.base.databases[key].existing == null ? "iam" : "secret"
      secret   = module.base.databases[key].existing == null ? null : module.base.databases[key].existing.secret
    } } }
    caches = { for service, uses in local.uses : service => { for name, key in uses.cache : name => {
      name   = module.base.caches[key].existing == null ? module.base.caches[key].name : null
      host   = try(module.base.caches[key].existing.host, "${module.base.caches[key].name}.placeholder.invalid")
      port   = try(module.base.caches[key].existing.port, 6379)
      user   = module.base.caches[key].users[service]
      prefix = "${service}:"
      auth   = module.base.caches[key].existing == null ? "iam" : "secret"
      secret = try(module.base.caches[key].existing.secret, null)
    } } }
    queues = { for service, uses in local.uses : service => { for name, key in uses.queue : name => {
      scheme = local.cloud.queue
      name   = module.base.queues[key].name
      url    = try(module.base.queues[key].existing.url, var.cloud == "aws" ? "https://sqs.${local.region}.amazonaws.com/${local.account}/${module.base.queues[key].name}" : "${local.cloud.queue}://${local.host}/${module.base.queues[key].name}")
      arn    = try(module.base.queues[key].existing.arn, var.cloud == "aws" ? "${local.arn}:sqs:${local.region}:${local.account}:${module.base.queues[key].name}" : module.base.queues[key].name)
    } } }
    tables = { for service, uses in local.uses : service => { for name, key in uses.table : name => { name = try(module.base.tables[key].existing.table, module.base.tables[key].name) } } }
    files = { for service, uses in local.uses : service => { for name, key in uses.file : name => {
      file_system  = try(module.base.file_systems[key].existing.file_system, "fs-00000000")
      access_point = var.cloud == "aws" ? "fsap-00000000" : null
      path         = module.base.uses[service].dependencies[name].path
    } } }
    functions = { for service, uses in local.uses : service => { for name, key in uses.function : name => {
      name = module.base.functions[key].name
      arn  = try(module.base.functions[key].existing.arn, var.cloud == "aws" ? "${local.arn}:lambda:${local.region}:${local.account}:function:${module.base.functions[key].name}" : module.base.functions[key].name)
    } } }

    secret_store = {
      kind   = local.cloud.secrets
      region = local.region
      secrets = { for service, uses in module.base.uses : service => { for name, key in uses.secrets : name =>
        try(module.base.secrets[key].existing.arn, var.cloud == "aws" ? "${local.arn}:secretsmanager:${local.region}:${local.account}:secret:${module.base.secrets[key].name}" : module.base.secrets[key].name)
      } }
    }
    identities = { for service, config in local.kubernetes_services : service => {
      namespace       = config.metadata.namespace
      service_account = service
      role            = lookup(var.environment.identities, service, var.cloud == "aws" ? "${local.arn}:iam::${local.account}:role/${module.base.names.role[service]}" : module.base.names.role[service])
      annotations     = {}
    } }
    controllers     = {}
    backup          = { bucket = var.cloud == "aws" && var.cluster.enabled ? "${module.base.name}-cluster-backups-${local.account}" : null }
    storage_classes = !var.cluster.enabled ? {} : { default = { provisioner = local.cloud.provisioner, parameters = {} } }
    load_balancer = {
      kind           = local.cloud.balancer
      security_group = null
      web_acl        = null
      hostname       = null
    }
    observability = { log_groups = {}, notifications = null, traces = null, dashboard = null }
    quotas        = module.base.quotas
    sites         = {}
  }
}
