locals {
  make_vault = var.existing == null && length(var.plans) > 0
  make_key   = local.make_vault && var.encryption_key == null

  key_arn    = !local.make_vault ? null : local.make_key ? aws_kms_key.this[0].arn : var.encryption_key.arn
  vault_arn  = var.existing != null ? var.existing.arn : one(aws_backup_vault.this[*].arn)
  vault_name = var.existing != null ? var.existing.name : one(aws_backup_vault.this[*].name)
}

resource "aws_kms_key" "this" {
  count = local.make_key ? 1 : 0

  description             = "Backups of ${var.name}"
  enable_key_rotation     = true
  deletion_window_in_days = var.deletion_protection ? 30 : 7
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "AccountDecidesByIAM"
      Effect    = "Allow"
      Principal = { AWS = "arn:${var.account.partition}:iam::${var.account.id}:root" }
      Action    = "kms:*"
      Resource  = "*"
    }]
  })
  tags = var.labels
}

resource "aws_kms_alias" "this" {
  count = local.make_key ? 1 : 0

  name          = "alias/${var.name}-backup"
  target_key_id = aws_kms_key.this[0].key_id
}

resource "aws_backup_vault" "this" {
  count = local.make_vault ? 1 : 0

  name          = var.name
  kms_key_arn   = local.key_arn
  force_destroy = !var.deletion_protection
  tags          = var.labels
}

resource "aws_backup_vault_lock_configuration" "this" {
  count = local.make_vault && var.lock != null ? 1 : 0

  backup_vault_name   = aws_backup_vault.this[0].name
  min_retention_days  = var.lock.min_retention_days
  max_retention_days  = var.lock.max_retention_days
  changeable_for_days = var.lock.grace_days
}
