locals {
  make_topic = var.topic == null
  make_key   = var.encryption_key == null
  topic_arn  = local.make_topic ? aws_sns_topic.this[0].arn : var.topic.arn
  key_arn    = local.make_key ? aws_kms_key.this[0].arn : var.encryption_key.arn

  publishers = ["budgets.amazonaws.com", "cloudwatch.amazonaws.com", "costalerts.amazonaws.com", "events.amazonaws.com"]
}

resource "aws_sns_topic" "this" {
  count = local.make_topic ? 1 : 0

  name              = "${var.name}-notifications"
  kms_master_key_id = local.key_arn
  tags              = var.labels
}

resource "aws_sns_topic_policy" "this" {
  count = local.make_topic ? 1 : 0

  arn = aws_sns_topic.this[0].arn
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "ServicesOfThisAccount"
        Effect    = "Allow"
        Principal = { Service = local.publishers }
        Action    = "sns:Publish"
        Resource  = aws_sns_topic.this[0].arn
        Condition = { StringEquals = { "aws:SourceAccount" = var.account.id } }
      },
      {
        Sid       = "OnlyOverTls"
        Effect    = "Deny"
        Principal = { AWS = "*" }
        Action    = "sns:Publish"
        Resource  = aws_sns_topic.this[0].arn
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })
}

resource "aws_sns_topic_subscription" "email" {
  for_each = local.make_topic ? var.notify_emails : []

  topic_arn = aws_sns_topic.this[0].arn
  protocol  = "email"
  endpoint  = each.value
}

resource "aws_kms_key" "this" {
  count = local.make_key ? 1 : 0

  description             = "Logs and notifications of ${var.name}"
  enable_key_rotation     = true
  deletion_window_in_days = 30
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
        Sid       = "LogGroups"
        Effect    = "Allow"
        Principal = { Service = "logs.${var.account.region}.amazonaws.com" }
        Action    = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
        Resource  = "*"
        Condition = { ArnLike = { "kms:EncryptionContext:aws:logs:arn" = "arn:${var.account.partition}:logs:${var.account.region}:${var.account.id}:log-group:*" } }
      },
      {
        # A publisher to an encrypted topic encrypts on its own behalf.
        Sid       = "Publishers"
        Effect    = "Allow"
        Principal = { Service = local.publishers }
        Action    = ["kms:Decrypt", "kms:GenerateDataKey*"]
        Resource  = "*"
        Condition = { StringEquals = { "aws:SourceAccount" = var.account.id } }
      },
    ]
  })
  tags = var.labels
}

resource "aws_kms_alias" "this" {
  count = local.make_key ? 1 : 0

  name          = "alias/${var.name}-observability"
  target_key_id = aws_kms_key.this[0].key_id
}
