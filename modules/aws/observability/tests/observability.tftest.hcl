mock_provider "aws" {
  mock_resource "aws_kms_key" {
    defaults = { arn = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555" }
  }
  mock_resource "aws_sns_topic" {
    defaults = { arn = "arn:aws:sns:us-east-1:123456789012:inferloop-dev-notifications" }
  }
  mock_resource "aws_ce_anomaly_monitor" {
    defaults = { arn = "arn:aws:ce::123456789012:anomalymonitor/11111111-2222-3333-4444-555555555555" }
  }
}

variables {
  name    = "inferloop-dev"
  account = { id = "123456789012", region = "us-east-1" }
}

run "what_is_named_is_watched" {
  variables {
    notify_emails = ["platform@inferloop.example"]
    log_groups    = { tabular = { name = "/inferloop/dev/tabular", retention_days = 14, error_pattern = "ERROR", errors = 7 }, quiet = { name = "/inferloop/dev/quiet" } }
    databases = {
      shared = { identifier = "inferloop-dev-shared", max_connections = 80, free_storage_gb = 2 }
      lake   = { identifier = "inferloop-dev-lake", aurora = true }
    }
    caches         = { shared = { nodes = ["inferloop-dev-shared-001", "inferloop-dev-shared-002"] } }
    queues         = { tabular-jobs = { name = "jobs", dead_letter_name = "jobs-dead", age_seconds = 60, labels = { Service = "tabular" } } }
    functions      = { syndoc-thumbnails = { name = "thumbnails" } }
    load_balancers = { tabular = { load_balancer = "app/inferloop-dev/1", target_group = "targetgroup/tabular/2", availability_percent = 99.5, latency_p95_seconds = 0.3 } }
    traces         = { a-service-with-quite-a-long-name = { sampling_rate = 0.1 } }
    budgets        = { all = { limit_usd = 500 }, tabular = { limit_usd = 100, tags = { Service = "tabular" } } }
    anomaly        = { min_impact_usd = 40 }
  }
  assert {
    condition = toset(keys(aws_cloudwatch_metric_alarm.this)) == toset([
      "log/tabular/errors", "database/shared/CPUUtilization", "database/shared/FreeableMemory", "database/shared/FreeStorageSpace",
      "database/shared/DatabaseConnections", "database/lake/CPUUtilization", "database/lake/FreeableMemory",
      "cache/inferloop-dev-shared-001/EngineCPUUtilization", "cache/inferloop-dev-shared-001/DatabaseMemoryUsagePercentage",
      "cache/inferloop-dev-shared-002/EngineCPUUtilization", "cache/inferloop-dev-shared-002/DatabaseMemoryUsagePercentage",
      "queue/tabular-jobs/age", "queue/tabular-jobs/dead-letters", "function/syndoc-thumbnails/Errors", "function/syndoc-thumbnails/Throttles",
      "load-balancer/tabular/latency",
    ])
    error_message = "Each thing must have its alarms, and Aurora none of disk space."
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.this["database/shared/FreeStorageSpace"].threshold == 2147483648 && aws_cloudwatch_metric_alarm.this["database/shared/FreeStorageSpace"].comparison_operator == "LessThanThreshold" && aws_cloudwatch_metric_alarm.this["database/lake/CPUUtilization"].dimensions == tomap({ DBClusterIdentifier = "inferloop-dev-lake" })
    error_message = "Thresholds must be in the metric's unit, and dimensions those of the engine."
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.this["load-balancer/tabular/latency"].extended_statistic == "p95" && aws_cloudwatch_metric_alarm.this["load-balancer/tabular/latency"].threshold == 0.3 && aws_cloudwatch_metric_alarm.availability["tabular"].threshold == 99.5
    error_message = "Alarms on the service level must be those of the service level."
  }
  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.this : alarm.alarm_actions == toset([aws_sns_topic.this[0].arn])]) && aws_cloudwatch_metric_alarm.this["queue/tabular-jobs/age"].tags == tomap({ Service = "tabular" })
    error_message = "Alarms must reach the topic and carry the tags of what they watch."
  }
  assert {
    condition     = aws_cloudwatch_log_group.this["tabular"].retention_in_days == 14 && aws_cloudwatch_log_group.this["tabular"].kms_key_id == aws_kms_key.this[0].arn && keys(aws_cloudwatch_log_metric_filter.errors) == ["tabular"]
    error_message = "Log groups must be encrypted and expire."
  }
  assert {
    condition     = aws_sns_topic.this[0].kms_master_key_id == aws_kms_key.this[0].arn && aws_sns_topic_subscription.email["platform@inferloop.example"].protocol == "email"
    error_message = "The topic must be encrypted and reach people."
  }
  assert {
    condition     = length(jsondecode(aws_cloudwatch_dashboard.this[0].dashboard_body).widgets) == 6 && length(jsondecode(aws_cloudwatch_dashboard.this[0].dashboard_body).widgets[3].properties.metrics) == 4
    error_message = "The dashboard must show each thing, and each node of a cache."
  }
  assert {
    condition     = alltrue([for rule in aws_xray_sampling_rule.this : length(rule.rule_name) <= 32 && rule.fixed_rate == 0.1 && rule.service_name == "a-service-with-quite-a-long-name"])
    error_message = "Sampling must follow the service, under a name within X-Ray's limit."
  }
  assert {
    condition     = one(aws_budgets_budget.this["tabular"].cost_filter).values == tolist(["user:Service$tabular"]) && length(aws_budgets_budget.this["all"].cost_filter) == 0 && length(aws_budgets_budget.this["all"].notification) == 3
    error_message = "A budget must cover the account or what carries its tag."
  }
  assert {
    condition     = one(aws_ce_anomaly_subscription.this[0].subscriber).type == "SNS" && aws_ce_anomaly_subscription.this[0].threshold_expression[0].dimension[0].values == toset(["40"])
    error_message = "Anomalies from the given impact on must reach the topic."
  }
}

run "existing_topic_and_key_are_used_and_nothing_else_is_made" {
  variables {
    topic          = { arn = "arn:aws:sns:us-east-1:123456789012:central" }
    encryption_key = { arn = "arn:aws:kms:us-east-1:123456789012:key/brought" }
    log_groups     = { a = { name = "/a" } }
  }
  assert {
    condition     = length(aws_sns_topic.this) + length(aws_kms_key.this) + length(aws_cloudwatch_dashboard.this) + length(aws_ce_anomaly_subscription.this) == 0 && aws_cloudwatch_log_group.this["a"].kms_key_id == "arn:aws:kms:us-east-1:123456789012:key/brought"
    error_message = "What is brought must be used, and what is not asked for not made."
  }
}

run "impossible_settings_are_refused" {
  command = plan
  variables {
    anomaly    = { frequency = "HOURLY" }
    budgets    = { a = { limit_usd = 0 } }
    log_groups = { a = { name = "/a", retention_days = 31 } }
    traces     = { a = { sampling_rate = 2 } }
  }
  expect_failures = [var.anomaly, var.budgets, var.log_groups, var.traces]
}

run "summaries_by_mail_need_an_address" {
  command = plan
  variables {
    anomaly = { frequency = "DAILY" }
  }
  expect_failures = [aws_ce_anomaly_subscription.this]
}

run "a_bad_base_name_is_refused" {
  command = plan
  variables {
    name = "Acme"
  }
  expect_failures = [var.name]
}
