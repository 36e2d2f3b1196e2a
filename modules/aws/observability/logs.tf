resource "aws_cloudwatch_log_group" "this" {
  for_each = var.log_groups

  name              = each.value.name
  retention_in_days = each.value.retention_days
  kms_key_id        = local.key_arn
  tags              = merge(var.labels, each.value.labels)
}

resource "aws_cloudwatch_log_metric_filter" "errors" {
  for_each = { for key, group in var.log_groups : key => group if group.error_pattern != null }

  name           = "${each.key}-errors"
  log_group_name = aws_cloudwatch_log_group.this[each.key].name
  pattern        = each.value.error_pattern
  metric_transformation {
    namespace     = local.log_namespace
    name          = "${each.key}-errors"
    value         = "1"
    default_value = "0"
  }
}

locals {
  log_namespace = "Inferloop/${var.name}"
}
