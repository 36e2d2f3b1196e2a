locals {
  account_decides = {
    Sid       = "AccountDecidesByIAM"
    Effect    = "Allow"
    Principal = { AWS = "arn:${var.account.partition}:iam::${var.account.id}:root" }
    Action    = "kms:*"
    Resource  = "*"
  }
  own_account = { StringEquals = { "aws:SourceAccount" = var.account.id } }

  # Services that encrypt or decrypt in their own name, each only for resources of this account. What a service does in the name of its
  # caller (S3, SQS, RDS, DynamoDB, Secrets Manager) is decided by the caller's IAM policy.
  key_users = {
    budgets    = { principal = "budgets.amazonaws.com", actions = ["kms:Decrypt", "kms:GenerateDataKey*"], condition = local.own_account }
    cloudfront = { principal = "cloudfront.amazonaws.com", actions = ["kms:Decrypt"], condition = { ArnLike = { "aws:SourceArn" = "arn:${var.account.partition}:cloudfront::${var.account.id}:distribution/*" } } }
    cloudwatch = { principal = "cloudwatch.amazonaws.com", actions = ["kms:Decrypt", "kms:GenerateDataKey*"], condition = local.own_account }
    costalerts = { principal = "costalerts.amazonaws.com", actions = ["kms:Decrypt", "kms:GenerateDataKey*"], condition = local.own_account }
    events     = { principal = "events.amazonaws.com", actions = ["kms:Decrypt", "kms:GenerateDataKey*"], condition = local.own_account }
    logs = {
      principal = "logs.${var.account.region}.amazonaws.com"
      actions   = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
      condition = { ArnLike = { "kms:EncryptionContext:aws:logs:arn" = "arn:${var.account.partition}:logs:${var.account.region}:${var.account.id}:log-group:*" } }
    }
    s3  = { principal = "s3.amazonaws.com", actions = ["kms:Decrypt", "kms:GenerateDataKey*"], condition = local.own_account }
    sns = { principal = "sns.amazonaws.com", actions = ["kms:Decrypt", "kms:GenerateDataKey*"], condition = local.own_account }
  }
  key_user_statements = { for service, user in local.key_users : service => {
    Sid       = "Service${title(service)}"
    Effect    = "Allow"
    Principal = { Service = user.principal }
    Action    = user.actions
    Resource  = "*"
    Condition = user.condition
  } }
}

resource "aws_kms_key" "platform" {
  for_each = { for purpose, key in var.platform_keys : purpose => key if key.existing == null }

  description             = each.value.description
  enable_key_rotation     = true
  deletion_window_in_days = var.deletion_protection ? 30 : 7
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = concat([local.account_decides], [for service in sort(each.value.services) : local.key_user_statements[service]])
  })
  tags = merge(var.labels, each.value.labels)
}

resource "aws_kms_alias" "platform" {
  for_each = aws_kms_key.platform

  name          = "alias/${var.name}-${each.key}"
  target_key_id = each.value.key_id
}

resource "aws_kms_key" "service" {
  for_each = { for service, key in var.service_keys : service => key if key.existing == null }

  description             = "Data of the service ${each.key} of ${var.name}"
  enable_key_rotation     = true
  deletion_window_in_days = var.deletion_protection ? 30 : 7
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = concat([local.account_decides], [for service in sort(each.value.services) : local.key_user_statements[service]])
  })
  tags = merge(var.labels, each.value.labels)
}

resource "aws_kms_alias" "service" {
  for_each = aws_kms_key.service

  name          = "alias/${var.service_keys[each.key].name}"
  target_key_id = each.value.key_id
}
