locals {
  client_rules = merge([
    for name, client in var.clients : {
      for key, item in local.made : "${key}/${name}" => { cache = key, client = name, security_group_id = client.security_group_id }
      if client.caches == null ? true : contains(client.caches, key)
    }
  ]...)
  users = merge([
    for key, item in local.made : {
      for service, entry in item.services : "${key}/${service}" => { cache = key, service = service, user = entry.user, commands = entry.commands }
    }
  ]...)
}

resource "aws_elasticache_subnet_group" "this" {
  count = length(local.made) > 0 ? 1 : 0

  name        = "${var.name}-cache"
  description = "Data subnets of ${var.name}"
  subnet_ids  = var.network.data_subnet_ids
  tags        = var.labels
}

# No outgoing rule: a cache opens no connections but those to its replicas, which ElastiCache sees to.
resource "aws_security_group" "this" {
  for_each = local.made

  name        = "${each.value.name}-cache"
  description = "Cache ${each.value.name}"
  vpc_id      = var.network.vpc_id
  tags        = merge(local.labels[each.key], { Name = "${each.value.name}-cache" })
}

resource "aws_vpc_security_group_ingress_rule" "client" {
  for_each = local.client_rules

  security_group_id            = aws_security_group.this[each.value.cache].id
  description                  = "Cache protocol from ${each.value.client}"
  referenced_security_group_id = each.value.security_group_id
  ip_protocol                  = "tcp"
  from_port                    = local.port
  to_port                      = local.port
  tags                         = local.labels[each.value.cache]
}

# Users of engine redis may be in groups of both engines; those of engine valkey only in groups of valkey, which take
# no disabled default user: https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/Clusters.RBAC.html
resource "aws_elasticache_user" "default" {
  count = length(local.made) > 0 ? 1 : 0

  user_id       = "${var.name}-default"
  user_name     = "default"
  engine        = "redis"
  access_string = "off resetchannels -@all"
  tags          = var.labels

  # The same as authentication_mode "no-password-required", which the API calls "no-password" when asked, so that the
  # provider would plan a change for ever.
  no_password_required = true
}

resource "aws_elasticache_user" "service" {
  for_each = local.users

  user_id       = each.value.user
  user_name     = each.value.user # IAM authentication demands that both are the same.
  engine        = "redis"
  access_string = "on ~${each.value.service}:* resetchannels &${each.value.service}:* ${each.value.commands}"
  tags          = local.labels[each.value.cache]

  authentication_mode {
    type = "iam"
  }
}

resource "aws_elasticache_user_group" "this" {
  for_each = local.made

  user_group_id = each.value.name
  engine        = "redis"
  user_ids = concat(
    [aws_elasticache_user.default[0].user_id],
    [for key, user in local.users : aws_elasticache_user.service[key].user_id if user.cache == each.key],
  )
  tags = local.labels[each.key]
}
