locals {
  widgets = concat(
    [for key, balancer in var.load_balancers : {
      title = "${key}: requests and server errors"
      metrics = [
        for metric in ["RequestCount", "HTTPCode_Target_5XX_Count"] :
        ["AWS/ApplicationELB", metric, "LoadBalancer", balancer.load_balancer, "TargetGroup", balancer.target_group, { stat = "Sum" }]
      ]
    }],
    [for key, database in var.databases : {
      title = "Database ${key}"
      metrics = [
        for metric in ["CPUUtilization", "DatabaseConnections"] :
        ["AWS/RDS", metric, database.aurora ? "DBClusterIdentifier" : "DBInstanceIdentifier", database.identifier, { stat = "Average" }]
      ]
    }],
    [for key, cache in var.caches : {
      title = "Cache ${key}"
      metrics = flatten([for node in sort(cache.nodes) : [
        for metric in ["EngineCPUUtilization", "DatabaseMemoryUsagePercentage"] :
        { row = ["AWS/ElastiCache", metric, "CacheClusterId", node, { stat = "Average" }] }
      ]])[*].row
    }],
    [for key, queue in var.queues : {
      title = "Queue ${key}"
      metrics = concat(
        [["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", queue.name, { stat = "Maximum" }]],
        [for name in [queue.dead_letter_name] : ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", name, { stat = "Maximum" }] if name != null],
      )
    }],
    [for key, function in var.functions : {
      title = "Function ${key}"
      metrics = [
        for metric in ["Invocations", "Errors", "Throttles"] : ["AWS/Lambda", metric, "FunctionName", function.name, { stat = "Sum" }]
      ]
    }],
  )
  columns = 2
}

resource "aws_cloudwatch_dashboard" "this" {
  count = length(local.widgets) > 0 ? 1 : 0

  dashboard_name = var.name
  dashboard_body = jsonencode({
    widgets = [for index, widget in local.widgets : {
      type   = "metric"
      x      = (index % local.columns) * 12
      y      = floor(index / local.columns) * 6
      width  = 12
      height = 6
      properties = {
        title   = widget.title
        region  = var.account.region
        period  = 300
        view    = "timeSeries"
        metrics = widget.metrics
      }
    }]
  })
}
