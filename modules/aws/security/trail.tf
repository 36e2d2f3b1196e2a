locals {
  trail        = var.trail[*]
  trail_arn    = "arn:${var.account.partition}:cloudtrail:${var.account.region}:${var.account.id}:trail/${var.name}"
  trail_bucket = "${var.name}-trail-${var.account.id}"
  trail_files  = "arn:${var.account.partition}:s3:::${local.trail_bucket}"
}

resource "aws_kms_key" "trail" {
  count = length(local.trail)

  description             = "CloudTrail files of ${var.name}"
  enable_key_rotation     = true
  deletion_window_in_days = var.deletion_protection ? 30 : 7
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      local.account_decides,
      {
        Sid       = "TrailEncrypts"
        Effect    = "Allow"
        Principal = { Service = "cloudtrail.amazonaws.com" }
        Action    = "kms:GenerateDataKey*"
        Resource  = "*"
        Condition = {
          StringEquals = { "aws:SourceArn" = local.trail_arn }
          StringLike   = { "kms:EncryptionContext:aws:cloudtrail:arn" = "arn:${var.account.partition}:cloudtrail:*:${var.account.id}:trail/*" }
        }
      },
      {
        Sid       = "TrailFindsKey"
        Effect    = "Allow"
        Principal = { Service = "cloudtrail.amazonaws.com" }
        Action    = "kms:DescribeKey"
        Resource  = "*"
        Condition = { StringEquals = { "aws:SourceArn" = local.trail_arn } }
      },
    ]
  })
  tags = var.labels
}

resource "aws_kms_alias" "trail" {
  count = length(local.trail)

  name          = "alias/${var.name}-trail"
  target_key_id = aws_kms_key.trail[0].key_id
}

resource "aws_s3_bucket" "trail" {
  count = length(local.trail)

  bucket              = local.trail_bucket
  force_destroy       = !var.deletion_protection
  object_lock_enabled = local.trail[0].lock
  tags                = var.labels
}

resource "aws_s3_bucket_ownership_controls" "trail" {
  count = length(local.trail)

  bucket = aws_s3_bucket.trail[0].id
  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_public_access_block" "trail" {
  count = length(local.trail)

  bucket                  = aws_s3_bucket.trail[0].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "trail" {
  count = length(local.trail)

  bucket = aws_s3_bucket.trail[0].id
  rule {
    bucket_key_enabled = true
    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.trail[0].arn
    }
  }
}

resource "aws_s3_bucket_versioning" "trail" {
  count = length(local.trail)

  bucket = aws_s3_bucket.trail[0].id
  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_object_lock_configuration" "trail" {
  count = length([for trail in local.trail : trail if trail.lock])

  bucket = aws_s3_bucket_versioning.trail[0].bucket
  rule {
    default_retention {
      mode = "GOVERNANCE"
      days = local.trail[0].retention_days
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "trail" {
  count = length(local.trail)

  bucket = aws_s3_bucket_versioning.trail[0].bucket
  rule {
    id     = "keep"
    status = "Enabled"
    filter {}
    dynamic "transition" {
      for_each = local.trail[0].archive_days[*]
      content {
        days          = transition.value
        storage_class = "GLACIER"
      }
    }
    expiration {
      days = local.trail[0].retention_days
    }
    noncurrent_version_expiration {
      noncurrent_days = 30
    }
    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }
}

resource "aws_s3_bucket_policy" "trail" {
  count = length(local.trail)

  bucket = aws_s3_bucket_public_access_block.trail[0].bucket
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "OnlyTLS"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*"
        Resource  = [local.trail_files, "${local.trail_files}/*"]
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
      {
        Sid       = "TrailFindsBucket"
        Effect    = "Allow"
        Principal = { Service = "cloudtrail.amazonaws.com" }
        Action    = "s3:GetBucketAcl"
        Resource  = local.trail_files
        Condition = { StringEquals = { "aws:SourceArn" = local.trail_arn } }
      },
      {
        Sid       = "TrailWrites"
        Effect    = "Allow"
        Principal = { Service = "cloudtrail.amazonaws.com" }
        Action    = "s3:PutObject"
        Resource  = "${local.trail_files}/AWSLogs/${var.account.id}/*"
        Condition = { StringEquals = { "aws:SourceArn" = local.trail_arn, "s3:x-amz-acl" = "bucket-owner-full-control" } }
      },
    ]
  })
}

resource "aws_cloudtrail" "this" {
  count = length(local.trail)

  name                          = var.name
  s3_bucket_name                = aws_s3_bucket_policy.trail[0].bucket
  kms_key_id                    = aws_kms_key.trail[0].arn
  is_multi_region_trail         = true
  include_global_service_events = true
  enable_log_file_validation    = true
  tags                          = var.labels

  dynamic "advanced_event_selector" {
    for_each = length(local.trail[0].data_bucket_arns) > 0 ? [1] : []
    content {
      name = "Management of everything"
      field_selector {
        field  = "eventCategory"
        equals = ["Management"]
      }
    }
  }

  dynamic "advanced_event_selector" {
    for_each = length(local.trail[0].data_bucket_arns) > 0 ? [1] : []
    content {
      name = "Objects of chosen buckets"
      field_selector {
        field  = "eventCategory"
        equals = ["Data"]
      }
      field_selector {
        field  = "resources.type"
        equals = ["AWS::S3::Object"]
      }
      field_selector {
        field       = "resources.ARN"
        starts_with = [for arn in values(local.trail[0].data_bucket_arns) : "${arn}/"]
      }
    }
  }

  dynamic "insight_selector" {
    for_each = toset(local.trail[0].insights ? ["ApiCallRateInsight", "ApiErrorRateInsight"] : [])
    content {
      insight_type = insight_selector.value
    }
  }

  depends_on = [aws_s3_bucket_ownership_controls.trail, aws_s3_bucket_server_side_encryption_configuration.trail]
}
