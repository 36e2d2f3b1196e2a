resource "aws_backup_plan" "this" {
  for_each = var.plans

  name = "${var.name}-${each.key}"
  tags = merge(var.labels, each.value.labels)

  dynamic "rule" {
    for_each = each.value.rules
    content {
      rule_name                    = rule.key
      target_vault_name            = local.vault_name
      schedule                     = rule.value.schedule
      schedule_expression_timezone = rule.value.time_zone
      start_window                 = rule.value.start_window_minutes
      completion_window            = rule.value.completion_window_minutes
      enable_continuous_backup     = rule.value.continuous

      lifecycle {
        cold_storage_after = rule.value.cold_storage_after_days
        delete_after       = rule.value.retention_days
      }

      dynamic "copy_action" {
        for_each = rule.value.copy_to
        content {
          destination_vault_arn = copy_action.value.vault_arn
          lifecycle {
            delete_after = copy_action.value.retention_days
          }
        }
      }
    }
  }
}

# What keeps data. Nodes and their disks have the same tags, and nothing on them is worth keeping.
locals {
  kept = [
    "arn:${var.account.partition}:dynamodb:*:*:table/*",
    "arn:${var.account.partition}:elasticfilesystem:*:*:file-system/*",
    "arn:${var.account.partition}:rds:*:*:cluster:*",
    "arn:${var.account.partition}:rds:*:*:db:*",
    "arn:${var.account.partition}:s3:::*",
  ]
}

# All tags must match, which only conditions say: several selection_tag blocks are alternatives.
resource "aws_backup_selection" "tagged" {
  for_each = { for key, plan in var.plans : key => plan if length(plan.select_tags) > 0 }

  name         = "tagged"
  plan_id      = aws_backup_plan.this[each.key].id
  iam_role_arn = aws_iam_role.this[0].arn
  resources    = local.kept

  dynamic "condition" {
    for_each = [each.value.select_tags]
    content {
      dynamic "string_equals" {
        for_each = condition.value
        content {
          key   = "aws:ResourceTag/${string_equals.key}"
          value = string_equals.value
        }
      }
    }
  }

  depends_on = [aws_iam_role_policy_attachment.this]
}

resource "aws_backup_selection" "named" {
  for_each = { for key, plan in var.plans : key => plan if length(plan.select_arns) > 0 }

  name         = "named"
  plan_id      = aws_backup_plan.this[each.key].id
  iam_role_arn = aws_iam_role.this[0].arn
  resources    = values(each.value.select_arns)

  depends_on = [aws_iam_role_policy_attachment.this]
}

resource "aws_iam_role" "this" {
  count = length(var.plans) > 0 ? 1 : 0

  name        = "${var.name}-backup"
  description = "Makes and restores the backups of ${var.name}"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "backup.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = var.account.id } }
    }]
  })
  tags = var.labels
}

resource "aws_iam_role_policy_attachment" "this" {
  for_each = length(var.plans) == 0 ? toset([]) : toset([
    "service-role/AWSBackupServiceRolePolicyForBackup",
    "service-role/AWSBackupServiceRolePolicyForRestores",
    "AWSBackupServiceRolePolicyForS3Backup",
    "AWSBackupServiceRolePolicyForS3Restore",
  ])

  role       = aws_iam_role.this[0].name
  policy_arn = "arn:${var.account.partition}:iam::aws:policy/${each.value}"
}
