locals {
  # AWS WAF writes to log groups with this prefix only.
  web_acl_log_group = "aws-waf-logs-${var.name}"
  web_acl_key_made  = length(local.web_acl) == 0 ? false : local.acl.encryption_key == null
}

resource "aws_kms_key" "web_acl_log" {
  count = local.web_acl_key_made ? 1 : 0

  description             = "Web ACL log of ${var.name}"
  enable_key_rotation     = true
  deletion_window_in_days = var.deletion_protection ? 30 : 7
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "AccountDecidesByIAM"
        Effect    = "Allow"
        Principal = { AWS = "arn:${var.account.partition}:iam::${var.account.id}:root" }
        Action    = "kms:*"
        Resource  = "*"
      },
      {
        Sid       = "WebACLLogGroup"
        Effect    = "Allow"
        Principal = { Service = "logs.${var.account.region}.amazonaws.com" }
        Action    = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
        Resource  = "*"
        Condition = { ArnEquals = { "kms:EncryptionContext:aws:logs:arn" = "arn:${var.account.partition}:logs:${var.account.region}:${var.account.id}:log-group:${local.web_acl_log_group}" } }
      },
    ]
  })
  tags = var.labels
}

resource "aws_kms_alias" "web_acl_log" {
  count = local.web_acl_key_made ? 1 : 0

  name          = "alias/${local.web_acl_log_group}"
  target_key_id = aws_kms_key.web_acl_log[0].key_id
}

resource "aws_cloudwatch_log_group" "web_acl" {
  count = length(local.web_acl)

  name              = local.web_acl_log_group
  retention_in_days = local.acl.log_retention_days
  kms_key_id        = local.web_acl_key_made ? aws_kms_key.web_acl_log[0].arn : local.acl.encryption_key.arn
  tags              = var.labels
}

resource "aws_wafv2_web_acl_logging_configuration" "this" {
  count = length(local.web_acl)

  resource_arn            = aws_wafv2_web_acl.this[0].arn
  log_destination_configs = [aws_cloudwatch_log_group.web_acl[0].arn]

  dynamic "redacted_fields" {
    for_each = local.acl.redacted_headers
    content {
      single_header {
        name = redacted_fields.value
      }
    }
  }

  dynamic "logging_filter" {
    for_each = local.acl.log_allowed ? [] : [1]
    content {
      default_behavior = "DROP"
      filter {
        behavior    = "KEEP"
        requirement = "MEETS_ANY"
        condition {
          action_condition {
            action = "BLOCK"
          }
        }
        condition {
          action_condition {
            action = "COUNT"
          }
        }
      }
    }
  }
}
