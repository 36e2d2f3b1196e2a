mock_provider "aws" {
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/made" }
  }
  mock_resource "aws_lambda_function" {
    defaults = { arn = "arn:aws:lambda:us-east-1:123456789012:function:made" }
  }
  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/made" }
  }
  mock_resource "aws_cloudwatch_event_rule" {
    defaults = { arn = "arn:aws:events:us-east-1:123456789012:rule/made" }
  }
  mock_resource "aws_sqs_queue" {
    defaults = { arn = "arn:aws:sqs:us-east-1:123456789012:made-failed", id = "https://sqs.us-east-1.amazonaws.com/123456789012/made-failed" }
  }
}

variables {
  account = { id = "123456789012", region = "us-east-1" }
  network = { vpc_id = "vpc-1", private_subnet_ids = ["subnet-1", "subnet-2"] }
}

run "nothing_is_made_for_no_functions" {
  command = plan
  assert {
    condition     = length(aws_lambda_function.this) + length(aws_iam_role.this) + length(aws_security_group.this) == 0
    error_message = "An empty map must make nothing."
  }
}

run "functions_run_on_their_events_with_exactly_their_permissions" {
  variables {
    functions = {
      worker = {
        name        = "inferloop-dev-tabular-worker"
        image       = { uri = "123456789012.dkr.ecr.us-east-1.amazonaws.com/tabular@sha256:0", command = ["app.handle"] }
        env         = { STAGE = "dev" }
        queue       = { arn = "arn:aws:sqs:us-east-1:123456789012:jobs", key_arn = "arn:aws:kms:us-east-1:123456789012:key/jobs", visibility_seconds = 300, max_concurrency = 5 }
        permissions = { read-models = { actions = ["s3:GetObject"], resources = ["arn:aws:s3:::models/*"] } }
        labels      = { Service = "tabular" }
      }
      thumbnails = {
        name                 = "inferloop-dev-syndoc-thumbnails"
        package              = { bucket = "packages", key = "thumbnails.zip", handler = "app.handle" }
        bucket               = { name = "documents", prefix = "in/", suffix = ".pdf" }
        in_vpc               = false
        tracing              = false
        reserved_concurrency = 3
      }
      nightly = {
        name     = "inferloop-dev-nightly"
        image    = { uri = "123456789012.dkr.ecr.us-east-1.amazonaws.com/nightly@sha256:0" }
        schedule = { expression = "cron(0 2 * * ? *)", time_zone = "Europe/Berlin" }
        bucket   = { name = "documents", prefix = "in/" }
      }
      brought = {
        name     = "unused"
        existing = { arn = "arn:aws:lambda:us-east-1:123456789012:function:legacy", name = "legacy" }
      }
    }
  }
  assert {
    condition     = aws_lambda_function.this["worker"].package_type == "Image" && one(aws_lambda_function.this["worker"].image_config).command == tolist(["app.handle"]) && aws_lambda_function.this["thumbnails"].runtime == "python3.13" && aws_lambda_function.this["thumbnails"].reserved_concurrent_executions == 3
    error_message = "Functions must be made from an image or a package."
  }
  assert {
    condition     = one(aws_lambda_event_source_mapping.queue["worker"].scaling_config).maximum_concurrency == 5 && aws_lambda_event_source_mapping.queue["worker"].function_response_types == toset(["ReportBatchItemFailures"])
    error_message = "A queue must run its function with partial batch responses, and no more of them than asked."
  }
  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.bucket["thumbnails"].event_pattern).detail == { bucket = { name = ["documents"] }, object = { key = [{ wildcard = "in/*.pdf" }] } } && jsondecode(aws_cloudwatch_event_rule.bucket["nightly"].event_pattern).detail.object.key[0] == { prefix = "in/" }
    error_message = "Only objects of the bucket under prefix and suffix must run the function."
  }
  assert {
    condition     = aws_scheduler_schedule.this["nightly"].schedule_expression_timezone == "Europe/Berlin" && aws_lambda_permission.bucket["thumbnails"].source_account == "123456789012"
    error_message = "Schedules must keep their time zone, and only this account's events run the function."
  }
  assert {
    condition     = toset(keys(aws_sqs_queue.failed)) == toset(["thumbnails", "nightly"]) && toset(keys(aws_security_group.this)) == toset(["worker", "nightly"])
    error_message = "What is handed over must be kept when it fails; only functions in the network need a security group."
  }
  assert {
    condition     = [for statement in jsondecode(aws_iam_role_policy.this["worker"].policy).Statement : statement.Sid] == ["WriteLog", "WriteTraces", "StandInNetwork", "Receive", "DecryptMessages", "ReadModels"] && [for statement in jsondecode(aws_iam_role_policy.this["thumbnails"].policy).Statement : statement.Sid] == ["WriteLog", "KeepWhatFailed"]
    error_message = "A role must allow what its function needs and nothing else."
  }
  assert {
    condition     = output.arns["brought"] == "arn:aws:lambda:us-east-1:123456789012:function:legacy" && output.role_arns["brought"] == null && !contains(keys(aws_lambda_function.this), "brought")
    error_message = "A function that exists must only be described."
  }
}

run "impossible_settings_are_refused" {
  command = plan
  variables {
    functions = {
      a = {
        name            = "a b"
        timeout_seconds = 901
        architecture    = "mips"
        queue           = { arn = "arn:aws:sqs:us-east-1:123456789012:jobs", visibility_seconds = 10, batch_size = 100 }
        schedule        = { expression = "daily" }
        async           = { retries = 9 }
      }
    }
  }
  expect_failures = [var.functions]
}
