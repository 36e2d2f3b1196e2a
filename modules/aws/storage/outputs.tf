output "arns" {
  description = "ARN, by bucket key."
  value       = local.arns
}

output "domain_names" {
  description = "Regional domain name, the one a CloudFront origin takes, by bucket key."
  value       = local.domain_names
}

output "key_arns" {
  description = "ARN of the KMS key that encrypts the objects, by bucket key; null where that of an existing bucket is not given."
  value       = local.key_arns
}

output "names" {
  description = "Name of the bucket, by bucket key."
  value       = local.names
}
