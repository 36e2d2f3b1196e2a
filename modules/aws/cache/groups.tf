# The name holds the family, so that a new major version finds its group made before the old one goes.
resource "aws_elasticache_parameter_group" "this" {
  for_each = local.made

  name        = "${each.value.name}-${local.families[each.key]}"
  family      = local.families[each.key]
  description = "Parameters of ${each.value.name}"
  tags        = local.labels[each.key]

  dynamic "parameter" {
    for_each = each.value.parameters
    content {
      name  = parameter.key
      value = parameter.value
    }
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_elasticache_replication_group" "this" {
  for_each = local.made

  replication_group_id       = each.value.name
  description                = "Cache ${each.value.name}"
  engine                     = each.value.engine
  engine_version             = local.versions[each.key]
  auto_minor_version_upgrade = true
  parameter_group_name       = aws_elasticache_parameter_group.this[each.key].name
  node_type                  = each.value.node_type
  apply_immediately          = each.value.apply_immediately

  num_cache_clusters         = each.value.replicas + 1
  automatic_failover_enabled = each.value.replicas > 0
  multi_az_enabled           = each.value.replicas > 0
  port                       = local.port
  subnet_group_name          = aws_elasticache_subnet_group.this[0].name
  security_group_ids         = [aws_security_group.this[each.key].id]

  transit_encryption_enabled = true
  transit_encryption_mode    = "required"
  at_rest_encryption_enabled = true
  kms_key_id                 = local.key_arns[each.key]
  user_group_ids             = [aws_elasticache_user_group.this[each.key].user_group_id]

  snapshot_retention_limit  = each.value.snapshot_retention_days
  snapshot_window           = each.value.snapshot_window
  maintenance_window        = each.value.maintenance_window
  final_snapshot_identifier = local.final_snapshots[each.key] ? "${each.value.name}-final" : null

  dynamic "log_delivery_configuration" {
    for_each = local.log_types
    content {
      log_type         = log_delivery_configuration.value
      log_format       = "json"
      destination_type = "cloudwatch-logs"
      destination      = aws_cloudwatch_log_group.this["${each.key}/${log_delivery_configuration.value}"].name
    }
  }

  tags = local.labels[each.key]

  lifecycle {
    precondition {
      condition     = each.value.replicas == 0 || length(var.network.data_subnet_ids) >= 2
      error_message = "network.data_subnet_ids must hold subnets in at least two zones for a cache with replicas, which stand in different ones."
    }
  }
}
