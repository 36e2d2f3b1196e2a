output "arns" {
  description = "ARN of each replication group, by cache key; null where that of an existing cache is not given."
  value       = local.arns
}

output "hosts" {
  description = "Host name of the primary, by cache key; it answers TLS only."
  value       = local.hosts
}

output "identifiers" {
  description = "Replication group id as the console and the metrics name it, by cache key; null where that of an existing one is not given."
  value       = local.identifiers
}

output "key_arns" {
  description = "ARN of the KMS key that encrypts each cache made here, by cache key."
  value       = local.key_arns
}

output "member_clusters" {
  description = "Node ids (the CacheClusterId dimension of the metrics) of each cache made here, by cache key."
  value       = local.member_clusters
}

output "ports" {
  description = "Port, by cache key."
  value       = local.ports
}

output "reader_hosts" {
  description = "Host name that reads may use, by cache key; the primary where there is no replica."
  value       = local.reader_hosts
}

output "security_group_ids" {
  description = "Security group that admits the clients, by cache key; null where that of an existing cache is not given."
  value       = local.security_group_ids
}

output "user_arns" {
  description = "ARN to allow elasticache:Connect on, beside that of the cache, by cache key and service."
  value       = local.user_arns
}

output "user_names" {
  description = "User that the service connects as with an IAM token, by cache key and service."
  value       = { for key, item in var.caches : key => { for service, entry in item.services : service => entry.user } }
}
