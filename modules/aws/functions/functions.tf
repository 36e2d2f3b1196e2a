locals {
  made     = { for key, item in var.functions : key => item if item.existing == null }
  existing = { for key, item in var.functions : key => item.existing if item.existing != null }
  labels   = { for key, item in local.made : key => merge(var.labels, item.labels) }

  in_vpc    = { for key, item in local.made : key => item if item.in_vpc }
  by_queue  = { for key, item in local.made : key => item if item.queue != null }
  by_bucket = { for key, item in local.made : key => item if item.bucket != null }
  scheduled = { for key, item in local.made : key => item if item.schedule != null }
  # A bucket and a schedule hand an event over and forget it; what fails in the end is kept in a queue. A queue keeps its own.
  handed_over = merge(local.by_bucket, local.scheduled)

  arns = merge(
    { for key, item in local.existing : key => item.arn },
    { for key, function in aws_lambda_function.this : key => function.arn },
  )
  names = merge(
    { for key, item in local.existing : key => item.name },
    { for key, function in aws_lambda_function.this : key => function.function_name },
  )
  role_arns = merge(
    { for key, item in local.existing : key => item.role_arn },
    { for key, role in aws_iam_role.this : key => role.arn },
  )
  security_group_ids = merge(
    { for key, item in local.existing : key => item.security_group_id if item.security_group_id != null },
    { for key, group in aws_security_group.this : key => group.id },
  )
}

resource "aws_lambda_function" "this" {
  for_each = local.made

  function_name = each.value.name
  role          = aws_iam_role.this[each.key].arn
  architectures = [each.value.architecture]
  memory_size   = each.value.memory_mb
  timeout       = each.value.timeout_seconds
  kms_key_arn   = try(each.value.encryption_key.arn, null)
  tags          = local.labels[each.key]

  package_type      = each.value.image != null ? "Image" : "Zip"
  image_uri         = try(each.value.image.uri, null)
  s3_bucket         = try(each.value.package.bucket, null)
  s3_key            = try(each.value.package.key, null)
  s3_object_version = try(each.value.package.object_version, null)
  runtime           = try(each.value.package.runtime, null)
  handler           = try(each.value.package.handler, null)

  reserved_concurrent_executions = coalesce(each.value.reserved_concurrency, -1)

  ephemeral_storage {
    size = each.value.ephemeral_storage_mb
  }

  dynamic "environment" {
    for_each = length(each.value.env) == 0 ? [] : [each.value.env]
    content {
      variables = environment.value
    }
  }

  dynamic "image_config" {
    for_each = length(try(each.value.image.command, [])) == 0 ? [] : [each.value.image.command]
    content {
      command = image_config.value
    }
  }

  logging_config {
    log_format = "JSON"
    log_group  = aws_cloudwatch_log_group.this[each.key].name
  }

  tracing_config {
    mode = each.value.tracing ? "Active" : "PassThrough"
  }

  dynamic "vpc_config" {
    for_each = each.value.in_vpc ? [aws_security_group.this[each.key].id] : []
    content {
      subnet_ids         = var.network.private_subnet_ids
      security_group_ids = [vpc_config.value]
    }
  }

  depends_on = [aws_iam_role_policy.this]
}

resource "aws_cloudwatch_log_group" "this" {
  for_each = local.made

  name              = "/aws/lambda/${each.value.name}"
  retention_in_days = each.value.log_retention_days
  tags              = local.labels[each.key]
}

resource "aws_security_group" "this" {
  for_each = local.in_vpc

  name        = "${each.value.name}-function"
  description = "Function ${each.value.name}"
  vpc_id      = var.network.vpc_id
  tags        = merge(local.labels[each.key], { Name = "${each.value.name}-function" })
}

# What a function reaches is decided where it arrives: databases, caches and endpoints admit it by its security group.
resource "aws_vpc_security_group_egress_rule" "this" {
  for_each = local.in_vpc

  security_group_id = aws_security_group.this[each.key].id
  description       = "Everything that admits it"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "-1"
  tags              = local.labels[each.key]
}
