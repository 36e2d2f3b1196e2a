# The name holds the family, so that a new major version finds its group made before the old one goes.
resource "aws_db_parameter_group" "this" {
  for_each = local.standard

  name        = "${each.value.name}-${local.families[each.key]}"
  family      = local.families[each.key]
  description = "Parameters of ${each.value.name}"
  tags        = local.labels[each.key]

  dynamic "parameter" {
    for_each = local.parameters[each.key]
    content {
      name         = parameter.key
      value        = parameter.value.value
      apply_method = parameter.value.apply_method
    }
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_db_instance" "this" {
  for_each = local.standard

  identifier                  = each.value.name
  engine                      = each.value.engine
  engine_version              = each.value.version
  allow_major_version_upgrade = each.value.major_upgrade
  auto_minor_version_upgrade  = true
  instance_class              = each.value.instance_class
  apply_immediately           = each.value.apply_immediately

  allocated_storage     = each.value.storage_gb
  max_allocated_storage = each.value.storage_max_gb
  storage_type          = coalesce(each.value.storage_type, "gp3")
  storage_encrypted     = true
  kms_key_id            = local.key_arns[each.key]

  username                            = local.master
  manage_master_user_password         = true
  master_user_secret_kms_key_id       = local.key_arns[each.key]
  iam_database_authentication_enabled = true
  parameter_group_name                = aws_db_parameter_group.this[each.key].name
  ca_cert_identifier                  = "rds-ca-rsa2048-g1"

  port                   = local.port
  multi_az               = each.value.multi_az
  db_subnet_group_name   = aws_db_subnet_group.this[0].name
  vpc_security_group_ids = [aws_security_group.this[each.key].id]
  publicly_accessible    = false

  backup_retention_period   = each.value.backup_retention_days
  backup_window             = each.value.backup_window
  maintenance_window        = each.value.maintenance_window
  copy_tags_to_snapshot     = true
  delete_automated_backups  = !local.deletion_protection[each.key]
  deletion_protection       = local.deletion_protection[each.key]
  skip_final_snapshot       = !local.final_snapshot[each.key]
  final_snapshot_identifier = local.final_snapshot[each.key] ? "${each.value.name}-final" : null

  performance_insights_enabled          = each.value.performance_insights_days > 0
  performance_insights_retention_period = each.value.performance_insights_days > 0 ? each.value.performance_insights_days : null
  performance_insights_kms_key_id       = each.value.performance_insights_days > 0 ? local.key_arns[each.key] : null
  monitoring_interval                   = each.value.monitoring_interval_seconds
  monitoring_role_arn                   = each.value.monitoring_interval_seconds > 0 ? aws_iam_role.monitoring[0].arn : null
  enabled_cloudwatch_logs_exports       = local.log_exports[each.key]

  tags = local.labels[each.key]

  lifecycle {
    precondition {
      condition     = length(var.network.data_subnet_ids) >= 2
      error_message = "network.data_subnet_ids must hold subnets in at least two zones, which RDS demands of every subnet group."
    }
  }

  # RDS makes a log group that is missing, without retention.
  depends_on = [aws_cloudwatch_log_group.this, aws_iam_role_policy_attachment.monitoring]
}
