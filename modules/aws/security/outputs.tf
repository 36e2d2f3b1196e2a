output "guardduty_detector_id" {
  description = "Id of the GuardDuty detector; null where GuardDuty is left alone."
  value       = null
}

output "platform_key_aliases" {
  description = "Alias of each platform key made here, by purpose."
  value       = {}
}

output "platform_key_arns" {
  description = "ARN of the KMS key, by purpose."
  value       = {}
}

output "service_key_aliases" {
  description = "Alias of each service's own key made here, by service."
  value       = {}
}

output "service_key_arns" {
  description = "ARN of the service's own KMS key, by service."
  value       = {}
}

output "trail_arn" {
  description = "ARN of the trail; null where none is made."
  value       = null
}

output "trail_bucket_name" {
  description = "Bucket of the trail; null where none is made."
  value       = null
}

output "trail_key_arn" {
  description = "KMS key of the trail's files; null where none is made."
  value       = null
}
