mock_provider "aws" {
  mock_resource "aws_kms_key" {
    defaults = { arn = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab", key_id = "1234abcd-12ab-34cd-56ef-1234567890ab" }
  }
  mock_resource "aws_s3_bucket" {
    defaults = { arn = "arn:aws:s3:::made", bucket_regional_domain_name = "made.s3.eu-central-1.amazonaws.com" }
  }
}

variables {
  name    = "acme-dev"
  account = { id = "111122223333", region = "eu-central-1" }
  labels  = { Project = "acme" }
}

run "buckets_made_and_one_that_exists" {
  command = apply

  variables {
    buckets = {
      datasets = {
        name         = "acme-dev-tabular-datasets"
        labels       = { Service = "tabular" }
        event_bridge = true
        lifecycle = {
          default = { transitions = { STANDARD_IA = 30, GLACIER = 90 }, expire_days = 365, noncurrent_versions = 3 }
          parts   = { prefix = "tmp/", abort_multipart_days = 1 }
        }
        cors = { site = { origins = ["https://app.acme.example"], methods = ["GET", "PUT"] } }
      }
      site = {
        name                = "acme-dev-site"
        versioning          = false
        deletion_protection = false
        encryption_key      = { arn = "arn:aws:kms:eu-central-1:111122223333:key/brought" }
        lifecycle           = {}
      }
      old = {
        name     = "acme-old"
        existing = { name = "acme-old", region = "us-east-1", key_arn = "arn:aws:kms:us-east-1:111122223333:key/old" }
      }
    }
    distributions = { datasets = { arn = "arn:aws:cloudfront::111122223333:distribution/EDFDVBD6EXAMPLE" } }
    notifications = {
      uploads = { bucket = "datasets", queue_arn = "arn:aws:sqs:eu-central-1:111122223333:uploads", prefix = "in/" }
    }
  }

  assert {
    condition     = keys(aws_s3_bucket.this) == ["datasets", "site"]
    error_message = "The one that exists must not be made."
  }
  assert {
    condition     = !aws_s3_bucket.this["datasets"].force_destroy && aws_s3_bucket.this["site"].force_destroy
    error_message = "A bucket may be destroyed with its objects only without deletion protection."
  }
  assert {
    condition = alltrue([
      for block in aws_s3_bucket_public_access_block.this : block.block_public_acls && block.block_public_policy && block.ignore_public_acls && block.restrict_public_buckets
    ]) && alltrue([for control in aws_s3_bucket_ownership_controls.this : control.rule[0].object_ownership == "BucketOwnerEnforced"])
    error_message = "No bucket may become public, by policy or by ACL."
  }
  assert {
    condition = { for key, encryption in aws_s3_bucket_server_side_encryption_configuration.this : key => one(one(encryption.rule).apply_server_side_encryption_by_default).kms_master_key_id } == {
      datasets = aws_kms_key.this["datasets"].arn, site = "arn:aws:kms:eu-central-1:111122223333:key/brought"
    }
    error_message = "Every bucket must be encrypted with its own key or the one that is brought."
  }
  assert {
    condition     = keys(aws_kms_key.this) == ["datasets"] && aws_kms_alias.this["datasets"].name == "alias/acme-dev-tabular-datasets-storage"
    error_message = "A key that is brought must spare one made here."
  }
  assert {
    condition     = keys(aws_s3_bucket_versioning.this) == ["datasets"]
    error_message = "Versions must be kept unless turned off."
  }
  assert {
    condition = jsonencode({ for rule in aws_s3_bucket_lifecycle_configuration.this["datasets"].rule : rule.id => [
      rule.filter[0].prefix, { for transition in rule.transition : transition.storage_class => transition.days },
      rule.noncurrent_version_expiration[0].noncurrent_days, rule.abort_incomplete_multipart_upload[0].days_after_initiation,
      ] }) == jsonencode({
      default = ["", { GLACIER = 90, STANDARD_IA = 30 }, 30, 7]
      parts   = ["tmp/", {}, 30, 1]
    })
    error_message = "The lifecycle must move and expire what it is asked to."
  }
  assert {
    condition = alltrue([
      aws_s3_bucket_lifecycle_configuration.this["datasets"].rule[0].expiration[0].days == 365,
      aws_s3_bucket_lifecycle_configuration.this["datasets"].rule[0].noncurrent_version_expiration[0].newer_noncurrent_versions == 3,
      aws_s3_bucket_lifecycle_configuration.this["datasets"].rule[1].expiration[0].expired_object_delete_marker,
      length(aws_s3_bucket_lifecycle_configuration.this["datasets"].rule[1].expiration) == 1,
    ])
    error_message = "Objects must expire when asked to; otherwise the markers of deleted ones must."
  }
  assert {
    condition     = keys(aws_s3_bucket_lifecycle_configuration.this) == ["datasets"] && keys(aws_s3_bucket_cors_configuration.this) == ["datasets"]
    error_message = "No lifecycle and no CORS rule where none is asked for."
  }
  assert {
    condition = [for statement in jsondecode(aws_s3_bucket_policy.this["datasets"].policy).Statement : "${statement.Effect} ${statement.Sid}"] == [
      "Deny RefuseWithoutTls", "Deny RefuseOldTls", "Deny RefuseOtherEncryption", "Deny RefuseOtherKey", "Deny RefuseCustomerKey", "Allow ReadByDistribution"
    ]
    error_message = "The policy must refuse plain HTTP and other keys, and admit the distribution."
  }
  assert {
    condition = alltrue([
      jsondecode(aws_s3_bucket_policy.this["datasets"].policy).Statement[0].Condition.Bool["aws:SecureTransport"] == "false",
      jsondecode(aws_s3_bucket_policy.this["datasets"].policy).Statement[3].Condition.ArnNotEquals["s3:x-amz-server-side-encryption-aws-kms-key-id"] == aws_kms_key.this["datasets"].arn,
      jsondecode(aws_s3_bucket_policy.this["datasets"].policy).Statement[3].Condition.Null["s3:x-amz-server-side-encryption-aws-kms-key-id"] == "false",
      jsondecode(aws_s3_bucket_policy.this["datasets"].policy).Statement[5].Condition.StringEquals["aws:SourceArn"] == "arn:aws:cloudfront::111122223333:distribution/EDFDVBD6EXAMPLE",
      length(jsondecode(aws_s3_bucket_policy.this["site"].policy).Statement) == 5,
    ])
    error_message = "The conditions must name the bucket's key and the distribution of that bucket only."
  }
  assert {
    condition     = [for statement in jsondecode(aws_kms_key.this["datasets"].policy).Statement : statement.Sid] == ["AccountDecidesByIAM", "DecryptForDistribution"]
    error_message = "The distribution must be able to decrypt what it reads."
  }
  assert {
    condition     = aws_s3_bucket_notification.this["datasets"].eventbridge && aws_s3_bucket_notification.this["datasets"].queue[0].queue_arn == "arn:aws:sqs:eu-central-1:111122223333:uploads" && aws_s3_bucket_notification.this["datasets"].queue[0].filter_prefix == "in/" && keys(aws_s3_bucket_notification.this) == ["datasets"]
    error_message = "Events must go to EventBridge and to the queue, for the bucket that asks for it."
  }
  assert {
    condition = alltrue([
      output.arns.old == "arn:aws:s3:::acme-old", output.domain_names.old == "acme-old.s3.us-east-1.amazonaws.com",
      output.key_arns.old == "arn:aws:kms:us-east-1:111122223333:key/old", output.names == { datasets = "acme-dev-tabular-datasets", old = "acme-old", site = "acme-dev-site" },
      output.domain_names.site == "made.s3.eu-central-1.amazonaws.com",
    ])
    error_message = "A bucket that exists must be described like one made here."
  }
  assert {
    condition     = aws_s3_bucket.this["datasets"].tags == tomap({ Project = "acme", Service = "tabular" })
    error_message = "The labels of the item must be laid over those of the module."
  }
}

run "a_distribution_of_an_unknown_bucket_is_refused" {
  command = plan
  variables {
    distributions = { nothing = { arn = "arn:aws:cloudfront::111122223333:distribution/E" } }
  }
  expect_failures = [var.distributions]
}

run "a_notification_of_an_existing_bucket_is_refused" {
  command = plan
  variables {
    buckets       = { old = { name = "acme-old", existing = { name = "acme-old" } } }
    notifications = { x = { bucket = "old", queue_arn = "arn:aws:sqs:eu-central-1:111122223333:x" } }
  }
  expect_failures = [var.notifications]
}

run "an_event_that_is_none_of_s3_is_refused" {
  command = plan
  variables {
    buckets       = { x = { name = "acme-x" } }
    notifications = { x = { bucket = "x", queue_arn = "arn:aws:sqs:eu-central-1:111122223333:x", events = ["created"] } }
  }
  expect_failures = [var.notifications]
}

run "a_bad_base_name_is_refused" {
  command = plan
  variables {
    name = "Acme"
  }
  expect_failures = [var.name]
}

run "a_bad_bucket_name_is_refused" {
  command = plan
  variables {
    buckets = { x = { name = "Acme_Bucket" } }
  }
  expect_failures = [var.buckets]
}

run "one_name_for_two_buckets_is_refused" {
  command = plan
  variables {
    buckets = { x = { name = "acme-x" }, y = { name = "acme-x" } }
  }
  expect_failures = [var.buckets]
}

run "an_unknown_storage_class_is_refused" {
  command = plan
  variables {
    buckets = { x = { name = "acme-x", lifecycle = { default = { transitions = { COLD = 30 } } } } }
  }
  expect_failures = [var.buckets]
}

run "a_transition_too_early_is_refused" {
  command = plan
  variables {
    buckets = { x = { name = "acme-x", lifecycle = { default = { transitions = { STANDARD_IA = 10 } } } } }
  }
  expect_failures = [var.buckets]
}

run "an_expiry_before_the_transition_is_refused" {
  command = plan
  variables {
    buckets = { x = { name = "acme-x", lifecycle = { default = { transitions = { GLACIER = 90 }, expire_days = 60 } } } }
  }
  expect_failures = [var.buckets]
}

run "no_days_for_old_versions_are_refused" {
  command = plan
  variables {
    buckets = { x = { name = "acme-x", lifecycle = { default = { noncurrent_days = 0 } } } }
  }
  expect_failures = [var.buckets]
}

run "an_unknown_method_is_refused" {
  command = plan
  variables {
    buckets = { x = { name = "acme-x", cors = { site = { origins = ["*"], methods = ["PATCH"] } } } }
  }
  expect_failures = [var.buckets]
}

run "events_of_an_existing_bucket_are_refused" {
  command = plan
  variables {
    buckets = { x = { name = "acme-x", event_bridge = true, existing = { name = "acme-x" } } }
  }
  expect_failures = [var.buckets]
}

run "values_that_are_known_after_apply_only_can_be_planned" {
  command = plan

  module {
    source = "./tests/unknown"
  }

  assert {
    condition     = module.storage.names["site"] == "acme-dev-site"
    error_message = "What is made in the same apply must be usable."
  }
}

run "a_transition_to_a_warmer_class_is_refused" {
  command = plan
  variables {
    buckets = { x = { name = "acme-x", lifecycle = { default = { transitions = { GLACIER_IR = 0, STANDARD_IA = 30 } } } } }
  }
  expect_failures = [var.buckets]
}

run "a_transition_too_soon_after_another_is_refused" {
  command = plan
  variables {
    buckets = { x = { name = "acme-x", lifecycle = { default = { transitions = { STANDARD_IA = 30, GLACIER = 45 } } } } }
  }
  expect_failures = [var.buckets]
}
