locals {
  # A cluster over several zones is a writer and at least one reader, which takes over when the writer fails.
  cluster_sizes = {
    for key, item in local.aurora : key => 1 + max(item.replicas, item.multi_az ? 1 : 0)
  }
  cluster_members = merge([
    for key, item in local.aurora : {
      for index in range(local.cluster_sizes[key]) : "${key}/${index + 1}" => { cluster = key, number = index + 1 }
    }
  ]...)
}

# The name holds the family, so that a new major version finds its group made before the old one goes.
resource "aws_rds_cluster_parameter_group" "this" {
  for_each = local.aurora

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

resource "aws_rds_cluster" "this" {
  for_each = local.aurora

  cluster_identifier          = each.value.name
  engine                      = each.value.engine
  engine_version              = each.value.version
  allow_major_version_upgrade = each.value.major_upgrade
  apply_immediately           = each.value.apply_immediately

  storage_type      = each.value.storage_type == "aurora" ? null : each.value.storage_type
  storage_encrypted = true
  kms_key_id        = local.key_arns[each.key]

  master_username                     = local.master
  manage_master_user_password         = true
  master_user_secret_kms_key_id       = local.key_arns[each.key]
  iam_database_authentication_enabled = true
  db_cluster_parameter_group_name     = aws_rds_cluster_parameter_group.this[each.key].name

  port                   = local.port
  db_subnet_group_name   = aws_db_subnet_group.this[0].name
  vpc_security_group_ids = [aws_security_group.this[each.key].id]

  backup_retention_period         = each.value.backup_retention_days
  preferred_backup_window         = each.value.backup_window
  preferred_maintenance_window    = each.value.maintenance_window
  copy_tags_to_snapshot           = true
  delete_automated_backups        = !local.deletion_protection[each.key]
  deletion_protection             = local.deletion_protection[each.key]
  skip_final_snapshot             = !local.final_snapshot[each.key]
  final_snapshot_identifier       = local.final_snapshot[each.key] ? "${each.value.name}-final" : null
  enabled_cloudwatch_logs_exports = local.log_exports[each.key]

  dynamic "serverlessv2_scaling_configuration" {
    for_each = each.value.serverless == null ? [] : [each.value.serverless]
    content {
      min_capacity = serverlessv2_scaling_configuration.value.min_capacity
      max_capacity = serverlessv2_scaling_configuration.value.max_capacity
    }
  }

  tags = local.labels[each.key]

  lifecycle {
    precondition {
      condition     = length(var.network.data_subnet_ids) >= 2
      error_message = "network.data_subnet_ids must hold subnets in at least two zones, which RDS demands of every subnet group."
    }
  }

  # RDS makes a log group that is missing, without retention.
  depends_on = [aws_cloudwatch_log_group.this]
}

resource "aws_rds_cluster_instance" "this" {
  for_each = local.cluster_members

  identifier                 = "${local.aurora[each.value.cluster].name}-${each.value.number}"
  cluster_identifier         = aws_rds_cluster.this[each.value.cluster].id
  engine                     = aws_rds_cluster.this[each.value.cluster].engine
  instance_class             = local.aurora[each.value.cluster].serverless == null ? local.aurora[each.value.cluster].instance_class : "db.serverless"
  promotion_tier             = each.value.number - 1 < 2 ? each.value.number - 1 : 2
  db_subnet_group_name       = aws_db_subnet_group.this[0].name
  publicly_accessible        = false
  ca_cert_identifier         = "rds-ca-rsa2048-g1"
  auto_minor_version_upgrade = true
  copy_tags_to_snapshot      = true
  apply_immediately          = local.aurora[each.value.cluster].apply_immediately

  performance_insights_enabled          = local.aurora[each.value.cluster].performance_insights_days > 0
  performance_insights_retention_period = local.aurora[each.value.cluster].performance_insights_days > 0 ? local.aurora[each.value.cluster].performance_insights_days : null
  performance_insights_kms_key_id       = local.aurora[each.value.cluster].performance_insights_days > 0 ? local.key_arns[each.value.cluster] : null
  monitoring_interval                   = local.aurora[each.value.cluster].monitoring_interval_seconds
  monitoring_role_arn                   = local.aurora[each.value.cluster].monitoring_interval_seconds > 0 ? aws_iam_role.monitoring[0].arn : null

  tags = local.labels[each.value.cluster]

  depends_on = [aws_iam_role_policy_attachment.monitoring]
}
