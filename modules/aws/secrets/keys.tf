locals {
  # One key for all secrets of a service that bring none.
  key_labels = {
    for service, labels in { for key, item in local.made : item.service => local.labels[key]... if item.encryption_key == null } : service => labels[0]
  }
}

resource "aws_kms_key" "this" {
  for_each = local.key_labels

  description             = "Secrets of ${each.key} in ${var.name}"
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
    ]
  })
  tags = each.value
}

resource "aws_kms_alias" "this" {
  for_each = local.key_labels

  name          = "alias/${var.name}-${each.key}-secrets"
  target_key_id = aws_kms_key.this[each.key].key_id
}
