locals {
  made     = { for key, item in var.secrets : key => item if item.existing == null }
  existing = { for key, item in var.secrets : key => item.existing if item.existing != null }
  rotated  = { for key, item in local.made : key => item if item.rotation != null }
  labels   = { for key, item in local.made : key => merge(var.labels, item.labels) }

  arns = merge(
    { for key, item in local.existing : key => item.arn },
    { for key, secret in aws_secretsmanager_secret.this : key => secret.arn },
  )
  key_arns = merge(
    { for key, item in local.existing : key => item.key_arn },
    { for key, item in local.made : key => item.encryption_key == null ? aws_kms_key.this[item.service].arn : item.encryption_key.arn },
  )
  names = { for key, secret in aws_secretsmanager_secret.this : key => secret.name }
}

# There is no aws_secretsmanager_secret_version here, and must be none: its value would stand in the state.
resource "aws_secretsmanager_secret" "this" {
  for_each = local.made

  name                    = each.value.name
  description             = coalesce(each.value.description, "Secret of ${each.value.service}; its value is put by a person or by rotation")
  kms_key_id              = local.key_arns[each.key]
  recovery_window_in_days = coalesce(each.value.recovery_window_days, var.deletion_protection ? 30 : 0)
  tags                    = local.labels[each.key]
}

resource "aws_lambda_permission" "rotation" {
  for_each = local.rotated

  statement_id   = "rotate-${substr(sha256(each.value.name), 0, 16)}"
  function_name  = each.value.rotation.function_arn
  action         = "lambda:InvokeFunction"
  principal      = "secretsmanager.amazonaws.com"
  source_account = var.account.id
  source_arn     = aws_secretsmanager_secret.this[each.key].arn
}

resource "aws_secretsmanager_secret_rotation" "this" {
  for_each = local.rotated

  secret_id           = aws_secretsmanager_secret.this[each.key].id
  rotation_lambda_arn = each.value.rotation.function_arn
  rotation_rules {
    automatically_after_days = each.value.rotation.days
  }

  # Secrets Manager refuses a function that it may not call, and one whose result the policy forbids to read.
  depends_on = [aws_lambda_permission.rotation, aws_secretsmanager_secret_policy.this]
}
