module "observability" {
  source = "../../modules/aws/observability"

  name          = local.name
  labels        = local.labels
  account       = local.account
  notify_emails = toset(var.environment.notify)

  log_groups = { for service, config in local.kubernetes_services : service => {
    name           = "/inferloop/${var.environment.name}/${service}"
    labels         = module.base.service_labels[service]
    retention_days = module.base.retention_days.services[service]
    error_pattern  = "?ERROR ?CRITICAL"
  } }
  databases = { for key, database in local.databases_made : key => { identifier = database.name, aurora = database.engine == "aurora-postgresql", labels = database.labels } }
  # Nodes are named after their group, from 001 on.
  caches = { for key, cache in local.caches_made : key => { nodes = toset([for index in range(cache.replicas + 1) : format("%s-%03d", cache.name, index + 1)]), labels = cache.labels } }
  queues = { for key, queue in module.base.queues : key => {
    name             = module.queue.names[key]
    dead_letter_name = queue.max_receives == null ? null : module.queue.dead_letter_names[key]
    labels           = queue.labels
    age_seconds      = max(900, queue.visibility_seconds)
  } if queue.existing == null }
  functions = { for key, function in local.functions_made : key => { name = function.name, labels = function.labels } }
  load_balancers = { for key in local.fargate_ingresses : key => {
    load_balancer        = module.containers.load_balancer_arn_suffix
    target_group         = module.containers.target_group_arn_suffixes[key]
    labels               = local.fargate_processes[key].labels
    availability_percent = coalesce(module.base.services[local.fargate_processes[key].service].spec.slo.availability, 99)
    latency_p95_seconds  = local.latency_seconds[local.fargate_processes[key].service]
  } }
  traces = { for service, config in module.base.services : service => {
    sampling_rate = config.spec.monitoring.tracing.sampling_rate
    labels        = module.base.service_labels[service]
  } if config.spec.monitoring.tracing.enabled }

  budgets = var.environment.budget == null ? {} : merge(
    { all = { limit_usd = var.environment.budget.monthly, tags = { Environment = var.environment.name } } },
    { for service, limit in var.environment.budget.services : service => { limit_usd = limit, tags = { Service = service } } },
  )
  anomaly = var.environment.budget == null ? null : {
    min_impact_usd = var.environment.budget.anomaly_threshold
    monitor_arn    = var.environment.budget.existing_monitor
  }
}

locals {
  latency_seconds = { for service, config in module.base.services : service => (
    config.spec.slo.latency_p95 == null ? null :
    endswith(config.spec.slo.latency_p95, "ms") ? tonumber(trimsuffix(config.spec.slo.latency_p95, "ms")) / 1000 : tonumber(trimsuffix(config.spec.slo.latency_p95, "s"))
  ) }
}
