resource "aws_kms_key" "this" {
  for_each = local.with_own_key

  description             = "Database ${each.value.name}"
  enable_key_rotation     = true
  deletion_window_in_days = local.deletion_protection[each.key] ? 30 : 7
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
        Condition = { ArnLike = { "kms:EncryptionContext:aws:logs:arn" = "${local.log_group_arn_prefix}:${local.log_group_prefixes[each.key]}/*" } }
      },
    ]
  })
  tags = local.labels[each.key]
}

resource "aws_kms_alias" "this" {
  for_each = local.with_own_key

  name          = "alias/${each.value.name}-database"
  target_key_id = aws_kms_key.this[each.key].key_id
}
