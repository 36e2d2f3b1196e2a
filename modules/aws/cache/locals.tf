locals {
  port             = 6379
  default_versions = { redis = "7.1", valkey = "8.0" }

  made         = { for key, item in var.caches : key => item if item.existing == null }
  existing     = { for key, item in var.caches : key => item.existing if item.existing != null }
  with_own_key = { for key, item in local.made : key => item if item.encryption_key == null }

  labels          = { for key, item in local.made : key => merge(var.labels, item.labels) }
  versions        = { for key, item in local.made : key => coalesce(item.version, local.default_versions[item.engine]) }
  families        = { for key, item in local.made : key => "${item.engine}${split(".", local.versions[key])[0]}" }
  final_snapshots = { for key, item in local.made : key => coalesce(item.final_snapshot, var.deletion_protection) }

  key_arns = {
    for key, item in local.made : key => item.encryption_key == null ? aws_kms_key.this[key].arn : item.encryption_key.arn
  }
  arns = merge(
    { for key, item in local.existing : key => item.arn },
    { for key, group in aws_elasticache_replication_group.this : key => group.arn },
  )
  hosts = merge(
    { for key, item in local.existing : key => item.host },
    { for key, group in aws_elasticache_replication_group.this : key => group.primary_endpoint_address },
  )
  identifiers = merge(
    { for key, item in local.existing : key => item.identifier },
    { for key, group in aws_elasticache_replication_group.this : key => group.replication_group_id },
  )
  # The names that ElastiCache gives the nodes of a group; known before the group is made, unlike its member_clusters.
  member_clusters = {
    for key, item in local.made : key => [for number in range(1, item.replicas + 2) : format("%s-%03d", item.name, number)]
  }
  ports = merge(
    { for key, item in local.existing : key => item.port },
    { for key, item in local.made : key => local.port },
  )
  reader_hosts = merge(
    { for key, item in local.existing : key => item.host },
    { for key, group in aws_elasticache_replication_group.this : key => local.made[key].replicas > 0 ? group.reader_endpoint_address : group.primary_endpoint_address },
  )
  security_group_ids = merge(
    { for key, item in local.existing : key => item.security_group_id },
    { for key, group in aws_security_group.this : key => group.id },
  )
  user_arns = {
    for key, item in var.caches : key => {
      for service, entry in item.services : service =>
      item.existing == null ? aws_elasticache_user.service["${key}/${service}"].arn : lookup(item.existing.user_arns, service, null)
    }
  }
}
