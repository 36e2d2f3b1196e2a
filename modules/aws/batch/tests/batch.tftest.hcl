mock_provider "aws" {
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/made" }
  }
  mock_resource "aws_iam_instance_profile" {
    defaults = { arn = "arn:aws:iam::123456789012:instance-profile/made" }
  }
  mock_resource "aws_batch_compute_environment" {
    defaults = { arn = "arn:aws:batch:us-east-1:123456789012:compute-environment/made" }
  }
  mock_resource "aws_batch_job_queue" {
    defaults = { arn = "arn:aws:batch:us-east-1:123456789012:job-queue/made" }
  }
  mock_resource "aws_batch_job_definition" {
    defaults = { arn = "arn:aws:batch:us-east-1:123456789012:job-definition/made:1", arn_prefix = "arn:aws:batch:us-east-1:123456789012:job-definition/made" }
  }
  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:us-east-1:123456789012:log-group:/aws/batch/made" }
  }
  mock_resource "aws_launch_template" {
    defaults = { id = "lt-0123456789abcdef0" }
  }
  mock_resource "aws_security_group" {
    defaults = { id = "sg-0123456789abcdef0" }
  }
}

variables {
  name    = "inferloop-dev"
  account = { id = "123456789012", region = "us-east-1" }
  network = { vpc_id = "vpc-1", private_subnet_ids = ["subnet-1", "subnet-2"] }
}

run "nothing_is_made_without_pools" {
  command = plan
  assert {
    condition     = length(aws_batch_compute_environment.this) + length(aws_iam_role.node) + length(aws_security_group.this) == 0 && output.security_group_id == null
    error_message = "No pools must make nothing."
  }
}

run "jobs_run_on_spot_first_and_as_nobody_special" {
  variables {
    pools = {
      general = { max_vcpus = 32 }
      gpu     = { gpu = true, on_demand_fallback = false }
      steady  = { spot = false, architecture = "arm64" }
    }
    jobs = {
      nightly = {
        name           = "inferloop-dev-nightly"
        pool           = "general"
        image          = "123456789012.dkr.ecr.us-east-1.amazonaws.com/syndoc@sha256:0"
        repository_arn = "arn:aws:ecr:us-east-1:123456789012:repository/syndoc"
        vcpus          = 4
        env            = { STAGE = "dev" }
        secrets        = { KEY = { arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:keys-AbCdEf:field::", key_arn = "arn:aws:kms:us-east-1:123456789012:key/1" } }
        permissions    = { write-documents = { actions = ["s3:PutObject"], resources = ["arn:aws:s3:::documents/*"] } }
        schedule       = { expression = "cron(0 2 * * ? *)", time_zone = "Europe/Berlin", array_size = 10 }
      }
      train = { name = "inferloop-dev-train", pool = "gpu", image = "registry.example/train:1", gpus = 1, shared_memory_mb = 2048 }
    }
  }
  assert {
    condition     = toset(keys(aws_batch_compute_environment.this)) == toset(["general/spot", "general/on-demand", "gpu/spot", "steady/on-demand"])
    error_message = "Each pool must have the purchase options that it asks for."
  }
  assert {
    condition     = aws_batch_compute_environment.this["general/spot"].compute_resources[0].allocation_strategy == "SPOT_PRICE_CAPACITY_OPTIMIZED" && aws_batch_compute_environment.this["general/on-demand"].compute_resources[0].type == "EC2" && aws_batch_compute_environment.this["gpu/spot"].compute_resources[0].ec2_configuration[0].image_type == "ECS_AL2023_NVIDIA"
    error_message = "Compute environments must fit their purchase option and their GPUs."
  }
  assert {
    condition     = [for order in aws_batch_job_queue.this["general"].compute_environment_order : order.order] == [0, 1] && length(aws_batch_job_queue.this["gpu"].compute_environment_order) == 1
    error_message = "Spot must come first, on demand second."
  }
  assert {
    condition     = alltrue([for template in aws_launch_template.this : template.metadata_options[0].http_tokens == "required" && tobool(template.block_device_mappings[0].ebs[0].encrypted)])
    error_message = "Nodes must use IMDSv2 and encrypted disks."
  }
  assert {
    condition     = jsondecode(aws_batch_job_definition.this["nightly"].container_properties).user == "10001" && !jsondecode(aws_batch_job_definition.this["nightly"].container_properties).privileged && jsondecode(aws_batch_job_definition.this["train"].container_properties).resourceRequirements[2] == { type = "GPU", value = "1" }
    error_message = "Containers must not run as root, and have the GPUs they ask for."
  }
  assert {
    condition     = [for job in aws_batch_job_definition.this : [job.retry_strategy[0].attempts, length(job.retry_strategy[0].evaluate_on_exit)]] == [for job in var.jobs : [job.attempts, 0]]
    error_message = "Every failure must be tried again, as often as the job says."
  }
  assert {
    condition     = jsondecode(aws_iam_role_policy.execution["nightly"].policy).Statement[3].Resource == ["arn:aws:secretsmanager:us-east-1:123456789012:secret:keys-AbCdEf"] && [for statement in jsondecode(aws_iam_role_policy.execution["train"].policy).Statement : statement.Sid] == ["WriteLog"]
    error_message = "The starting role must read the secrets of its job and nothing else."
  }
  assert {
    condition     = keys(aws_iam_role_policy.job) == ["nightly"] && jsondecode(aws_scheduler_schedule.this["nightly"].target[0].input).ArrayProperties.Size == 10 && aws_scheduler_schedule.this["nightly"].schedule_expression_timezone == "Europe/Berlin"
    error_message = "Jobs must have their permissions and their schedule."
  }
}

run "unknown_pools_and_missing_gpus_are_refused" {
  command = plan
  variables {
    pools = { general = {} }
    jobs = {
      lost  = { name = "lost", pool = "large", image = "registry.example/a:1" }
      train = { name = "train", pool = "general", image = "registry.example/a:1", gpus = 1 }
    }
  }
  expect_failures = [aws_batch_job_definition.this]
}

run "impossible_settings_are_refused" {
  command = plan
  variables {
    pools = { a = { min_vcpus = 4, max_vcpus = 2, disk_gb = 8, architecture = "arm64", gpu = true } }
    jobs  = { a = { name = "a b", pool = "a", image = "registry.example/a:1", user = "root", attempts = 11, vcpus = 0.5, schedule = { expression = "daily" } } }
  }
  expect_failures = [var.jobs, var.pools]
}

run "a_bad_base_name_is_refused" {
  command = plan
  variables {
    name = "Acme"
  }
  expect_failures = [var.name]
}
