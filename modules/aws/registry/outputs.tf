output "arns" {
  description = "ARN, by repository key; null where that of an existing one is not given."
  value       = { for key, repository in var.repositories : key => repository.existing == null ? aws_ecr_repository.this[key].arn : repository.existing.arn }
}

output "host" {
  description = "Host name to log in to: that of the account's registry in this region."
  value       = local.host
}

output "key_arn" {
  description = "KMS key of the images; null where no repository is made and none is brought."
  value       = local.key_arn
}

output "names" {
  description = "Name of each repository made here, by repository key."
  value       = { for key, repository in aws_ecr_repository.this : key => repository.name }
}

output "urls" {
  description = "URL that images are pushed to and pulled from, by repository key."
  value       = { for key, repository in var.repositories : key => repository.existing == null ? aws_ecr_repository.this[key].repository_url : repository.existing.url }
  depends_on  = [aws_ecr_repository_policy.this]
}
