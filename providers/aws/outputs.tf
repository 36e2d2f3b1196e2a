output "ci" {
  description = "Roles that deployment pipelines take to plan and to apply; null where no pipelines are named."
  value = var.environment.pipelines == null ? null : {
    plan_role_arn  = module.identity.ci_plan_role_arn
    apply_role_arn = module.identity.ci_apply_role_arn
  }
}

output "name_servers" {
  description = "Name servers to delegate the environment's domain to; empty where the zone is brought."
  value       = module.edge.name_servers
}

output "platform" {
  description = "What the second stage and people need to know of this environment; never a secret. Its form is modules/base/platform.schema.json."
  value = {
    name        = local.name
    environment = var.environment.name
    cloud       = "aws"
    region      = var.environment.region
    placeholder = false
    account     = local.account.id
    labels      = local.labels
    network     = { cidr = local.network.cidr }

    cluster = !local.make_cluster ? null : {
      name           = module.cluster[0].name
      endpoint       = module.cluster[0].endpoint
      ca_certificate = module.cluster[0].ca_certificate
      version        = coalesce(module.cluster[0].version, var.eks_config.version)
      auth           = { kind = "aws-eks", region = var.environment.region, cluster = module.cluster[0].name }
      node_pools = { for name, pool in module.cluster[0].node_pools : name => {
        min    = pool.min
        max    = pool.max
        spot   = pool.spot
        gpu    = pool.gpu
        labels = pool.labels
        taints = pool.taints
      } }
    }

    dns = {
      domain       = var.environment.dns.domain
      zone         = module.edge.zone_id
      certificate  = module.edge.certificate_arn
      name_servers = module.edge.name_servers
    }

    registry = {
      host         = module.registry.host
      repositories = module.registry.urls
    }

    object_storage = {
      scheme   = "s3"
      endpoint = null
      buckets = { for service, uses in local.uses : service => { for name, used in uses.storage : name => {
        bucket = module.storage.names[used.key]
        prefix = used.prefix
      } } }
    }

    databases = { for service, uses in local.uses : service => { for name, used in uses.database : name => {
      host     = module.database.hosts[used.key]
      port     = module.database.ports[used.key]
      database = local.dependency_outputs[service][name].database
      user     = local.dependency_outputs[service][name].user
      auth     = contains(keys(local.role_services[service].databases), name) ? "iam" : "secret"
      secret   = contains(keys(local.role_services[service].databases), name) ? null : module.database.secret_arns[used.key]
    } } }
    caches = { for service, uses in local.uses : service => { for name, used in uses.cache : name => {
      name   = module.base.caches[used.key].existing == null ? module.base.caches[used.key].name : null
      host   = module.cache.hosts[used.key]
      port   = module.cache.ports[used.key]
      user   = module.base.caches[used.key].users[service]
      prefix = "${service}:"
      auth   = module.base.caches[used.key].existing == null ? "iam" : "secret"
      secret = try(module.base.caches[used.key].existing.secret, null)
    } } }
    queues = { for service, uses in local.uses : service => { for name, used in uses.queue : name => {
      scheme = "sqs"
      name   = module.queue.names[used.key]
      url    = module.queue.urls[used.key]
      arn    = module.queue.arns[used.key]
    } } }
    tables = { for service, uses in local.uses : service => { for name, used in uses.table : name => { name = module.metadata.names[used.key] } } }
    files = { for service, uses in local.uses : service => { for name, used in uses.file : name => {
      file_system  = module.files.ids[used.key]
      access_point = try(module.files.access_point_ids[used.key][service], null)
      path         = used.path
    } } }
    functions = { for service, uses in local.uses : service => { for name, used in uses.function : name => { name = module.base.functions[used.key].name, arn = local.function_arns[used.key] } } }

    secret_store = {
      kind   = "aws-secrets-manager"
      region = var.environment.region
      secrets = { for service, uses in module.base.uses : service => {
        for name, key in uses.secrets : name => module.secrets.arns[key]
      } }
    }

    identities = { for service in keys(local.kubernetes_services) : service => {
      namespace       = local.kubernetes_services[service].metadata.namespace
      service_account = service
      role            = module.identity.role_arns[service]
      annotations     = module.identity.annotations[service]
    } }

    controllers = { for addon in keys(local.addon_roles) : addon => {
      namespace       = local.catalog[addon].namespace
      service_account = local.catalog[addon].identity.service_account
      role            = module.addons.role_arns[addon]
      annotations     = module.addons.annotations[addon]
    } }
    backup = { bucket = lookup(module.cluster_backup.names, "velero", null) }

    storage_classes = !local.make_cluster ? {} : {
      default = { provisioner = "ebs.csi.aws.com", parameters = { type = "gp3", encrypted = "true", kmsKeyId = module.cluster[0].volumes_key_arn } }
    }

    load_balancer = {
      kind           = "aws-load-balancer-controller"
      security_group = module.edge.load_balancer_security_group_id
      web_acl        = module.edge.web_acl_arn
      hostname       = module.containers.load_balancer_dns_name
    }

    observability = {
      log_groups    = module.observability.log_group_names
      notifications = module.observability.topic_arn
      traces        = "aws-xray"
      dashboard     = module.observability.dashboard_name
    }

    quotas = module.base.quotas
    sites  = module.cdn.urls
  }
  precondition {
    condition     = length(local.problems) == 0
    error_message = join("\n", local.problems)
  }
}
