mock_provider "aws" {
  mock_resource "aws_sqs_queue" {
    defaults = {
      arn = "arn:aws:sqs:eu-central-1:111122223333:made"
      id  = "https://sqs.eu-central-1.amazonaws.com/111122223333/made"
      url = "https://sqs.eu-central-1.amazonaws.com/111122223333/made"
    }
  }
}

variables {
  name    = "acme-dev"
  account = { id = "111122223333", region = "eu-central-1" }
  labels  = { Project = "acme" }
}

run "queues_of_every_kind_and_one_that_exists" {
  command = apply

  variables {
    queues = {
      jobs = {
        name               = "acme-dev-tabular-jobs"
        labels             = { Service = "tabular" }
        visibility_seconds = 600
        dead_letter        = { max_receives = 3 }
      }
      events = {
        name                        = "acme-dev-events"
        fifo                        = true
        content_based_deduplication = true
        encryption_key              = { arn = "arn:aws:kms:eu-central-1:111122223333:key/brought" }
      }
      loose = {
        name        = "acme-dev-loose"
        dead_letter = { enabled = false }
      }
      old = {
        name     = "acme-old"
        existing = { arn = "arn:aws:sqs:eu-central-1:111122223333:old", url = "https://sqs.eu-central-1.amazonaws.com/111122223333/old", dead_letter_arn = "arn:aws:sqs:eu-central-1:111122223333:old-dead" }
      }
    }
    producers = { uploads = { queue = "jobs", source_arn = "arn:aws:s3:::acme-dev-uploads" } }
  }

  assert {
    condition     = { for key, queue in aws_sqs_queue.this : key => queue.name } == { jobs = "acme-dev-tabular-jobs", events = "acme-dev-events.fifo", loose = "acme-dev-loose" }
    error_message = "A fifo queue must carry the suffix, and the one that exists must not be made."
  }
  assert {
    condition     = { for key, queue in aws_sqs_queue.dead_letter : key => queue.name } == { jobs = "acme-dev-tabular-jobs-dlq", events = "acme-dev-events-dlq.fifo" }
    error_message = "Every queue must have a dead-letter queue of its kind unless it asks for none."
  }
  assert {
    condition     = jsondecode(aws_sqs_queue.this["jobs"].redrive_policy) == { deadLetterTargetArn = "arn:aws:sqs:eu-central-1:111122223333:made", maxReceiveCount = 3 } && aws_sqs_queue.this["jobs"].visibility_timeout_seconds == 600
    error_message = "A message must move to the dead-letter queue after max_receives."
  }
  assert {
    condition     = jsondecode(aws_sqs_queue_redrive_allow_policy.this["jobs"].redrive_allow_policy) == { redrivePermission = "byQueue", sourceQueueArns = ["arn:aws:sqs:eu-central-1:111122223333:made"] }
    error_message = "A dead-letter queue must take messages of its own queue only."
  }
  assert {
    condition = alltrue([
      aws_sqs_queue.this["jobs"].sqs_managed_sse_enabled, aws_sqs_queue.dead_letter["jobs"].sqs_managed_sse_enabled,
      aws_sqs_queue.this["events"].kms_master_key_id == "arn:aws:kms:eu-central-1:111122223333:key/brought",
      aws_sqs_queue.dead_letter["events"].kms_master_key_id == "arn:aws:kms:eu-central-1:111122223333:key/brought",
    ])
    error_message = "Every queue must be encrypted, with the key that is brought or that of SQS."
  }
  assert {
    condition     = aws_sqs_queue.this["events"].fifo_queue && aws_sqs_queue.dead_letter["events"].fifo_queue && aws_sqs_queue.this["events"].fifo_throughput_limit == "perMessageGroupId"
    error_message = "A fifo queue and its dead-letter queue must be of one kind."
  }
  assert {
    condition = alltrue([
      for policy in concat(values(aws_sqs_queue_policy.this), values(aws_sqs_queue_policy.dead_letter)) :
      jsondecode(policy.policy).Statement[0].Effect == "Deny" && jsondecode(policy.policy).Statement[0].Condition.Bool["aws:SecureTransport"] == "false"
    ])
    error_message = "Every queue must refuse requests without TLS."
  }
  assert {
    condition = alltrue([
      length(jsondecode(aws_sqs_queue_policy.this["loose"].policy).Statement) == 1,
      jsondecode(aws_sqs_queue_policy.this["jobs"].policy).Statement[1].Principal.Service == "s3.amazonaws.com",
      jsondecode(aws_sqs_queue_policy.this["jobs"].policy).Statement[1].Condition == {
        ArnEquals = { "aws:SourceArn" = "arn:aws:s3:::acme-dev-uploads" }, StringEquals = { "aws:SourceAccount" = "111122223333" }
      },
    ])
    error_message = "A producer may send to its queue only, from its own ARN and account."
  }
  assert {
    condition = alltrue([
      output.names.old == "old", output.dead_letter_names.old == "old-dead", output.dead_letter_names.loose == null,
      output.urls.old == "https://sqs.eu-central-1.amazonaws.com/111122223333/old", output.key_arns.jobs == null,
      output.key_arns.events == "arn:aws:kms:eu-central-1:111122223333:key/brought",
    ])
    error_message = "A queue that exists must be described like one made here."
  }
  assert {
    condition     = aws_sqs_queue.this["jobs"].tags == tomap({ Project = "acme", Service = "tabular" })
    error_message = "The labels of the item must be laid over those of the module."
  }
}

run "a_producer_for_an_unknown_queue_is_refused" {
  command = plan
  variables {
    producers = { x = { queue = "nothing", source_arn = "arn:aws:s3:::x" } }
  }
  expect_failures = [var.producers]
}

run "a_producer_that_is_no_service_is_refused" {
  command = plan
  variables {
    queues    = { x = { name = "x" } }
    producers = { x = { queue = "x", source_arn = "arn:aws:s3:::x", principal = "*" } }
  }
  expect_failures = [var.producers]
}

run "a_bad_base_name_is_refused" {
  command = plan
  variables {
    name = "Acme"
  }
  expect_failures = [var.name]
}

run "a_name_with_a_dot_is_refused" {
  command = plan
  variables {
    queues = { x = { name = "jobs.fifo" } }
  }
  expect_failures = [var.queues]
}

run "one_name_for_two_queues_is_refused" {
  command = plan
  variables {
    queues = { x = { name = "jobs" }, y = { name = "jobs" } }
  }
  expect_failures = [var.queues]
}

run "too_long_a_visibility_is_refused" {
  command = plan
  variables {
    queues = { x = { name = "jobs", visibility_seconds = 50000 } }
  }
  expect_failures = [var.queues]
}

run "too_short_a_retention_is_refused" {
  command = plan
  variables {
    queues = { x = { name = "jobs", retention_seconds = 30 } }
  }
  expect_failures = [var.queues]
}

run "too_long_a_delay_is_refused" {
  command = plan
  variables {
    queues = { x = { name = "jobs", delay_seconds = 901 } }
  }
  expect_failures = [var.queues]
}

run "too_long_a_wait_is_refused" {
  command = plan
  variables {
    queues = { x = { name = "jobs", receive_wait_seconds = 21 } }
  }
  expect_failures = [var.queues]
}

run "too_large_a_message_is_refused" {
  command = plan
  variables {
    queues = { x = { name = "jobs", max_message_kb = 512 } }
  }
  expect_failures = [var.queues]
}

run "no_receives_are_refused" {
  command = plan
  variables {
    queues = { x = { name = "jobs", dead_letter = { max_receives = 0 } } }
  }
  expect_failures = [var.queues]
}

run "dead_letters_that_go_first_are_refused" {
  command = plan
  variables {
    queues = { x = { name = "jobs", retention_seconds = 604800, dead_letter = { retention_seconds = 86400 } } }
  }
  expect_failures = [var.queues]
}

run "deduplication_without_order_is_refused" {
  command = plan
  variables {
    queues = { x = { name = "jobs", content_based_deduplication = true } }
  }
  expect_failures = [var.queues]
}

run "values_that_are_known_after_apply_only_can_be_planned" {
  command = plan

  module {
    source = "./tests/unknown"
  }

  assert {
    condition     = module.queue.dead_letter_names["jobs"] == "acme-dev-jobs-dlq"
    error_message = "What is made in the same apply must be usable."
  }
}
