output "arns" {
  description = "ARN, by secret key."
  value       = local.arns
  depends_on  = [aws_secretsmanager_secret_policy.this]
}

output "key_arns" {
  description = "ARN of the KMS key that encrypts the value, by secret key; null where that of an existing secret is not given."
  value       = local.key_arns
}

output "names" {
  description = "Name of each secret made here, by secret key."
  value       = local.names
}
