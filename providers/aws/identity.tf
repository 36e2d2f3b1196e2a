# What each service may do, from what it uses: in the cluster by its service account, elsewhere by the role of its task, job or function.
locals {
  uses = { for service, uses in module.base.uses : service => {
    for kind in ["cache", "database", "file", "function", "queue", "service", "storage", "table"] : kind => { for name, used in uses.dependencies : name => used if used.kind == kind }
  } }
  kubernetes_services = { for service, config in module.base.services : service => config if anytrue([
    for process in values(module.base.processes) : process.service == service && process.runtime == "kubernetes"
  ]) }
  jobs_by_service = { for key, process in local.batch_processes : process.service => key... }

  role_services = { for service in keys(module.base.services) : service => {
    buckets = { for name, used in local.uses[service].storage : name => { arn = module.storage.arns[used.key], prefix = used.prefix, key_arn = module.storage.key_arns[used.key] } }
    queues  = { for name, used in local.uses[service].queue : name => { arn = module.queue.arns[used.key], key_arn = module.queue.key_arns[used.key] } }
    secrets = { for name, key in module.base.uses[service].secrets : name => { arn = module.secrets.arns[key], key_arn = module.secrets.key_arns[key] } }
    tables  = { for name, used in local.uses[service].table : name => { arn = module.metadata.arns[used.key], key_arn = module.metadata.key_arns[used.key] } }
    functions = merge(
      { for name, used in local.uses[service].function : name => { arn = local.function_arns[used.key] } },
      { for name, used in local.uses[service].service : name => { arn = local.function_arns[used.key] } if contains(keys(local.function_arns), used.key) },
    )
    # A database or cache that is brought without its identity is reached with the credentials of its secret.
    databases = { for name, used in local.uses[service].database : name => { connect_arn = module.database.connect_arns[used.key][service] }
      if try(module.base.databases[used.key].existing, null) == null || try(module.base.databases[used.key].existing.resource_id, null) != null
    }
    caches = { for name, used in local.uses[service].cache : name => { arn = module.cache.arns[used.key], user_arn = module.cache.user_arns[used.key][service] }
      if module.base.caches[used.key].existing == null
    }
    brought_secrets = toset([for secret in concat(
      [for used in values(local.uses[service].database) : try(module.base.databases[used.key].existing.secret, null) if try(module.base.databases[used.key].service, null) != null],
      [for used in values(local.uses[service].cache) : try(module.base.caches[used.key].existing.secret, null)],
    ) : secret if secret != null])
  } }
}

# What a job is submitted to, and as.
locals {
  submissions = { for key, process in local.batch_processes : key => {
    queue_arn      = module.batch.queue_arns[local.batch_pool[process.spot ? "spot" : "steady"][process.gpus > 0 ? "gpu" : "general"]]
    definition_arn = module.batch.job_definition_arns[key]
  } }
}

module "identity" {
  source = "../../modules/aws/identity"

  name    = local.name
  labels  = local.labels
  account = local.account
  mode    = var.eks_config.identity_mode
  cluster = !local.make_cluster ? null : {
    name              = module.cluster[0].name
    arn               = module.cluster[0].arn
    oidc_issuer       = module.cluster[0].oidc_issuer
    oidc_provider_arn = module.cluster[0].oidc_provider_arn
  }
  services = { for service, config in local.kubernetes_services : service => {
    name            = module.base.names.role[service]
    labels          = module.base.service_labels[service]
    namespace       = config.metadata.namespace
    service_account = service
    existing        = contains(keys(var.environment.identities), service) ? { role_arn = var.environment.identities[service] } : null
    buckets         = local.role_services[service].buckets
    queues          = { for name, queue in local.role_services[service].queues : name => merge(queue, { send = true, receive = true }) }
    secrets = merge(
      local.role_services[service].secrets,
      { for arn in local.role_services[service].brought_secrets : "brought-${substr(sha256(arn), 0, 8)}" => { arn = arn, key_arn = null } },
    )
    databases = local.role_services[service].databases
    caches    = local.role_services[service].caches
    tables    = local.role_services[service].tables
    functions = local.role_services[service].functions
    jobs      = { for key in lookup(local.jobs_by_service, service, []) : key => local.submissions[key] }
    tracing   = config.spec.monitoring.tracing.enabled
  } }
  ci = var.environment.pipelines == null ? null : {
    issuer   = var.environment.pipelines.issuer
    audience = var.environment.pipelines.audience
    existing = var.environment.pipelines.existing_provider == null ? null : { provider_arn = var.environment.pipelines.existing_provider }
    plan     = { subjects = toset(var.environment.pipelines.plan_subjects) }
    apply = {
      subjects    = toset(var.environment.pipelines.apply_subjects)
      policy_arns = { administrator = "arn:${local.account.partition}:iam::aws:policy/AdministratorAccess" }
    }
    state = {
      bucket_arn = "arn:${local.account.partition}:s3:::${coalesce(var.environment.state.bucket, "${var.environment.project}-${var.environment.name}-tfstate-${local.account.id}")}"
      key_prefix = "${var.environment.name}/"
      key_arn    = var.environment.state.kms_key
    }
  }
}

# The same permissions as statements, for roles that are not taken through the cluster.
locals {
  permissions = { for service, role in local.role_services : service => { for name, permission in merge(
    { for name, bucket in role.buckets : "objects-${name}" => {
      actions   = ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:GetObjectTagging", "s3:PutObject", "s3:PutObjectTagging"]
      resources = ["${bucket.arn}/${bucket.prefix == "" ? "" : "${bucket.prefix}/"}*"]
    } },
    { for name, bucket in role.buckets : "find-${name}" => { actions = ["s3:GetBucketLocation"], resources = [bucket.arn] } },
    { for name, bucket in role.buckets : "list-${name}" => {
      actions    = ["s3:ListBucket"]
      resources  = [bucket.arn]
      conditions = bucket.prefix == "" ? {} : { StringLike = { "s3:prefix" = ["${bucket.prefix}/*"] } }
    } },
    { for name, queue in role.queues : "messages-${name}" => {
      actions   = ["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:ReceiveMessage", "sqs:SendMessage"]
      resources = [queue.arn]
    } },
    { for name, secret in role.secrets : "secret-${name}" => { actions = ["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"], resources = [secret.arn] } },
    { for arn in role.brought_secrets : "brought-${substr(sha256(arn), 0, 8)}" => { actions = ["secretsmanager:GetSecretValue"], resources = [arn] } },
    { for name, database in role.databases : "database-${name}" => { actions = ["rds-db:connect"], resources = [database.connect_arn] } },
    { for name, cache in role.caches : "cache-${name}" => { actions = ["elasticache:Connect"], resources = [cache.arn, cache.user_arn] } },
    { for name, table in role.tables : "table-${name}" => {
      actions   = ["dynamodb:BatchGetItem", "dynamodb:BatchWriteItem", "dynamodb:DeleteItem", "dynamodb:DescribeTable", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:Scan", "dynamodb:UpdateItem"]
      resources = [table.arn, "${table.arn}/index/*"]
    } },
    { for name, function in role.functions : "function-${name}" => { actions = ["lambda:InvokeFunction"], resources = [function.arn] } },
    # Which keys there are is known before anything is made: those of the things above.
    { for name in ["keys"] : name => {
      actions = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*"]
      resources = distinct(compact(concat(
        values(role.buckets)[*].key_arn, values(role.queues)[*].key_arn, values(role.secrets)[*].key_arn, values(role.tables)[*].key_arn,
      )))
      # Never by itself, only through what the key encrypts.
      conditions = { StringEquals = { "kms:ViaService" = [for kind in ["dynamodb", "s3", "secretsmanager", "sqs"] : "${kind}.${local.account.region}.amazonaws.com"] } }
    } if length(role.buckets) + length(role.queues) + length(role.secrets) + length(role.tables) > 0 },
    # X-Ray knows no single resource in these. A function has them from its own tracing.
    { for name in ["traces"] : name => {
      actions   = ["xray:GetSamplingRules", "xray:GetSamplingTargets", "xray:PutTelemetryRecords", "xray:PutTraceSegments"]
      resources = ["*"]
    } if module.base.services[service].spec.monitoring.tracing.enabled },
  ) : name => permission } }

  # A service's containers also submit its jobs, and look how they get on; Batch knows no single job in the latter.
  container_permissions = { for service, permissions in local.permissions : service => merge(
    permissions,
    { for key in lookup(local.jobs_by_service, service, []) : "submit-${replace(key, "/", "-")}" => {
      actions   = ["batch:SubmitJob"]
      resources = [local.submissions[key].queue_arn, local.submissions[key].definition_arn, "${local.submissions[key].definition_arn}:*"]
    } },
    { for name in ["jobs"] : name => { actions = ["batch:DescribeJobs", "batch:ListJobs"], resources = ["*"] } if contains(keys(local.jobs_by_service), service) },
  ) }
}
