mock_provider "aws" {
  mock_resource "aws_kms_key" {
    defaults = { arn = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab", key_id = "1234abcd-12ab-34cd-56ef-1234567890ab" }
  }
  mock_resource "aws_cloudtrail" {
    defaults = { arn = "arn:aws:cloudtrail:eu-central-1:111122223333:trail/acme-dev" }
  }
}

variables {
  name    = "acme-dev"
  account = { id = "111122223333", region = "eu-central-1" }
  labels  = { Project = "acme" }
}

run "safeguards_are_on_by_default" {
  command = apply

  variables {
    trail = { archive_days = 90 }
    platform_keys = {
      logs   = { description = "Log groups of acme-dev", services = ["logs"] }
      alarms = { description = "Alarm topics of acme-dev", services = ["cloudwatch", "budgets", "costalerts"] }
      plain  = { description = "Volumes" }
      theirs = { description = "Brought", existing = { arn = "arn:aws:kms:eu-central-1:111122223333:key/theirs" } }
    }
    service_keys = {
      text   = { name = "acme-dev-text", labels = { Service = "text" } }
      syndoc = { name = "acme-dev-syndoc", existing = { arn = "arn:aws:kms:eu-central-1:111122223333:key/syndoc" } }
    }
  }

  assert {
    condition     = aws_guardduty_detector.this[0].enable && aws_guardduty_detector.this[0].finding_publishing_frequency == "FIFTEEN_MINUTES" && output.guardduty_detector_id == aws_guardduty_detector.this[0].id
    error_message = "GuardDuty must watch and publish every 15 minutes."
  }
  assert {
    condition = { for name, feature in aws_guardduty_detector_feature.this : name => feature.status } == {
      EBS_MALWARE_PROTECTION = "ENABLED", EKS_AUDIT_LOGS = "ENABLED", LAMBDA_NETWORK_LOGS = "ENABLED", RDS_LOGIN_EVENTS = "ENABLED", RUNTIME_MONITORING = "DISABLED", S3_DATA_EVENTS = "ENABLED"
    }
    error_message = "Every feature that needs no agent must be on."
  }
  assert {
    condition     = alltrue([for key in concat(values(aws_kms_key.platform), values(aws_kms_key.service), aws_kms_key.trail) : key.enable_key_rotation && key.deletion_window_in_days == 30])
    error_message = "Every key must rotate and wait 30 days before it is deleted."
  }
  assert {
    condition = { for purpose, key in aws_kms_key.platform : purpose => [for statement in jsondecode(key.policy).Statement : statement.Sid] } == {
      alarms = ["AccountDecidesByIAM", "ServiceBudgets", "ServiceCloudwatch", "ServiceCostalerts"], logs = ["AccountDecidesByIAM", "ServiceLogs"], plain = ["AccountDecidesByIAM"]
    }
    error_message = "A key's policy must admit the services asked for and no other."
  }
  assert {
    condition     = alltrue(flatten([for key in concat(values(aws_kms_key.platform), values(aws_kms_key.service)) : [for statement in jsondecode(key.policy).Statement : can(statement.Condition) && strcontains(jsonencode(statement.Condition), "111122223333") if statement.Sid != "AccountDecidesByIAM"]]))
    error_message = "Services may use a key for resources of this account only."
  }
  assert {
    condition     = jsondecode(aws_kms_key.platform["logs"].policy).Statement[1].Principal.Service == "logs.eu-central-1.amazonaws.com" && jsondecode(aws_kms_key.platform["logs"].policy).Statement[0].Principal.AWS == "arn:aws:iam::111122223333:root"
    error_message = "The log service of the region must be admitted, and the account decide the rest."
  }
  assert {
    condition     = output.platform_key_arns["theirs"] == "arn:aws:kms:eu-central-1:111122223333:key/theirs" && output.service_key_arns["syndoc"] == "arn:aws:kms:eu-central-1:111122223333:key/syndoc" && output.platform_key_arns["logs"] == aws_kms_key.platform["logs"].arn && output.service_key_arns["text"] == aws_kms_key.service["text"].arn
    error_message = "Keys that are brought must be named, the others made."
  }
  assert {
    condition     = output.platform_key_aliases == { alarms = "alias/acme-dev-alarms", logs = "alias/acme-dev-logs", plain = "alias/acme-dev-plain" } && output.service_key_aliases == { text = "alias/acme-dev-text" } && aws_kms_key.service["text"].tags["Service"] == "text" && aws_kms_key.service["text"].tags["Project"] == "acme"
    error_message = "Keys must have an alias, and those of services the service's labels."
  }
  assert {
    condition     = aws_cloudtrail.this[0].is_multi_region_trail && aws_cloudtrail.this[0].enable_log_file_validation && aws_cloudtrail.this[0].include_global_service_events && aws_cloudtrail.this[0].kms_key_id == aws_kms_key.trail[0].arn && length(aws_cloudtrail.this[0].advanced_event_selector) == 0
    error_message = "The trail must cover all regions, be validated and encrypted."
  }
  assert {
    condition     = aws_s3_bucket.trail[0].bucket == "acme-dev-trail-111122223333" && aws_s3_bucket.trail[0].force_destroy == false && aws_s3_bucket_versioning.trail[0].versioning_configuration[0].status == "Enabled" && aws_s3_bucket_public_access_block.trail[0].restrict_public_buckets && aws_s3_bucket_public_access_block.trail[0].block_public_policy && aws_s3_bucket_public_access_block.trail[0].block_public_acls && aws_s3_bucket_public_access_block.trail[0].ignore_public_acls
    error_message = "The trail's bucket must be private, versioned and kept."
  }
  assert {
    condition     = one(aws_s3_bucket_server_side_encryption_configuration.trail[0].rule).apply_server_side_encryption_by_default[0].kms_master_key_id == aws_kms_key.trail[0].arn
    error_message = "The trail's bucket must be encrypted with the trail's key."
  }
  assert {
    condition     = [for statement in jsondecode(aws_s3_bucket_policy.trail[0].policy).Statement : "${statement.Effect} ${statement.Sid}"] == ["Deny OnlyTLS", "Allow TrailFindsBucket", "Allow TrailWrites"] && jsondecode(aws_s3_bucket_policy.trail[0].policy).Statement[2].Condition.StringEquals["aws:SourceArn"] == "arn:aws:cloudtrail:eu-central-1:111122223333:trail/acme-dev" && jsondecode(aws_s3_bucket_policy.trail[0].policy).Statement[0].Condition.Bool["aws:SecureTransport"] == "false"
    error_message = "Only this trail may write, over TLS only."
  }
  assert {
    condition     = aws_s3_bucket_lifecycle_configuration.trail[0].rule[0].expiration[0].days == 365 && one(aws_s3_bucket_lifecycle_configuration.trail[0].rule[0].transition).days == 90 && length(aws_s3_bucket_object_lock_configuration.trail) == 0
    error_message = "The trail must be archived after 90 days and deleted after a year, without a lock."
  }
  assert {
    condition     = output.trail_arn == aws_cloudtrail.this[0].arn && output.trail_bucket_name == "acme-dev-trail-111122223333" && output.trail_key_arn == aws_kms_key.trail[0].arn
    error_message = "The outputs must describe the trail."
  }
}

run "locked_trail_with_object_access_and_a_detector_that_is_there" {
  command = plan

  variables {
    deletion_protection = false
    guardduty           = { existing = { detector_id = "12abc34d567e8fa901bc2d34e56789f0" } }
    trail = {
      retention_days   = 400
      insights         = true
      lock             = true
      data_bucket_arns = { models = "arn:aws:s3:::acme-dev-models" }
    }
  }

  assert {
    condition     = length(aws_guardduty_detector.this) + length(aws_guardduty_detector_feature.this) == 0 && output.guardduty_detector_id == "12abc34d567e8fa901bc2d34e56789f0"
    error_message = "A detector that is there must be left as it is."
  }
  assert {
    condition     = aws_s3_bucket.trail[0].object_lock_enabled && one(aws_s3_bucket_object_lock_configuration.trail[0].rule).default_retention[0].days == 400 && aws_s3_bucket.trail[0].force_destroy && aws_kms_key.trail[0].deletion_window_in_days == 7
    error_message = "A lock must hold as long as the files are kept; without protection the bucket may go with its files."
  }
  assert {
    condition     = length(aws_s3_bucket_lifecycle_configuration.trail[0].rule[0].transition) == 0 && length(aws_cloudtrail.this[0].insight_selector) == 2
    error_message = "Without archive_days nothing must move; insights must be recorded."
  }
  assert {
    condition     = [for selector in aws_cloudtrail.this[0].advanced_event_selector : selector.name] == ["Management of everything", "Objects of chosen buckets"] && one([for field in aws_cloudtrail.this[0].advanced_event_selector[1].field_selector : field.starts_with if field.field == "resources.ARN"]) == tolist(["arn:aws:s3:::acme-dev-models/"])
    error_message = "Object access of the chosen buckets must be recorded beside all management."
  }
}

run "nothing_is_made_where_the_organisation_has_it" {
  command = plan

  variables {
    guardduty = null
    trail     = null
  }

  assert {
    condition     = length(aws_guardduty_detector.this) + length(aws_guardduty_detector_feature.this) + length(aws_cloudtrail.this) + length(aws_s3_bucket.trail) + length(aws_kms_key.trail) + length(aws_s3_bucket_policy.trail) == 0 && output.trail_arn == null && output.guardduty_detector_id == null
    error_message = "With null nothing may be made."
  }
}

run "chosen_features_are_on_and_the_others_off" {
  command = plan

  variables {
    guardduty = { features = ["S3_DATA_EVENTS", "RUNTIME_MONITORING"], frequency = "SIX_HOURS" }
  }

  assert {
    condition     = [for name, feature in aws_guardduty_detector_feature.this : name if feature.status == "ENABLED"] == ["RUNTIME_MONITORING", "S3_DATA_EVENTS"] && aws_guardduty_detector.this[0].finding_publishing_frequency == "SIX_HOURS"
    error_message = "Only the features asked for must be on."
  }
}

run "wrong_values_are_refused" {
  command = plan
  variables {
    name          = "Acme"
    guardduty     = { features = ["DNS"] }
    platform_keys = { Logs = { description = "x" } }
    service_keys  = { text = { name = "aws/text" } }
    trail         = { retention_days = 30 }
  }
  expect_failures = [var.name, var.guardduty, var.platform_keys, var.service_keys, var.trail]
}

run "unknown_services_and_late_archives_are_refused" {
  command = plan
  variables {
    guardduty     = { frequency = "DAILY" }
    platform_keys = { logs = { description = "x", services = ["rds"] } }
    service_keys  = { text = { name = "text", services = ["rds"] } }
    trail         = { retention_days = 90, archive_days = 90 }
  }
  expect_failures = [var.guardduty, var.platform_keys, var.service_keys, var.trail]
}

run "aliases_as_brought_keys_are_refused" {
  command = plan
  variables {
    platform_keys = { logs = { description = "x", existing = { arn = "arn:aws:kms:eu-central-1:111122223333:alias/x" } } }
    service_keys  = { text = { name = "text", existing = { arn = "arn:aws:kms:eu-central-1:111122223333:alias/x" } } }
  }
  expect_failures = [var.platform_keys, var.service_keys]
}

run "values_that_are_known_after_apply_only_can_be_planned" {
  command = plan

  module {
    source = "./tests/unknown"
  }

  assert {
    condition     = module.security.trail_bucket_name == "acme-dev-trail-111122223333"
    error_message = "Keys and buckets made in the same apply must be usable."
  }
}
