locals {
  # From warm to cold: an object never moves back.
  storage_classes = ["STANDARD_IA", "INTELLIGENT_TIERING", "ONEZONE_IA", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE"]

  made         = { for key, item in var.buckets : key => item if item.existing == null }
  existing     = { for key, item in var.buckets : key => item.existing if item.existing != null }
  with_own_key = { for key, item in local.made : key => item if item.encryption_key == null }

  labels              = { for key, item in local.made : key => merge(var.labels, item.labels) }
  deletion_protection = { for key, item in local.made : key => coalesce(item.deletion_protection, var.deletion_protection) }

  arns = merge(
    { for key, item in local.existing : key => "arn:${var.account.partition}:s3:::${item.name}" },
    { for key, bucket in aws_s3_bucket.this : key => bucket.arn },
  )
  domain_names = merge(
    { for key, item in local.existing : key => "${item.name}.s3.${coalesce(item.region, var.account.region)}.amazonaws.com" },
    { for key, bucket in aws_s3_bucket.this : key => bucket.bucket_regional_domain_name },
  )
  key_arns = merge(
    { for key, item in local.existing : key => item.key_arn },
    { for key, item in local.made : key => item.encryption_key == null ? aws_kms_key.this[key].arn : item.encryption_key.arn },
  )
  names = merge(
    { for key, item in local.existing : key => item.name },
    { for key, bucket in aws_s3_bucket.this : key => bucket.bucket },
  )
}
