locals {
  # X-Ray takes 32 characters; a longer name keeps its beginning and ends in a hash of the whole.
  trace_names = {
    for key in keys(var.traces) : key => length("${var.name}-${key}") <= 32 ? "${var.name}-${key}" : "${substr("${var.name}-${key}", 0, 23)}-${substr(sha256("${var.name}-${key}"), 0, 8)}"
  }
}

resource "aws_xray_sampling_rule" "this" {
  for_each = var.traces

  rule_name      = local.trace_names[each.key]
  version        = 1
  priority       = each.value.priority
  reservoir_size = each.value.reservoir
  fixed_rate     = each.value.sampling_rate
  service_name   = each.key
  service_type   = "*"
  host           = "*"
  http_method    = "*"
  url_path       = "*"
  resource_arn   = "*"
  tags           = merge(var.labels, each.value.labels)
}

resource "aws_xray_group" "this" {
  for_each = var.traces

  group_name        = local.trace_names[each.key]
  filter_expression = "service(\"${each.key}\")"
  tags              = merge(var.labels, each.value.labels)

  insights_configuration {
    insights_enabled      = true
    notifications_enabled = false
  }
}
