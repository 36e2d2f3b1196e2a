# Each alarm is data; what they have in common stands once, in the resource.
locals {
  log_alarms = {
    for key, group in var.log_groups : "log/${key}/errors" => {
      namespace  = local.log_namespace, metric = "${key}-errors", statistic = "Sum", above = true
      dimensions = {}, threshold = group.errors, periods = 1, labels = group.labels
      text       = "${group.name} has at least ${group.errors} error lines in five minutes."
    } if group.error_pattern != null
  }

  database_alarms = merge([
    for key, database in var.databases : {
      for metric, alarm in {
        CPUUtilization      = { threshold = database.cpu_percent, above = true, text = "is above ${database.cpu_percent} % CPU." }
        FreeableMemory      = { threshold = database.free_memory_mb * 1024 * 1024, above = false, text = "has less than ${database.free_memory_mb} MB of memory." }
        FreeStorageSpace    = { threshold = database.free_storage_gb * 1024 * 1024 * 1024, above = false, text = "has less than ${database.free_storage_gb} GB of disk." }
        DatabaseConnections = { threshold = coalesce(database.max_connections, -1), above = true, text = "has more than ${coalesce(database.max_connections, -1)} connections." }
        } : "database/${key}/${metric}" => {
        namespace  = "AWS/RDS", metric = metric, statistic = "Average", above = alarm.above
        dimensions = { (database.aurora ? "DBClusterIdentifier" : "DBInstanceIdentifier") = database.identifier }
        threshold  = alarm.threshold, periods = 3, labels = database.labels, text = "Database ${database.identifier} ${alarm.text}"
      } if !(metric == "FreeStorageSpace" && database.aurora) && !(metric == "DatabaseConnections" && database.max_connections == null)
    }
  ]...)

  cache_alarms = merge(flatten([
    for key, cache in var.caches : [
      for node in cache.nodes : {
        for metric, threshold in { EngineCPUUtilization = cache.cpu_percent, DatabaseMemoryUsagePercentage = cache.memory_percent } :
        "cache/${node}/${metric}" => {
          namespace  = "AWS/ElastiCache", metric = metric, statistic = "Average", above = true
          dimensions = { CacheClusterId = node }, threshold = threshold, periods = 3, labels = cache.labels
          text       = "Cache node ${node} is above ${threshold} % ${metric == "EngineCPUUtilization" ? "CPU" : "memory"}."
        }
      }
    ]
  ])...)

  queue_alarms = merge(
    { for key, queue in var.queues : "queue/${key}/age" => {
      namespace  = "AWS/SQS", metric = "ApproximateAgeOfOldestMessage", statistic = "Maximum", above = true
      dimensions = { QueueName = queue.name }, threshold = queue.age_seconds, periods = 3, labels = queue.labels
      text       = "The oldest message of ${queue.name} has waited for more than ${queue.age_seconds} s."
    } },
    { for key, queue in var.queues : "queue/${key}/dead-letters" => {
      namespace  = "AWS/SQS", metric = "ApproximateNumberOfMessagesVisible", statistic = "Maximum", above = true
      dimensions = { QueueName = queue.dead_letter_name }, threshold = queue.dead_letters, periods = 1, labels = queue.labels
      text       = "${queue.dead_letter_name} holds messages that could not be handled."
    } if queue.dead_letter_name != null },
  )

  function_alarms = merge([
    for key, function in var.functions : {
      for metric, threshold in { Errors = function.errors, Throttles = function.throttles } : "function/${key}/${metric}" => {
        namespace                       = "AWS/Lambda", metric = metric, statistic = "Sum", above = true
        dimensions                      = { FunctionName = function.name }, threshold = threshold, periods = 1, labels = function.labels
        text                            = "Function ${function.name} had at least ${threshold} ${lower(metric)} in five minutes."
      }
    }
  ]...)

  latency_alarms = {
    for key, balancer in var.load_balancers : "load-balancer/${key}/latency" => {
      namespace  = "AWS/ApplicationELB", metric = "TargetResponseTime", statistic = "p95", above = true
      dimensions = { LoadBalancer = balancer.load_balancer, TargetGroup = balancer.target_group }
      threshold  = balancer.latency_p95_seconds, periods = 3, labels = balancer.labels
      text       = "The 95th percentile of latency of ${key} is above ${balancer.latency_p95_seconds} s."
    } if balancer.latency_p95_seconds != null
  }

  alarms      = merge(local.log_alarms, local.database_alarms, local.cache_alarms, local.queue_alarms, local.function_alarms, local.latency_alarms)
  percentiles = ["p95"]
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = local.alarms

  alarm_name          = "${var.name}/${each.key}"
  alarm_description   = each.value.text
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = contains(local.percentiles, each.value.statistic) ? null : each.value.statistic
  extended_statistic  = contains(local.percentiles, each.value.statistic) ? each.value.statistic : null
  comparison_operator = each.value.above ? "GreaterThanOrEqualToThreshold" : "LessThanThreshold"
  threshold           = each.value.threshold
  period              = 300
  evaluation_periods  = each.value.periods
  treat_missing_data  = "notBreaching"
  alarm_actions       = [local.topic_arn]
  ok_actions          = [local.topic_arn]
  tags                = merge(var.labels, each.value.labels)
}

# The share of good answers needs arithmetic on two metrics.
resource "aws_cloudwatch_metric_alarm" "availability" {
  for_each = var.load_balancers

  alarm_name          = "${var.name}/load-balancer/${each.key}/availability"
  alarm_description   = "Less than ${each.value.availability_percent} % of the requests to ${each.key} were answered without a server error."
  comparison_operator = "LessThanThreshold"
  threshold           = each.value.availability_percent
  evaluation_periods  = 3
  treat_missing_data  = "notBreaching"
  alarm_actions       = [local.topic_arn]
  ok_actions          = [local.topic_arn]
  tags                = merge(var.labels, each.value.labels)

  metric_query {
    id          = "availability"
    label       = "Good requests, percent"
    expression  = "IF(requests > 0, 100 * (1 - FILL(errors, 0) / requests), 100)"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = { errors = "HTTPCode_Target_5XX_Count", requests = "RequestCount" }
    content {
      id = metric_query.key
      metric {
        namespace   = "AWS/ApplicationELB"
        metric_name = metric_query.value
        dimensions  = { LoadBalancer = each.value.load_balancer, TargetGroup = each.value.target_group }
        period      = 300
        stat        = "Sum"
      }
    }
  }
}
