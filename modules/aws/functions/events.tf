resource "aws_lambda_event_source_mapping" "queue" {
  for_each = local.by_queue

  event_source_arn                   = each.value.queue.arn
  function_name                      = aws_lambda_function.this[each.key].arn
  batch_size                         = each.value.queue.batch_size
  maximum_batching_window_in_seconds = each.value.queue.batch_window_seconds
  # Only the messages that failed come back, not the whole batch.
  function_response_types = ["ReportBatchItemFailures"]
  tags                    = local.labels[each.key]

  dynamic "scaling_config" {
    for_each = each.value.queue.max_concurrency == null ? [] : [each.value.queue.max_concurrency]
    content {
      maximum_concurrency = scaling_config.value
    }
  }
}

# EventBridge rather than a notification of the bucket: a bucket has one list of notifications, which several modules would overwrite.
resource "aws_cloudwatch_event_rule" "bucket" {
  for_each = local.by_bucket

  name        = substr("${each.value.name}-objects", 0, 64)
  description = "Objects of ${each.value.bucket.name} for ${each.value.name}"
  event_pattern = jsonencode({
    source      = ["aws.s3"]
    detail-type = sort(each.value.bucket.events)
    detail = merge(
      { bucket = { name = [each.value.bucket.name] } },
      { for prefix in [each.value.bucket.prefix] : "object" => { key = [
        { prefix = prefix },
      ] } if prefix != null && each.value.bucket.suffix == null },
      { for suffix in [each.value.bucket.suffix] : "object" => { key = [
        { wildcard = "${coalesce(each.value.bucket.prefix, "")}*${suffix}" },
      ] } if suffix != null },
    )
  })
  tags = local.labels[each.key]
}

resource "aws_cloudwatch_event_target" "bucket" {
  for_each = local.by_bucket

  rule = aws_cloudwatch_event_rule.bucket[each.key].name
  arn  = aws_lambda_function.this[each.key].arn

  retry_policy {
    maximum_event_age_in_seconds = each.value.async.max_age_seconds
    maximum_retry_attempts       = each.value.async.retries
  }
}

resource "aws_lambda_permission" "bucket" {
  for_each = local.by_bucket

  statement_id   = "objects"
  action         = "lambda:InvokeFunction"
  function_name  = aws_lambda_function.this[each.key].function_name
  principal      = "events.amazonaws.com"
  source_arn     = aws_cloudwatch_event_rule.bucket[each.key].arn
  source_account = var.account.id
}

resource "aws_scheduler_schedule" "this" {
  for_each = local.scheduled

  name                         = each.value.name
  schedule_expression          = each.value.schedule.expression
  schedule_expression_timezone = each.value.schedule.time_zone

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = aws_lambda_function.this[each.key].arn
    role_arn = aws_iam_role.scheduler[each.key].arn
    retry_policy {
      maximum_event_age_in_seconds = each.value.async.max_age_seconds
      maximum_retry_attempts       = each.value.async.retries
    }
  }

  depends_on = [aws_iam_role_policy.scheduler]
}

resource "aws_iam_role" "scheduler" {
  for_each = local.scheduled

  name        = substr("${each.value.name}-scheduler", 0, 64)
  description = "Starts ${each.value.name} on schedule"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "scheduler.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = var.account.id } }
    }]
  })
  tags = local.labels[each.key]
}

resource "aws_iam_role_policy" "scheduler" {
  for_each = local.scheduled

  name = "invoke"
  role = aws_iam_role.scheduler[each.key].id
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "lambda:InvokeFunction", Resource = aws_lambda_function.this[each.key].arn }]
  })
}

resource "aws_sqs_queue" "failed" {
  for_each = local.handed_over

  name                      = substr("${each.value.name}-failed", 0, 80)
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = true
  tags                      = local.labels[each.key]
}

resource "aws_sqs_queue_policy" "failed" {
  for_each = local.handed_over

  queue_url = aws_sqs_queue.failed[each.key].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "OnlyOverTls"
      Effect    = "Deny"
      Principal = "*"
      Action    = "sqs:*"
      Resource  = aws_sqs_queue.failed[each.key].arn
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })
}

resource "aws_lambda_function_event_invoke_config" "this" {
  for_each = local.handed_over

  function_name                = aws_lambda_function.this[each.key].function_name
  maximum_event_age_in_seconds = each.value.async.max_age_seconds
  maximum_retry_attempts       = each.value.async.retries

  destination_config {
    on_failure {
      destination = aws_sqs_queue.failed[each.key].arn
    }
  }

  depends_on = [aws_iam_role_policy.this]
}
