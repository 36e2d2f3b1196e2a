resource "aws_budgets_budget" "this" {
  for_each = var.budgets

  name         = "${var.name}-${each.key}"
  budget_type  = "COST"
  time_unit    = "MONTHLY"
  limit_amount = tostring(each.value.limit_usd)
  limit_unit   = "USD"
  tags         = var.labels

  dynamic "cost_filter" {
    for_each = each.value.tags
    content {
      name   = "TagKeyValue"
      values = [format("user:%s$%s", cost_filter.key, cost_filter.value)]
    }
  }

  dynamic "notification" {
    for_each = merge(
      { for percent in each.value.actual_percent : "ACTUAL-${percent}" => { type = "ACTUAL", percent = percent } },
      { for percent in each.value.forecast_percent : "FORECASTED-${percent}" => { type = "FORECASTED", percent = percent } },
    )
    content {
      comparison_operator       = "GREATER_THAN"
      notification_type         = notification.value.type
      threshold                 = notification.value.percent
      threshold_type            = "PERCENTAGE"
      subscriber_sns_topic_arns = [local.topic_arn]
    }
  }

  depends_on = [aws_sns_topic_policy.this]
}

# AWS allows one monitor of this kind in an account; monitor_arn names that of another environment.
resource "aws_ce_anomaly_monitor" "this" {
  count = try(var.anomaly.monitor_arn, null) == null && var.anomaly != null ? 1 : 0

  name              = var.name
  monitor_type      = "DIMENSIONAL"
  monitor_dimension = "SERVICE"
  tags              = var.labels
}

resource "aws_ce_anomaly_subscription" "this" {
  count = var.anomaly == null ? 0 : 1

  name             = var.name
  frequency        = var.anomaly.frequency
  monitor_arn_list = [var.anomaly.monitor_arn == null ? aws_ce_anomaly_monitor.this[0].arn : var.anomaly.monitor_arn]
  tags             = var.labels

  # Reports at once go to a topic; daily and weekly summaries go by mail alone.
  dynamic "subscriber" {
    for_each = var.anomaly.frequency == "IMMEDIATE" ? { (local.topic_arn) = "SNS" } : { for address in var.notify_emails : address => "EMAIL" }
    content {
      type    = subscriber.value
      address = subscriber.key
    }
  }

  threshold_expression {
    dimension {
      key           = "ANOMALY_TOTAL_IMPACT_ABSOLUTE"
      match_options = ["GREATER_THAN_OR_EQUAL"]
      values        = [tostring(var.anomaly.min_impact_usd)]
    }
  }

  lifecycle {
    precondition {
      condition     = var.anomaly.frequency == "IMMEDIATE" || length(var.notify_emails) > 0
      error_message = "anomaly.frequency ${var.anomaly.frequency} is sent by mail: notify_emails must not be empty."
    }
  }

  depends_on = [aws_sns_topic_policy.this]
}
