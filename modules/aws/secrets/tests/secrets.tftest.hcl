mock_provider "aws" {
  mock_resource "aws_kms_key" {
    defaults = { arn = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab", key_id = "1234abcd-12ab-34cd-56ef-1234567890ab" }
  }
  mock_resource "aws_secretsmanager_secret" {
    defaults = {
      arn = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:made-AbCdEf"
      id  = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:made-AbCdEf"
    }
  }
}

variables {
  name    = "acme-dev"
  account = { id = "111122223333", region = "eu-central-1" }
  labels  = { Project = "acme" }
}

run "secrets_of_two_services_and_one_that_exists" {
  command = apply

  variables {
    secrets = {
      tabular-openai = {
        name    = "acme-dev/tabular/openai"
        service = "tabular"
        labels  = { Service = "tabular" }
      }
      tabular-signing = {
        name     = "acme-dev/tabular/signing"
        service  = "tabular"
        labels   = { Service = "tabular" }
        rotation = { function_arn = "arn:aws:lambda:eu-central-1:111122223333:function:rotate", days = 7 }
      }
      textnlp-hub = {
        name                 = "acme-dev/textnlp/hub"
        service              = "textnlp"
        encryption_key       = { arn = "arn:aws:kms:eu-central-1:111122223333:key/brought" }
        recovery_window_days = 7
      }
      old = {
        name     = "old"
        service  = "syndoc"
        existing = { arn = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:old-123456" }
      }
    }
    readers = { tabular-openai = ["arn:aws:iam::111122223333:role/tabular"] }
  }

  assert {
    condition     = { for key, secret in aws_secretsmanager_secret.this : key => secret.recovery_window_in_days } == { tabular-openai = 30, tabular-signing = 30, textnlp-hub = 7 }
    error_message = "A deleted secret must be recoverable, and the one that exists must not be made."
  }
  assert {
    condition = keys(aws_kms_key.this) == ["tabular"] && { for key, secret in aws_secretsmanager_secret.this : key => secret.kms_key_id } == {
      tabular-openai  = aws_kms_key.this["tabular"].arn
      tabular-signing = aws_kms_key.this["tabular"].arn
      textnlp-hub     = "arn:aws:kms:eu-central-1:111122223333:key/brought"
    }
    error_message = "The secrets of a service must share one key of its own, or use the one that is brought."
  }
  assert {
    condition = alltrue([
      keys(aws_secretsmanager_secret_rotation.this) == ["tabular-signing"],
      aws_secretsmanager_secret_rotation.this["tabular-signing"].rotation_rules[0].automatically_after_days == 7,
      aws_lambda_permission.rotation["tabular-signing"].principal == "secretsmanager.amazonaws.com",
      aws_lambda_permission.rotation["tabular-signing"].source_account == "111122223333",
    ])
    error_message = "Rotation must call the function it names, and be allowed to."
  }
  assert {
    condition = alltrue([
      for policy in aws_secretsmanager_secret_policy.this : policy.block_public_policy && jsondecode(policy.policy).Statement[0].Condition.StringNotEquals["aws:PrincipalAccount"] == "111122223333"
    ])
    error_message = "No other account may read a secret, whatever its own IAM says."
  }
  assert {
    condition = alltrue([
      length(jsondecode(aws_secretsmanager_secret_policy.this["tabular-signing"].policy).Statement) == 1,
      jsondecode(aws_secretsmanager_secret_policy.this["tabular-openai"].policy).Statement[1].Condition.ArnNotEquals["aws:PrincipalArn"] == ["arn:aws:iam::111122223333:role/tabular"],
      jsondecode(aws_secretsmanager_secret_policy.this["tabular-openai"].policy).Statement[1].Action == "secretsmanager:GetSecretValue",
    ])
    error_message = "Where readers are named, nobody else may read the value."
  }
  assert {
    condition     = output.arns.old == "arn:aws:secretsmanager:eu-central-1:111122223333:secret:old-123456" && output.key_arns.old == null && !contains(keys(output.names), "old")
    error_message = "A secret that exists must be described like one made here."
  }
  assert {
    condition     = aws_secretsmanager_secret.this["tabular-openai"].tags == tomap({ Project = "acme", Service = "tabular" }) && aws_kms_key.this["tabular"].tags == tomap({ Project = "acme", Service = "tabular" })
    error_message = "The labels of the item must be laid over those of the module, on its key too."
  }
}

run "without_protection_a_secret_goes_at_once" {
  command = plan
  variables {
    deletion_protection = false
    secrets             = { x = { name = "acme-dev/x", service = "x" } }
  }
  assert {
    condition     = aws_secretsmanager_secret.this["x"].recovery_window_in_days == 0
    error_message = "A name must be free again at once where nothing is protected."
  }
}

run "readers_of_an_unknown_secret_are_refused" {
  command = plan
  variables {
    readers = { nothing = ["arn:aws:iam::111122223333:role/x"] }
  }
  expect_failures = [var.readers]
}

run "a_secret_that_nobody_may_read_is_refused" {
  command = plan
  variables {
    secrets = { x = { name = "acme-dev/x", service = "x" } }
    readers = { x = [] }
  }
  expect_failures = [var.readers]
}

run "a_bad_base_name_is_refused" {
  command = plan
  variables {
    name = "Acme"
  }
  expect_failures = [var.name]
}

run "a_name_with_a_space_is_refused" {
  command = plan
  variables {
    secrets = { x = { name = "open ai", service = "x" } }
  }
  expect_failures = [var.secrets]
}

run "one_name_for_two_secrets_is_refused" {
  command = plan
  variables {
    secrets = { x = { name = "acme-dev/x", service = "x" }, y = { name = "acme-dev/x", service = "y" } }
  }
  expect_failures = [var.secrets]
}

run "a_bad_service_is_refused" {
  command = plan
  variables {
    secrets = { x = { name = "acme-dev/x", service = "X Y" } }
  }
  expect_failures = [var.secrets]
}

run "too_short_a_recovery_is_refused" {
  command = plan
  variables {
    secrets = { x = { name = "acme-dev/x", service = "x", recovery_window_days = 3 } }
  }
  expect_failures = [var.secrets]
}

run "rotation_without_days_is_refused" {
  command = plan
  variables {
    secrets = { x = { name = "acme-dev/x", service = "x", rotation = { function_arn = "arn:aws:lambda:eu-central-1:111122223333:function:rotate", days = 0 } } }
  }
  expect_failures = [var.secrets]
}

run "rotation_of_an_existing_secret_is_refused" {
  command = plan
  variables {
    secrets = { x = { name = "acme-dev/x", service = "x", existing = { arn = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:x" }, rotation = { function_arn = "arn:aws:lambda:eu-central-1:111122223333:function:rotate" } } }
  }
  expect_failures = [var.secrets]
}

run "values_that_are_known_after_apply_only_can_be_planned" {
  command = plan

  module {
    source = "./tests/unknown"
  }

  assert {
    condition     = module.secrets.names == { signing = "acme-dev/x/signing" }
    error_message = "What is made in the same apply must be usable."
  }
}
