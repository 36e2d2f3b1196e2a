# Databases and roles live inside PostgreSQL, where no AWS API reaches: a small function in the network makes them.
# Its source is in bootstrap/; it is run again when a database or a role is added, and never drops one.
locals {
  bootstrap_count = length(local.bootstrapped) > 0 ? 1 : 0
  bootstrap_name  = "${var.name}-database-bootstrap"
  bootstrap_arn   = "arn:${var.account.partition}:lambda:${var.account.region}:${var.account.id}:function:${local.bootstrap_name}"
  archive         = "${path.module}/bootstrap/bootstrap.zip"
}

resource "aws_security_group" "bootstrap" {
  count = local.bootstrap_count

  name        = local.bootstrap_name
  description = "Function that makes databases and roles of ${var.name}"
  vpc_id      = var.network.vpc_id
  tags        = merge(var.labels, { Name = local.bootstrap_name })
}

resource "aws_vpc_security_group_egress_rule" "bootstrap_https" {
  for_each = local.bootstrap_count > 0 ? toset(var.bootstrap.https_egress_cidrs) : toset([])

  security_group_id = aws_security_group.bootstrap[0].id
  description       = "Secrets Manager"
  cidr_ipv4         = each.value
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  tags              = var.labels
}

resource "aws_vpc_security_group_egress_rule" "bootstrap_database" {
  for_each = local.bootstrapped

  security_group_id            = aws_security_group.bootstrap[0].id
  description                  = "PostgreSQL of ${each.value.name}"
  referenced_security_group_id = aws_security_group.this[each.key].id
  ip_protocol                  = "tcp"
  from_port                    = local.port
  to_port                      = local.port
  tags                         = local.labels[each.key]
}

resource "aws_vpc_security_group_ingress_rule" "bootstrap" {
  for_each = local.bootstrapped

  security_group_id            = aws_security_group.this[each.key].id
  description                  = "PostgreSQL from the function that makes databases and roles"
  referenced_security_group_id = aws_security_group.bootstrap[0].id
  ip_protocol                  = "tcp"
  from_port                    = local.port
  to_port                      = local.port
  tags                         = local.labels[each.key]
}

resource "aws_iam_role" "bootstrap" {
  count = local.bootstrap_count

  name        = local.bootstrap_name
  description = "Makes databases and roles in the databases of ${var.name}"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
  tags = var.labels
}

resource "aws_iam_role_policy" "bootstrap" {
  count = local.bootstrap_count

  name = "bootstrap"
  role = aws_iam_role.bootstrap[0].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "ReadMasterCredentials"
        Effect   = "Allow"
        Action   = "secretsmanager:GetSecretValue"
        Resource = [for key in keys(local.bootstrapped) : local.secret_arns[key]]
      },
      {
        Sid       = "DecryptMasterCredentials"
        Effect    = "Allow"
        Action    = "kms:Decrypt"
        Resource  = distinct([for key in keys(local.bootstrapped) : local.key_arns[key]])
        Condition = { StringEquals = { "kms:ViaService" = "secretsmanager.${var.account.region}.amazonaws.com" } }
      },
      {
        Sid      = "ConnectAsMaster"
        Effect   = "Allow"
        Action   = "rds-db:connect"
        Resource = [for key in keys(local.bootstrapped) : "${local.connect_arn_prefix}:${local.resource_ids[key]}/${local.master}"]
      },
      {
        Sid      = "WriteLog"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = "${local.log_group_arn_prefix}:/aws/lambda/${local.bootstrap_name}:*"
      },
      {
        Sid      = "StandInNetwork"
        Effect   = "Allow"
        Action   = ["ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"]
        Resource = "*"
      },
      {
        # The interfaces are for the Lambda service to manage, not for the code that it runs.
        Sid       = "NotFromTheCode"
        Effect    = "Deny"
        Action    = "ec2:*"
        Resource  = "*"
        Condition = { ArnEquals = { "lambda:SourceFunctionArn" = local.bootstrap_arn } }
      },
    ]
  })
}

resource "aws_cloudwatch_log_group" "bootstrap" {
  count = local.bootstrap_count

  name              = "/aws/lambda/${local.bootstrap_name}"
  retention_in_days = var.bootstrap.log_retention_days
  tags              = var.labels
}

resource "aws_lambda_function" "bootstrap" {
  count = local.bootstrap_count

  function_name    = local.bootstrap_name
  description      = "Makes the databases and roles of ${var.name}"
  role             = aws_iam_role.bootstrap[0].arn
  runtime          = "python3.12"
  architectures    = ["arm64"]
  handler          = "handler.handle"
  filename         = local.archive
  source_code_hash = filebase64sha256(local.archive)
  memory_size      = 256
  timeout          = var.bootstrap.timeout_seconds
  tags             = var.labels

  vpc_config {
    subnet_ids         = var.network.private_subnet_ids
    security_group_ids = [aws_security_group.bootstrap[0].id]
  }

  depends_on = [
    aws_cloudwatch_log_group.bootstrap,
    aws_iam_role_policy.bootstrap,
  ]
}

resource "aws_lambda_invocation" "databases" {
  for_each = local.bootstrapped

  function_name = aws_lambda_function.bootstrap[0].function_name
  input = jsonencode({
    host            = local.hosts[each.key]
    port            = local.port
    secret_arn      = local.secret_arns[each.key]
    databases       = values(each.value.databases)
    ca_certificates = var.bootstrap.ca_certificates
  })
  # An instance that is made anew under the old host name is empty; a new function may do more than the old one.
  triggers = {
    resource_id = local.resource_ids[each.key]
    function    = aws_lambda_function.bootstrap[0].source_code_hash
  }

  depends_on = [
    aws_rds_cluster_instance.this,
    aws_vpc_security_group_egress_rule.bootstrap_database,
    aws_vpc_security_group_egress_rule.bootstrap_https,
    aws_vpc_security_group_ingress_rule.bootstrap,
  ]
}
