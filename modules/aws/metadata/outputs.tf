output "arns" {
  description = "ARN, by table key; its indexes are <ARN>/index/*."
  value       = local.arns
}

output "key_arns" {
  description = "ARN of the KMS key that encrypts the items, by table key; null where that of an existing table is not given."
  value       = local.key_arns
}

output "names" {
  description = "Name of the table, by table key."
  value       = local.names
}

output "stream_arns" {
  description = "ARN of the change stream, by table key; null where there is none."
  value       = local.stream_arns
}
