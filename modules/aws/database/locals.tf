locals {
  port   = 5432
  master = "platform"

  made         = { for key, item in var.instances : key => item if item.existing == null }
  existing     = { for key, item in var.instances : key => item.existing if item.existing != null }
  standard     = { for key, item in local.made : key => item if item.engine == "postgres" }
  aurora       = { for key, item in local.made : key => item if item.engine == "aurora-postgresql" }
  with_own_key = { for key, item in local.made : key => item if item.encryption_key == null }
  monitored    = { for key, item in local.made : key => item if item.monitoring_interval_seconds > 0 }
  bootstrapped = { for key, item in local.made : key => item if length(item.databases) > 0 }

  labels              = { for key, item in local.made : key => merge(var.labels, item.labels) }
  deletion_protection = { for key, item in local.made : key => coalesce(item.deletion_protection, var.deletion_protection) }
  final_snapshot      = { for key, item in local.made : key => coalesce(item.final_snapshot, local.deletion_protection[key]) }
  families            = { for key, item in local.made : key => "${item.engine}${split(".", item.version)[0]}" }
  log_exports = {
    for key, item in local.made : key =>
    item.log_exports != null ? item.log_exports : toset(item.engine == "postgres" ? ["postgresql", "upgrade"] : ["postgresql"])
  }

  # What every instance logs beside what item.parameters asks for, and TLS, which nothing can turn off.
  parameters = {
    for key, item in local.made : key => merge({
      log_connections            = { value = "1", apply_method = "immediate" }
      log_disconnections         = { value = "1", apply_method = "immediate" }
      log_lock_waits             = { value = "1", apply_method = "immediate" }
      log_min_duration_statement = { value = "1000", apply_method = "immediate" }
      log_statement              = { value = "ddl", apply_method = "immediate" }
      }, {
      for name, value in item.parameters : name => { value = value, apply_method = "pending-reboot" }
      }, {
      "rds.force_ssl" = { value = "1", apply_method = "pending-reboot" }
    })
  }

  key_arns = {
    for key, item in local.made : key => item.encryption_key == null ? aws_kms_key.this[key].arn : item.encryption_key.arn
  }
  arns = merge(
    { for key, instance in aws_db_instance.this : key => instance.arn },
    { for key, cluster in aws_rds_cluster.this : key => cluster.arn },
  )
  hosts = merge(
    { for key, item in local.existing : key => item.host },
    { for key, instance in aws_db_instance.this : key => instance.address },
    { for key, cluster in aws_rds_cluster.this : key => cluster.endpoint },
  )
  identifiers = merge(
    { for key, item in local.existing : key => item.identifier },
    { for key, instance in aws_db_instance.this : key => instance.identifier },
    { for key, cluster in aws_rds_cluster.this : key => cluster.cluster_identifier },
  )
  ports = merge(
    { for key, item in local.existing : key => item.port },
    { for key, item in local.made : key => local.port },
  )
  reader_hosts = merge(
    { for key, item in local.existing : key => coalesce(item.reader_host, item.host) },
    { for key, instance in aws_db_instance.this : key => instance.address },
    { for key, cluster in aws_rds_cluster.this : key => cluster.reader_endpoint },
  )
  resource_ids = merge(
    { for key, item in local.existing : key => item.resource_id },
    { for key, instance in aws_db_instance.this : key => instance.resource_id },
    { for key, cluster in aws_rds_cluster.this : key => cluster.cluster_resource_id },
  )
  secret_arns = merge(
    { for key, item in local.existing : key => item.secret_arn },
    { for key, instance in aws_db_instance.this : key => instance.master_user_secret[0].secret_arn },
    { for key, cluster in aws_rds_cluster.this : key => cluster.master_user_secret[0].secret_arn },
  )
  security_group_ids = merge(
    { for key, item in local.existing : key => item.security_group_id },
    { for key, group in aws_security_group.this : key => group.id },
  )
  connect_arn_prefix = "arn:${var.account.partition}:rds-db:${var.account.region}:${var.account.id}:dbuser"
  connect_arns = {
    for key, item in var.instances : key => {
      for service, entry in item.databases : service =>
      local.resource_ids[key] == null ? null : "${local.connect_arn_prefix}:${local.resource_ids[key]}/${entry.role}"
    }
  }
}
