resource "aws_s3_bucket" "this" {
  for_each = local.made

  bucket        = each.value.name
  force_destroy = !local.deletion_protection[each.key]
  tags          = local.labels[each.key]
}

resource "aws_s3_bucket_ownership_controls" "this" {
  for_each = local.made

  bucket = aws_s3_bucket.this[each.key].id
  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_public_access_block" "this" {
  for_each = local.made

  bucket                  = aws_s3_bucket.this[each.key].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_versioning" "this" {
  for_each = { for key, item in local.made : key => item if item.versioning }

  bucket = aws_s3_bucket.this[each.key].id
  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  for_each = local.made

  bucket = aws_s3_bucket.this[each.key].id
  rule {
    bucket_key_enabled = true
    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = local.key_arns[each.key]
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "this" {
  for_each = { for key, item in local.made : key => item if length(item.lifecycle) > 0 }

  bucket = aws_s3_bucket.this[each.key].id

  dynamic "rule" {
    for_each = each.value.lifecycle
    content {
      id     = rule.key
      status = "Enabled"
      filter {
        prefix = rule.value.prefix
      }
      abort_incomplete_multipart_upload {
        days_after_initiation = rule.value.abort_multipart_days
      }

      dynamic "transition" {
        for_each = rule.value.transitions
        content {
          storage_class = transition.key
          days          = transition.value
        }
      }
      dynamic "expiration" {
        for_each = rule.value.expire_days == null ? [] : [rule.value.expire_days]
        content {
          days = expiration.value
        }
      }
      dynamic "noncurrent_version_expiration" {
        for_each = each.value.versioning ? [rule.value] : []
        content {
          noncurrent_days           = noncurrent_version_expiration.value.noncurrent_days
          newer_noncurrent_versions = noncurrent_version_expiration.value.noncurrent_versions
        }
      }
      # A deletion leaves a marker behind once all versions are gone; S3 removes it only where it is told to.
      dynamic "expiration" {
        for_each = each.value.versioning && rule.value.expire_days == null ? [true] : []
        content {
          expired_object_delete_marker = true
        }
      }
    }
  }

  depends_on = [aws_s3_bucket_versioning.this]
}

resource "aws_s3_bucket_cors_configuration" "this" {
  for_each = { for key, item in local.made : key => item if length(item.cors) > 0 }

  bucket = aws_s3_bucket.this[each.key].id

  dynamic "cors_rule" {
    for_each = each.value.cors
    content {
      id              = cors_rule.key
      allowed_origins = cors_rule.value.origins
      allowed_methods = cors_rule.value.methods
      allowed_headers = cors_rule.value.headers
      expose_headers  = cors_rule.value.expose_headers
      max_age_seconds = cors_rule.value.max_age_seconds
    }
  }
}

# A bucket has one list of notifications, so all of them stand in one resource.
resource "aws_s3_bucket_notification" "this" {
  for_each = { for key, item in local.made : key => item if item.event_bridge || contains([for entry in var.notifications : entry.bucket], key) }

  bucket      = aws_s3_bucket.this[each.key].id
  eventbridge = each.value.event_bridge

  dynamic "queue" {
    for_each = { for name, entry in var.notifications : name => entry if entry.bucket == each.key }
    content {
      id            = queue.key
      queue_arn     = queue.value.queue_arn
      events        = queue.value.events
      filter_prefix = queue.value.prefix
      filter_suffix = queue.value.suffix
    }
  }
}
