output "alarm_names" {
  description = "Names of all alarms, by alarm key."
  value       = { for key, alarm in aws_cloudwatch_metric_alarm.this : key => alarm.alarm_name }
}

output "anomaly_monitor_arn" {
  description = "ARN of the monitor of cost anomalies; null where none is asked for."
  value       = var.anomaly == null ? null : coalesce(var.anomaly.monitor_arn, one(aws_ce_anomaly_monitor.this[*].arn))
}

output "dashboard_name" {
  description = "Name of the CloudWatch dashboard; null where there is nothing to show."
  value       = one(aws_cloudwatch_dashboard.this[*].dashboard_name)
}

output "key_arn" {
  description = "ARN of the KMS key of log groups and topic."
  value       = local.key_arn
}

output "log_group_arns" {
  description = "ARN of the log group, by log group key."
  value       = { for key, group in aws_cloudwatch_log_group.this : key => group.arn }
}

output "log_group_names" {
  description = "Name of the log group, by log group key."
  value       = { for key, group in aws_cloudwatch_log_group.this : key => group.name }
}

output "topic_arn" {
  description = "ARN of the topic that takes the notifications."
  value       = local.topic_arn
  depends_on  = [aws_sns_topic_policy.this]
}
