resource "aws_kms_key" "this" {
  for_each = local.with_own_key

  description             = "Objects of ${var.name} in the bucket ${each.value.name}"
  enable_key_rotation     = true
  deletion_window_in_days = local.deletion_protection[each.key] ? 30 : 7
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat([
      {
        Sid       = "AccountDecidesByIAM"
        Effect    = "Allow"
        Principal = { AWS = "arn:${var.account.partition}:iam::${var.account.id}:root" }
        Action    = "kms:*"
        Resource  = "*"
      },
      ], [
      for key, distribution in var.distributions : {
        Sid       = "DecryptForDistribution"
        Effect    = "Allow"
        Principal = { Service = "cloudfront.amazonaws.com" }
        Action    = "kms:Decrypt"
        Resource  = "*"
        Condition = { StringEquals = { "aws:SourceArn" = distribution.arn } }
      } if key == each.key
    ])
  })
  tags = local.labels[each.key]
}

resource "aws_kms_alias" "this" {
  for_each = local.with_own_key

  name          = "alias/${each.value.name}-storage"
  target_key_id = aws_kms_key.this[each.key].key_id
}
