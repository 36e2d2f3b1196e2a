locals {
  queues = { for key, users in local.queue_users : key => {
    encryption_key_of  = !users[0].is_shared && contains(local.key_services, users[0].service) ? users[0].service : null
    existing           = try({ arn = users[0].existing.arn, encryption_key = users[0].existing.encryption_key, url = users[0].existing.url }, null)
    fifo               = users[0].wanted.fifo
    labels             = users[0].is_shared ? {} : local.service_labels[users[0].service]
    max_receives       = users[0].wanted.dead_letters.enabled ? users[0].wanted.dead_letters.max_receives : null
    name               = local.names.queue[key]
    retention_seconds  = local.seconds[users[0].wanted.retention]
    service            = users[0].is_shared ? null : users[0].service
    visibility_seconds = local.seconds[users[0].wanted.visibility]
  } }
}
