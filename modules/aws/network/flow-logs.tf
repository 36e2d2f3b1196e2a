locals {
  flow_log_group     = "/inferloop/${var.name}/flow-logs"
  flow_log_group_arn = "arn:${var.account.partition}:logs:${var.account.region}:${var.account.id}:log-group:${local.flow_log_group}"
  flow_logs_made     = local.make && var.flow_logs != null
  flow_log_key_made  = local.flow_logs_made && (var.flow_logs == null ? false : var.flow_logs.encryption_key == null)
}

resource "aws_kms_key" "flow_logs" {
  count = local.flow_log_key_made ? 1 : 0

  description             = "Flow logs of ${var.name}"
  enable_key_rotation     = true
  deletion_window_in_days = var.deletion_protection ? 30 : 7
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "AccountDecidesByIAM"
        Effect    = "Allow"
        Principal = { AWS = "arn:${var.account.partition}:iam::${var.account.id}:root" }
        Action    = "kms:*"
        Resource  = "*"
      },
      {
        Sid       = "FlowLogGroup"
        Effect    = "Allow"
        Principal = { Service = "logs.${var.account.region}.amazonaws.com" }
        Action    = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
        Resource  = "*"
        Condition = { ArnEquals = { "kms:EncryptionContext:aws:logs:arn" = local.flow_log_group_arn } }
      },
    ]
  })
  tags = var.labels
}

resource "aws_kms_alias" "flow_logs" {
  count = local.flow_log_key_made ? 1 : 0

  name          = "alias/${var.name}-flow-logs"
  target_key_id = aws_kms_key.flow_logs[0].key_id
}

resource "aws_cloudwatch_log_group" "flow_logs" {
  count = local.flow_logs_made ? 1 : 0

  name              = local.flow_log_group
  retention_in_days = var.flow_logs.retention_days
  kms_key_id        = local.flow_log_key_made ? aws_kms_key.flow_logs[0].arn : var.flow_logs.encryption_key.arn
  tags              = var.labels
}

resource "aws_iam_role" "flow_logs" {
  count = local.flow_logs_made ? 1 : 0

  name        = "${var.name}-flow-logs"
  description = "Writes the flow logs of ${var.name}"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "vpc-flow-logs.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = {
        StringEquals = { "aws:SourceAccount" = var.account.id }
        ArnLike      = { "aws:SourceArn" = "arn:${var.account.partition}:ec2:${var.account.region}:${var.account.id}:vpc-flow-log/*" }
      }
    }]
  })
  tags = var.labels
}

resource "aws_iam_role_policy" "flow_logs" {
  count = local.flow_logs_made ? 1 : 0

  name = "flow-logs"
  role = aws_iam_role.flow_logs[0].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
        Resource = "${local.flow_log_group_arn}:*"
      },
      {
        # The action knows no single log group.
        Effect   = "Allow"
        Action   = "logs:DescribeLogGroups"
        Resource = "*"
      },
    ]
  })
}

resource "aws_flow_log" "this" {
  count = local.flow_logs_made ? 1 : 0

  vpc_id                   = aws_vpc.this[0].id
  traffic_type             = var.flow_logs.traffic
  max_aggregation_interval = var.flow_logs.aggregation_seconds
  log_destination          = aws_cloudwatch_log_group.flow_logs[0].arn
  iam_role_arn             = aws_iam_role.flow_logs[0].arn
  tags                     = merge(var.labels, { Name = var.name })

  depends_on = [aws_iam_role_policy.flow_logs]
}
