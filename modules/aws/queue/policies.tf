resource "aws_sqs_queue_policy" "this" {
  for_each = local.made

  queue_url = aws_sqs_queue.this[each.key].id
  policy = jsonencode({
    Version = "2012-10-17"
    Id      = var.name
    Statement = concat([
      {
        Sid       = "RefuseWithoutTls"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sqs:*"
        Resource  = aws_sqs_queue.this[each.key].arn
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
      ], [
      for name, producer in var.producers : {
        Sid       = "Producer${substr(sha256(name), 0, 16)}"
        Effect    = "Allow"
        Principal = { Service = producer.principal }
        Action    = "sqs:SendMessage"
        Resource  = aws_sqs_queue.this[each.key].arn
        Condition = {
          ArnEquals    = { "aws:SourceArn" = producer.source_arn }
          StringEquals = { "aws:SourceAccount" = var.account.id }
        }
      } if producer.queue == each.key
    ])
  })
}

resource "aws_sqs_queue_policy" "dead_letter" {
  for_each = local.dead_letters

  queue_url = aws_sqs_queue.dead_letter[each.key].id
  policy = jsonencode({
    Version = "2012-10-17"
    Id      = var.name
    Statement = [
      {
        Sid       = "RefuseWithoutTls"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sqs:*"
        Resource  = aws_sqs_queue.dead_letter[each.key].arn
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })
}
