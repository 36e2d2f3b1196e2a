mock_provider "aws" {
  mock_resource "aws_kms_key" {
    defaults = { arn = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555" }
  }
  mock_resource "aws_efs_file_system" {
    defaults = { arn = "arn:aws:elasticfilesystem:us-east-1:123456789012:file-system/fs-0123456789abcdef0", id = "fs-0123456789abcdef0" }
  }
  mock_resource "aws_efs_access_point" {
    defaults = { arn = "arn:aws:elasticfilesystem:us-east-1:123456789012:access-point/fsap-0123456789abcdef0", id = "fsap-0123456789abcdef0" }
  }
  mock_resource "aws_security_group" {
    defaults = { id = "sg-0123456789abcdef0" }
  }
}

variables {
  account = { id = "123456789012", region = "us-east-1" }
  network = { vpc_id = "vpc-1", private_subnet_ids = ["subnet-1", "subnet-2", "subnet-3"] }
}

run "nothing_is_made_for_no_file_systems" {
  command = plan
  assert {
    condition     = length(aws_efs_file_system.this) + length(aws_security_group.this) == 0
    error_message = "An empty map must make nothing."
  }
}

run "file_systems_are_encrypted_and_reached_by_access_point_alone" {
  variables {
    clients = {
      nodes   = { security_group_id = "sg-nodes" }
      fargate = { security_group_id = "sg-fargate", file_systems = ["models"] }
    }
    file_systems = {
      templates = {
        name               = "inferloop-dev-templates"
        archive_after_days = 90
        access_points      = { syndoc = { path = "/templates" } }
      }
      models = { name = "inferloop-dev-models", encryption_key = { arn = "arn:aws:kms:us-east-1:123456789012:key/brought" }, throughput_mode = "bursting" }
      brought = {
        name     = "unused"
        existing = { id = "fs-1", arn = "arn:aws:elasticfilesystem:us-east-1:123456789012:file-system/fs-1", access_point_arns = { syndoc = "arn:aws:elasticfilesystem:us-east-1:123456789012:access-point/fsap-1" } }
      }
    }
  }
  assert {
    condition     = alltrue([for system in aws_efs_file_system.this : system.encrypted]) && aws_efs_file_system.this["models"].kms_key_id == "arn:aws:kms:us-east-1:123456789012:key/brought" && keys(aws_kms_key.this) == ["templates"]
    error_message = "Every file system must be encrypted, by its own key or the one brought."
  }
  assert {
    condition     = length(aws_efs_mount_target.this) == 6
    error_message = "Each file system must have a mount target in each private subnet."
  }
  assert {
    condition     = aws_efs_access_point.this["templates/syndoc"].posix_user[0].uid == 10001 && aws_efs_access_point.this["templates/syndoc"].root_directory[0].path == "/templates"
    error_message = "A service must have its own directory and user."
  }
  assert {
    condition     = jsondecode(aws_efs_file_system_policy.this["templates"].policy).Statement[0].Effect == "Deny" && jsondecode(aws_efs_file_system_policy.this["templates"].policy).Statement[1].Condition.StringEquals["elasticfilesystem:AccessPointArn"] == ["arn:aws:elasticfilesystem:us-east-1:123456789012:access-point/fsap-0123456789abcdef0"] && length(jsondecode(aws_efs_file_system_policy.this["models"].policy).Statement) == 1
    error_message = "Clients must come over TLS and by an access point."
  }
  assert {
    condition     = toset(keys(aws_vpc_security_group_ingress_rule.this)) == toset(["models/fargate", "models/nodes", "templates/nodes"])
    error_message = "Clients must reach all file systems, or those that are named."
  }
  assert {
    condition     = output.access_point_ids["brought"]["syndoc"] == "fsap-1" && output.access_point_ids["templates"]["syndoc"] == "fsap-0123456789abcdef0" && output.ids["brought"] == "fs-1"
    error_message = "A file system that exists must only be described."
  }
  assert {
    condition     = toset([for policy in aws_efs_file_system.this["templates"].lifecycle_policy : join("", compact([policy.transition_to_ia, policy.transition_to_archive]))]) == toset(["AFTER_30_DAYS", "AFTER_90_DAYS"])
    error_message = "Files must move to cheaper classes as asked."
  }
}

run "impossible_settings_are_refused" {
  command = plan
  variables {
    file_systems = {
      a = { name = "a", throughput_mode = "fast", infrequent_after_days = 31, archive_after_days = 20, access_points = { s = { path = "../etc", uid = 0 } } }
    }
  }
  expect_failures = [var.file_systems]
}
