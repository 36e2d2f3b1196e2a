output "arns" {
  description = "ARN, by function key."
  value       = local.arns
}

output "failed_queue_arns" {
  description = "ARN of the queue that keeps the events which the function failed on, by function key; only functions run by a bucket or a schedule have one."
  value       = { for key, queue in aws_sqs_queue.failed : key => queue.arn }
}

output "failed_queue_names" {
  description = "Name of the queue that keeps the events which the function failed on, by function key."
  value       = { for key, queue in aws_sqs_queue.failed : key => queue.name }
}

output "log_group_names" {
  description = "Log group of each function made here, by function key."
  value       = { for key, group in aws_cloudwatch_log_group.this : key => group.name }
}

output "names" {
  description = "Name of the function (the FunctionName dimension of the metrics), by function key."
  value       = local.names
}

output "role_arns" {
  description = "ARN of the role the function runs as, by function key; null where that of an existing function is not given."
  value       = local.role_arns
}

output "security_group_ids" {
  description = "Security group of each function inside the network, by function key; databases and caches admit it."
  value       = local.security_group_ids
}
