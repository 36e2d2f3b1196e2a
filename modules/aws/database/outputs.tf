output "arns" {
  description = "ARN of each instance or cluster made here, by instance key."
  value       = local.arns
}

output "connect_arns" {
  description = "ARN to allow rds-db:connect on, by instance key and service; null where the resource id of an existing instance is not given."
  value       = local.connect_arns
}

output "database_names" {
  description = "Name of the database, by instance key and service; that of `existing` where it names one."
  value = {
    for key, item in var.instances : key => { for service, entry in item.databases : service => coalesce(try(item.existing.database, null), entry.database) }
  }
  depends_on = [aws_lambda_invocation.databases]
}

output "hosts" {
  description = "Host name of the writer, by instance key; usable once databases and roles exist."
  value       = local.hosts
  depends_on  = [aws_lambda_invocation.databases]
}

output "identifiers" {
  description = "Identifier of each instance or cluster as the RDS console and its metrics name it, by instance key; null where that of an existing one is not given."
  value       = local.identifiers
}

output "key_arns" {
  description = "ARN of the KMS key that encrypts each instance made here, by instance key."
  value       = local.key_arns
}

output "ports" {
  description = "Port, by instance key."
  value       = local.ports
}

output "reader_hosts" {
  description = "Host name that read-only queries may use, by instance key; the writer where there is no replica."
  value       = local.reader_hosts
  depends_on  = [aws_lambda_invocation.databases]
}

output "resource_ids" {
  description = "Resource id used in rds-db ARNs, by instance key; null where that of an existing instance is not given."
  value       = local.resource_ids
}

output "roles" {
  description = "Login role that the service connects as with an IAM token, by instance key and service."
  value       = { for key, item in var.instances : key => { for service, entry in item.databases : service => entry.role } }
  depends_on  = [aws_lambda_invocation.databases]
}

output "secret_arns" {
  description = "ARN of the secret with the master user's credentials, kept and rotated by RDS, by instance key."
  value       = local.secret_arns
}

output "security_group_ids" {
  description = "Security group that admits the clients, by instance key; null where that of an existing instance is not given."
  value       = local.security_group_ids
}
