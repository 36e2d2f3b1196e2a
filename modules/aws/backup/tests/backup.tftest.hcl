mock_provider "aws" {
  mock_resource "aws_kms_key" {
    defaults = { arn = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555" }
  }
  mock_resource "aws_backup_vault" {
    defaults = { arn = "arn:aws:backup:us-east-1:123456789012:backup-vault:inferloop-dev" }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/inferloop-dev-backup" }
  }
}

variables {
  name    = "inferloop-dev"
  account = { id = "123456789012", region = "us-east-1" }
}

run "nothing_is_made_without_plans" {
  command = plan
  assert {
    condition     = length(aws_backup_vault.this) + length(aws_iam_role.this) + length(aws_kms_key.this) == 0 && output.vault_arn == null
    error_message = "No plans must make nothing."
  }
}

run "plans_select_by_all_tags_into_an_encrypted_vault" {
  variables {
    lock = { min_retention_days = 7 }
    plans = {
      daily = {
        rules       = { nightly = { schedule = "cron(0 3 * * ? *)", retention_days = 120, cold_storage_after_days = 30, copy_to = { west = { vault_arn = "arn:aws:backup:us-west-2:123456789012:backup-vault:copies", retention_days = 30 } } } }
        select_tags = { Project = "inferloop", Environment = "dev" }
      }
      hourly = {
        rules       = { hourly = { schedule = "rate(1 hour)", retention_days = 7, continuous = true } }
        select_arns = { table = "arn:aws:dynamodb:us-east-1:123456789012:table/jobs" }
      }
    }
  }
  assert {
    condition     = aws_backup_vault.this[0].kms_key_arn == aws_kms_key.this[0].arn && !aws_backup_vault.this[0].force_destroy
    error_message = "The vault must have its own key and keep its recovery points."
  }
  assert {
    condition     = toset([for rule in one(aws_backup_selection.tagged["daily"].condition).string_equals : "${rule.key}=${rule.value}"]) == toset(["aws:ResourceTag/Project=inferloop", "aws:ResourceTag/Environment=dev"]) && keys(aws_backup_selection.tagged) == ["daily"]
    error_message = "All tags must match."
  }
  assert {
    condition     = sort([for pattern in aws_backup_selection.tagged["daily"].resources : split(":", pattern)[2]]) == tolist(["dynamodb", "elasticfilesystem", "rds", "rds", "s3"])
    error_message = "What keeps data must be selected, and no node or its disks."
  }
  assert {
    condition     = aws_backup_selection.named["hourly"].resources == toset(["arn:aws:dynamodb:us-east-1:123456789012:table/jobs"])
    error_message = "Resources that are named must be selected."
  }
  assert {
    condition     = one(one(aws_backup_plan.this["daily"].rule).lifecycle).delete_after == 120 && one(one(aws_backup_plan.this["daily"].rule).copy_action).destination_vault_arn == "arn:aws:backup:us-west-2:123456789012:backup-vault:copies"
    error_message = "Rules must keep their retention and copies."
  }
  assert {
    condition     = length(aws_iam_role_policy_attachment.this) == 4 && jsondecode(aws_iam_role.this[0].assume_role_policy).Statement[0].Condition.StringEquals["aws:SourceAccount"] == "123456789012"
    error_message = "The role must back up and restore, S3 too, for this account alone."
  }
  assert {
    condition     = aws_backup_vault_lock_configuration.this[0].min_retention_days == 7
    error_message = "The lock must hold."
  }
}

run "existing_vault_is_used" {
  variables {
    deletion_protection = false
    existing            = { name = "central", arn = "arn:aws:backup:us-east-1:123456789012:backup-vault:central" }
    plans               = { daily = { rules = { r = { schedule = "rate(1 day)", retention_days = 7 } }, select_tags = { A = "b" } } }
  }
  assert {
    condition     = length(aws_backup_vault.this) + length(aws_kms_key.this) == 0 && one(aws_backup_plan.this["daily"].rule).target_vault_name == "central" && output.key_arn == null
    error_message = "A vault that exists must be used as it is."
  }
}

run "impossible_rules_are_refused" {
  command = plan
  variables {
    plans = {
      a = { rules = { r = { schedule = "daily", retention_days = 60, cold_storage_after_days = 30, continuous = true, start_window_minutes = 10 } } }
    }
  }
  expect_failures = [var.plans]
}

run "a_bad_base_name_is_refused" {
  command = plan
  variables {
    name = "Acme"
  }
  expect_failures = [var.name]
}
