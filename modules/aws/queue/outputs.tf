output "arns" {
  description = "ARN, by queue key."
  value       = local.arns
  depends_on  = [aws_sqs_queue_policy.this]
}

output "dead_letter_arns" {
  description = "ARN of the dead-letter queue, by queue key; null where there is none."
  value       = local.dead_letter_arns
}

output "dead_letter_names" {
  description = "Name of the dead-letter queue (the QueueName dimension of the metrics), by queue key; null where there is none."
  value       = local.dead_letter_names
}

output "key_arns" {
  description = "ARN of the KMS key that encrypts the messages, by queue key; null where SQS keeps the key."
  value       = local.key_arns
}

output "names" {
  description = "Name of the queue (the QueueName dimension of the metrics), by queue key."
  value       = local.names
}

output "urls" {
  description = "URL that clients use, by queue key."
  value       = local.urls
  depends_on  = [aws_sqs_queue_policy.this]
}
