# The load balancers themselves are made in the cluster, from Ingress objects; here is what they carry and reach.
resource "aws_security_group" "load_balancer" {
  name        = "${var.name}-load-balancer"
  description = "Load balancers in front of ${var.name}"
  vpc_id      = var.network.vpc_id
  tags        = merge(var.labels, { Name = "${var.name}-load-balancer" })
}

locals {
  load_balancer_ingress = merge([for range in var.load_balancer.ingress_cidrs : {
    for port in [80, 443] : "${range} ${port}" => { range = range, port = port, ipv6 = strcontains(range, ":") }
  }]...)
  node_security_groups = var.cluster == null ? [] : var.cluster.node_security_group[*]
}

resource "aws_vpc_security_group_ingress_rule" "load_balancer" {
  for_each = local.load_balancer_ingress

  security_group_id = aws_security_group.load_balancer.id
  description       = each.value.port == 443 ? "HTTPS from clients" : "HTTP from clients, to be sent on to HTTPS"
  cidr_ipv4         = each.value.ipv6 ? null : each.value.range
  cidr_ipv6         = each.value.ipv6 ? each.value.range : null
  ip_protocol       = "tcp"
  from_port         = each.value.port
  to_port           = each.value.port
  tags              = var.labels
}

# Containers run without root and so listen above 1023.
resource "aws_vpc_security_group_egress_rule" "load_balancer" {
  security_group_id            = aws_security_group.load_balancer.id
  description                  = "To pods"
  referenced_security_group_id = one(local.node_security_groups[*].id)
  cidr_ipv4                    = length(local.node_security_groups) > 0 ? null : var.network.cidr
  ip_protocol                  = "tcp"
  from_port                    = 1024
  to_port                      = 65535
  tags                         = var.labels
}

resource "aws_vpc_security_group_ingress_rule" "nodes" {
  count = length(local.node_security_groups)

  security_group_id            = local.node_security_groups[0].id
  description                  = "Load balancers to pods"
  referenced_security_group_id = aws_security_group.load_balancer.id
  ip_protocol                  = "tcp"
  from_port                    = 1024
  to_port                      = 65535
  tags                         = var.labels
}
