resource "aws_kms_key" "this" {
  for_each = local.with_own_key

  description             = "Cache ${each.value.name}"
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
        Sid       = "LogGroups"
        Effect    = "Allow"
        Principal = { Service = "logs.${var.account.region}.amazonaws.com" }
        Action    = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
        Resource  = "*"
        Condition = {
          ArnLike = {
            "kms:EncryptionContext:aws:logs:arn" = "arn:${var.account.partition}:logs:${var.account.region}:${var.account.id}:log-group:/aws/vendedlogs/elasticache/${each.value.name}/*"
          }
        }
      },
    ]
  })
  tags = local.labels[each.key]
}

resource "aws_kms_alias" "this" {
  for_each = local.with_own_key

  name          = "alias/${each.value.name}-cache"
  target_key_id = aws_kms_key.this[each.key].key_id
}
