locals {
  client_rules = merge([
    for name, client in var.clients : {
      for key, item in local.made : "${key}/${name}" => { instance = key, client = name, security_group_id = client.security_group_id }
      if client.instances == null ? true : contains(client.instances, key)
    }
  ]...)
}

resource "aws_db_subnet_group" "this" {
  count = length(local.made) > 0 ? 1 : 0

  name        = "${var.name}-database"
  description = "Data subnets of ${var.name}"
  subnet_ids  = var.network.data_subnet_ids
  tags        = var.labels
}

# No outgoing rule: a database opens no connections.
resource "aws_security_group" "this" {
  for_each = local.made

  name        = "${each.value.name}-database"
  description = "Database ${each.value.name}"
  vpc_id      = var.network.vpc_id
  tags        = merge(local.labels[each.key], { Name = "${each.value.name}-database" })
}

resource "aws_vpc_security_group_ingress_rule" "client" {
  for_each = local.client_rules

  security_group_id            = aws_security_group.this[each.value.instance].id
  description                  = "PostgreSQL from ${each.value.client}"
  referenced_security_group_id = each.value.security_group_id
  ip_protocol                  = "tcp"
  from_port                    = local.port
  to_port                      = local.port
  tags                         = local.labels[each.value.instance]
}
