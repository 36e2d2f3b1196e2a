mock_provider "aws" {
  mock_resource "aws_kms_key" {
    defaults = { arn = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab", key_id = "1234abcd-12ab-34cd-56ef-1234567890ab" }
  }
  mock_resource "aws_ecr_repository" {
    defaults = {
      arn            = "arn:aws:ecr:eu-central-1:111122223333:repository/acme/text"
      repository_url = "111122223333.dkr.ecr.eu-central-1.amazonaws.com/acme/text"
    }
  }
}

variables {
  name    = "acme-dev"
  account = { id = "111122223333", region = "eu-central-1" }
  labels  = { Project = "acme" }
}

run "images_are_scanned_immutable_encrypted_and_cleaned_up" {
  command = apply

  variables {
    repositories = {
      text   = { name = "acme-dev/text", labels = { Service = "text" }, keep_images = 20, untagged_days = 3 }
      shared = { name = "acme-dev/shared", functions = true, pull_account_ids = ["444455556666"] }
      theirs = { name = "theirs", existing = { url = "registry.example.com/theirs" } }
    }
  }

  assert {
    condition     = alltrue([for repository in aws_ecr_repository.this : repository.image_tag_mutability == "IMMUTABLE" && repository.image_scanning_configuration[0].scan_on_push && repository.encryption_configuration[0].encryption_type == "KMS" && repository.encryption_configuration[0].kms_key == aws_kms_key.images[0].arn && repository.force_delete == false])
    error_message = "Tags must not move, images must be scanned and encrypted, and a repository with images must stay."
  }
  assert {
    condition     = aws_kms_key.images[0].enable_key_rotation && aws_kms_key.images[0].deletion_window_in_days == 30 && output.key_arn == aws_kms_key.images[0].arn
    error_message = "The images' key must rotate."
  }
  assert {
    condition     = [for rule in jsondecode(aws_ecr_lifecycle_policy.this["text"].policy).rules : "${rule.selection.tagStatus} ${rule.selection.countType} ${rule.selection.countNumber}"] == ["untagged sinceImagePushed 3", "any imageCountMoreThan 20"]
    error_message = "Untagged images must go after the days asked for, and only the newest ones stay."
  }
  assert {
    condition     = [for statement in jsondecode(aws_ecr_repository_policy.this["shared"].policy).Statement : "${statement.Sid} ${join(",", flatten(values(statement.Principal)))}"] == ["OtherAccountsPull arn:aws:iam::444455556666:root", "FunctionsPull lambda.amazonaws.com"] && length(aws_ecr_repository_policy.this) == 1
    error_message = "Only who is named may pull from outside, and a repository that names nobody needs no policy."
  }
  assert {
    condition     = alltrue(flatten([for statement in jsondecode(aws_ecr_repository_policy.this["shared"].policy).Statement : [for action in statement.Action : !can(regex("Put|Upload|Delete|Set|\\*", action))]]))
    error_message = "Others may pull, never push."
  }
  assert {
    condition     = output.urls == { shared = "111122223333.dkr.ecr.eu-central-1.amazonaws.com/acme/text", text = "111122223333.dkr.ecr.eu-central-1.amazonaws.com/acme/text", theirs = "registry.example.com/theirs" } && output.arns["theirs"] == null && tolist(keys(output.names)) == tolist(["shared", "text"])
    error_message = "A repository that is brought must be named, not made."
  }
  assert {
    condition     = aws_ecr_repository.this["text"].tags == tomap({ Project = "acme", Service = "text" }) && output.host == "111122223333.dkr.ecr.eu-central-1.amazonaws.com"
    error_message = "A repository must carry the labels of its service."
  }
}

run "a_brought_key_and_nothing_protected" {
  command = plan

  variables {
    deletion_protection = false
    encryption_key      = { arn = "arn:aws:kms:eu-central-1:111122223333:key/theirs" }
    repositories        = { text = { name = "acme-dev/text" } }
  }

  assert {
    condition     = length(aws_kms_key.images) == 0 && aws_ecr_repository.this["text"].encryption_configuration[0].kms_key == "arn:aws:kms:eu-central-1:111122223333:key/theirs" && aws_ecr_repository.this["text"].force_delete && length(aws_ecr_repository_policy.this) == 0
    error_message = "A key that is brought must be used; without protection a repository may go with its images."
  }
}

run "no_repositories_make_nothing" {
  command = plan

  assert {
    condition     = length(aws_kms_key.images) + length(aws_kms_alias.images) + length(aws_ecr_repository.this) == 0 && output.key_arn == null
    error_message = "Without repositories there must be no key."
  }
}

run "wrong_values_are_refused" {
  command = plan
  variables {
    name         = "acme_dev"
    repositories = { text = { name = "Acme/Text" } }
  }
  expect_failures = [var.name, var.repositories]
}

run "keeping_no_images_is_refused" {
  command = plan
  variables {
    repositories = { text = { name = "acme/text", keep_images = 0 } }
  }
  expect_failures = [var.repositories]
}

run "account_ids_that_are_none_are_refused" {
  command = plan
  variables {
    repositories = { text = { name = "acme/text", pull_account_ids = ["*"] } }
  }
  expect_failures = [var.repositories]
}

run "brought_urls_with_a_scheme_are_refused" {
  command = plan
  variables {
    repositories = { text = { name = "acme/text", existing = { url = "https://registry.example.com/text" } } }
  }
  expect_failures = [var.repositories]
}

run "values_that_are_known_after_apply_only_can_be_planned" {
  command = plan

  module {
    source = "./tests/unknown"
  }

  assert {
    condition     = module.registry.names["text"] == "acme-dev/text"
    error_message = "A key made in the same apply must be usable."
  }
}
