output "arns" {
  description = "ARN, by repository key; null where that of an existing one is not given."
  value       = {}
}

output "host" {
  description = "Host name to log in to: that of the account's registry in this region."
  value       = "${var.account.id}.dkr.ecr.${var.account.region}.amazonaws.com"
}

output "key_arn" {
  description = "KMS key of the images; null where no repository is made."
  value       = null
}

output "names" {
  description = "Name of each repository made here, by repository key."
  value       = {}
}

output "urls" {
  description = "URL that images are pushed to and pulled from, by repository key."
  value       = {}
}
