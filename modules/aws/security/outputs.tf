output "guardduty_detector_id" {
  description = "Id of the GuardDuty detector; null where GuardDuty is left alone."
  value       = local.guardduty_made ? aws_guardduty_detector.this[0].id : try(var.guardduty.existing.detector_id, null)
}

output "platform_key_aliases" {
  description = "Alias of each platform key made here, by purpose."
  value       = { for purpose, alias in aws_kms_alias.platform : purpose => alias.name }
}

output "platform_key_arns" {
  description = "ARN of the KMS key, by purpose."
  value       = { for purpose, key in var.platform_keys : purpose => key.existing == null ? aws_kms_key.platform[purpose].arn : key.existing.arn }
}

output "service_key_aliases" {
  description = "Alias of each service's own key made here, by service."
  value       = { for service, alias in aws_kms_alias.service : service => alias.name }
}

output "service_key_arns" {
  description = "ARN of the service's own KMS key, by service."
  value       = { for service, key in var.service_keys : service => key.existing == null ? aws_kms_key.service[service].arn : key.existing.arn }
}

output "trail_arn" {
  description = "ARN of the trail; null where none is made."
  value       = one(aws_cloudtrail.this[*].arn)
}

output "trail_bucket_name" {
  description = "Bucket of the trail; null where none is made."
  value       = one(aws_s3_bucket.trail[*].bucket)
}

output "trail_key_arn" {
  description = "KMS key of the trail's files; null where none is made."
  value       = one(aws_kms_key.trail[*].arn)
}
