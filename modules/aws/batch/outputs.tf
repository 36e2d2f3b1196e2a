output "compute_environment_arns" {
  description = "ARN of the compute environments, by pool and purchase option, for example general/spot."
  value       = { for key, environment in aws_batch_compute_environment.this : key => environment.arn }
}

output "job_definition_arns" {
  description = "ARN of the job definition without its revision (a submission takes the newest), by job key."
  value       = { for key, definition in aws_batch_job_definition.this : key => definition.arn_prefix }
}

output "job_definition_names" {
  description = "Name of the job definition, by job key."
  value       = { for key, definition in aws_batch_job_definition.this : key => definition.name }
}

output "log_group_names" {
  description = "Log group of each job, by job key."
  value       = { for key, group in aws_cloudwatch_log_group.this : key => group.name }
}

output "queue_arns" {
  description = "ARN of the job queue, by pool."
  value       = { for key, queue in aws_batch_job_queue.this : key => queue.arn }
}

output "role_arns" {
  description = "ARN of the role that the job's container runs as, by job key."
  value       = { for key, role in aws_iam_role.job : key => role.arn }
}

output "security_group_id" {
  description = "Security group of the nodes; databases and caches admit it; null where no pool is made."
  value       = one(aws_security_group.this[*].id)
}
