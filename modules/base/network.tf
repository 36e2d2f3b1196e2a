locals {
  # Ranges that the network must keep away from, by what they are for.
  reserved_cidrs = merge(
    { kubernetes-services = var.environment.network.service_cidr },
    { for index, range in var.environment.network.reserved_cidrs : "reserved-${index + 1}" => range },
  )

  retention_days = {
    backup      = local.days[var.environment.backup.retention]
    backup_cold = try(local.days[coalesce(var.environment.backup.cold_after)], null)
    flow_logs   = local.days[var.environment.network.flow_logs.retention]
    logs        = local.days[var.environment.log_retention]
    services    = { for name, service in local.services : name => local.days[coalesce(service.spec.monitoring.logs.retention, var.environment.log_retention)] }
  }
}
