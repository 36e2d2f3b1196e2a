locals {
  # What the nodes and pods of an EKS cluster call before and while they run; without NAT each needs an endpoint.
  cluster_endpoints = toset(["ec2", "ecr.api", "ecr.dkr", "eks", "eks-auth", "elasticloadbalancing", "sts"])
  missing_endpoints = concat(
    [for service in setsubtract(["s3"], var.gateway_endpoints) : "gateway_endpoints ${service}"],
    [for service in setsubtract(local.cluster_endpoints, var.interface_endpoints) : "interface_endpoints ${service}"],
  )

  # Principals of other accounts have no business with these services from inside the network. STS stays open, because a service
  # account that asks for its role (IRSA) is no principal yet; so does S3, because image layers lie in a bucket of AWS.
  restricted_endpoints = toset(["dynamodb", "ecr.api", "ecr.dkr", "logs", "monitoring", "secretsmanager", "sqs"])
  own_account_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "OwnPrincipals"
      Effect    = "Allow"
      Principal = "*"
      Action    = "*"
      Resource  = "*"
      Condition = { StringEquals = { "aws:PrincipalAccount" = var.account.id } }
    }]
  })
}

resource "aws_vpc_endpoint" "gateway" {
  for_each = local.make ? var.gateway_endpoints : []

  vpc_id            = aws_vpc.this[0].id
  service_name      = "com.amazonaws.${var.account.region}.${each.key}"
  vpc_endpoint_type = "Gateway"
  policy            = contains(local.restricted_endpoints, each.key) ? local.own_account_policy : null
  route_table_ids   = concat([aws_route_table.data[0].id], [for table in aws_route_table.private : table.id])
  tags              = merge(var.labels, { Name = "${var.name}-${each.key}" })
}

resource "aws_security_group" "endpoints" {
  count = local.make && length(var.interface_endpoints) > 0 ? 1 : 0

  name        = "${var.name}-endpoints"
  description = "HTTPS from the VPC to the interface endpoints"
  vpc_id      = aws_vpc.this[0].id
  tags        = merge(var.labels, { Name = "${var.name}-endpoints" })
}

resource "aws_vpc_security_group_ingress_rule" "endpoints" {
  count = length(aws_security_group.endpoints)

  security_group_id = aws_security_group.endpoints[0].id
  description       = "HTTPS from the VPC"
  cidr_ipv4         = var.cidr
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  tags              = var.labels
}

resource "aws_vpc_endpoint" "interface" {
  for_each = local.make ? var.interface_endpoints : []

  vpc_id              = aws_vpc.this[0].id
  service_name        = "com.amazonaws.${var.account.region}.${each.key}"
  vpc_endpoint_type   = "Interface"
  policy              = contains(local.restricted_endpoints, each.key) ? local.own_account_policy : null
  private_dns_enabled = true
  security_group_ids  = [aws_security_group.endpoints[0].id]
  subnet_ids          = local.private_subnet_ids
  tags                = merge(var.labels, { Name = "${var.name}-${each.key}" })
}
