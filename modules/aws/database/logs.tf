locals {
  log_group_arn_prefix = "arn:${var.account.partition}:logs:${var.account.region}:${var.account.id}:log-group"
  log_group_prefixes = {
    for key, item in local.made : key => "/aws/rds/${item.engine == "postgres" ? "instance" : "cluster"}/${item.name}"
  }
  log_groups = merge([
    for key, item in local.made : {
      for export in local.log_exports[key] : "${key}/${export}" => { instance = key, name = "${local.log_group_prefixes[key]}/${export}" }
    }
  ]...)
}

# A key that is brought need not know log groups; they are encrypted with that of CloudWatch Logs then.
resource "aws_cloudwatch_log_group" "this" {
  for_each = local.log_groups

  name              = each.value.name
  retention_in_days = local.made[each.value.instance].log_retention_days
  kms_key_id        = local.made[each.value.instance].encryption_key == null ? aws_kms_key.this[each.value.instance].arn : null
  tags              = local.labels[each.value.instance]
}

resource "aws_iam_role" "monitoring" {
  count = length(local.monitored) > 0 ? 1 : 0

  name        = "${var.name}-database-monitoring"
  description = "Enhanced monitoring of the databases of ${var.name}"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "monitoring.rds.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = var.account.id } }
    }]
  })
  tags = var.labels
}

resource "aws_iam_role_policy_attachment" "monitoring" {
  count = length(local.monitored) > 0 ? 1 : 0

  role       = aws_iam_role.monitoring[0].name
  policy_arn = "arn:${var.account.partition}:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole"
}
