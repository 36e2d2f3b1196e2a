output "buckets" {
  description = "Buckets by key: name, whose key encrypts them, lifecycle by service, whether their events start functions, and the identity of those that exist."
  value       = local.buckets
}

output "caches" {
  description = "Caches by key: engine, machine and the user of each service; the key shared is the environment's."
  value       = local.caches
}

output "databases" {
  description = "Databases by key: engine, machine, sizes, and the database and role of each service; the key shared is the environment's."
  value       = local.databases
}

output "file_systems" {
  description = "File systems by key: when files move to cheaper storage, and the folder of each service."
  value       = local.file_systems
}

output "functions" {
  description = "Functions by key: image, size and what starts them."
  value       = local.functions
}

output "ingresses" {
  description = "Ways in by service: hosts, path, limit of requests and whether the firewall stands before it."
  value       = local.ingresses
}

output "key_services" {
  description = "Services that make something of their own which a key of their own encrypts."
  value       = local.key_services
}

output "labels" {
  description = "Tags of everything in the environment."
  value       = local.labels
}

output "name" {
  description = "Base of all names: project and environment."
  value       = local.name
  precondition {
    condition     = length(local.problems) == 0
    error_message = join("\n", local.problems)
  }
}

output "names" {
  description = "Names by kind and key, each within the cloud's limit."
  value       = local.names
}

output "processes" {
  description = "Processes by key (the service, or service and worker): what they run, where, how much they ask for and how they scale."
  value       = local.processes
}

output "queues" {
  description = "Queues by key: order, times and dead letters."
  value       = local.queues
}

output "quotas" {
  description = "What the processes of each namespace can ask for together, with autoscaling at its most."
  value       = local.quotas
}

output "reserved_cidrs" {
  description = "Address ranges that the network must keep away from, by what they are for."
  value       = local.reserved_cidrs
}

output "retention_days" {
  description = "How many days logs and backups are kept."
  value       = local.retention_days
}

output "secrets" {
  description = "Secrets by key: name, rotation, and the identity of those that exist."
  value       = local.secrets
}

output "service_labels" {
  description = "Tags of each service, laid over those of the environment."
  value       = local.service_labels
}

output "services" {
  description = "Services as they were given, with all defaults; empty where anything is wrong with them."
  value       = local.services
}

output "sites" {
  description = "Static sites by service: bucket, path in it and host."
  value       = local.sites
}

output "tables" {
  description = "Tables for metadata by key: keys and retention of backups."
  value       = local.tables
}

output "uses" {
  description = "What each service uses: kind and key of every dependency, and of every secret."
  value       = local.uses
}
