locals {
  made         = { for key, item in var.queues : key => item if item.existing == null }
  existing     = { for key, item in var.queues : key => item.existing if item.existing != null }
  dead_letters = { for key, item in local.made : key => item if item.dead_letter.enabled }

  labels   = { for key, item in local.made : key => merge(var.labels, item.labels) }
  suffixes = { for key, item in local.made : key => item.fifo ? ".fifo" : "" }

  arns = merge(
    { for key, item in local.existing : key => item.arn },
    { for key, queue in aws_sqs_queue.this : key => queue.arn },
  )
  dead_letter_arns = merge(
    { for key, item in local.existing : key => item.dead_letter_arn },
    { for key, item in local.made : key => item.dead_letter.enabled ? aws_sqs_queue.dead_letter[key].arn : null },
  )
  dead_letter_names = merge(
    { for key, item in local.existing : key => try(split(":", item.dead_letter_arn)[5], null) },
    { for key, item in local.made : key => item.dead_letter.enabled ? aws_sqs_queue.dead_letter[key].name : null },
  )
  key_arns = merge(
    { for key, item in local.existing : key => item.key_arn },
    { for key, item in local.made : key => try(item.encryption_key.arn, null) },
  )
  names = merge(
    { for key, item in local.existing : key => split(":", item.arn)[5] },
    { for key, queue in aws_sqs_queue.this : key => queue.name },
  )
  urls = merge(
    { for key, item in local.existing : key => item.url },
    { for key, queue in aws_sqs_queue.this : key => queue.url },
  )
}

resource "aws_sqs_queue" "this" {
  for_each = local.made

  name                       = "${each.value.name}${local.suffixes[each.key]}"
  visibility_timeout_seconds = each.value.visibility_seconds
  message_retention_seconds  = each.value.retention_seconds
  delay_seconds              = each.value.delay_seconds
  receive_wait_time_seconds  = each.value.receive_wait_seconds
  max_message_size           = each.value.max_message_kb * 1024

  # Ordered and deduplicated by message group, which lets each group run at the full rate.
  fifo_queue                  = each.value.fifo
  content_based_deduplication = each.value.content_based_deduplication
  deduplication_scope         = each.value.fifo ? "messageGroup" : null
  fifo_throughput_limit       = each.value.fifo ? "perMessageGroupId" : null

  sqs_managed_sse_enabled           = each.value.encryption_key == null ? true : null
  kms_master_key_id                 = try(each.value.encryption_key.arn, null)
  kms_data_key_reuse_period_seconds = each.value.encryption_key == null ? null : 300

  redrive_policy = each.value.dead_letter.enabled ? jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead_letter[each.key].arn
    maxReceiveCount     = each.value.dead_letter.max_receives
  }) : null

  tags = local.labels[each.key]
}

resource "aws_sqs_queue" "dead_letter" {
  for_each = local.dead_letters

  name                      = "${each.value.name}-dlq${local.suffixes[each.key]}"
  message_retention_seconds = each.value.dead_letter.retention_seconds
  max_message_size          = each.value.max_message_kb * 1024
  fifo_queue                = each.value.fifo

  sqs_managed_sse_enabled           = each.value.encryption_key == null ? true : null
  kms_master_key_id                 = try(each.value.encryption_key.arn, null)
  kms_data_key_reuse_period_seconds = each.value.encryption_key == null ? null : 300

  tags = local.labels[each.key]
}

resource "aws_sqs_queue_redrive_allow_policy" "this" {
  for_each = local.dead_letters

  queue_url = aws_sqs_queue.dead_letter[each.key].id
  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = [aws_sqs_queue.this[each.key].arn]
  })
}
