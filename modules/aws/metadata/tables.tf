locals {
  made         = { for key, table in var.tables : key => table if table.existing == null }
  existing     = { for key, table in var.tables : key => table.existing if table.existing != null }
  with_own_key = { for key, table in local.made : key => table if table.encryption_key == null }
  labels       = { for key, table in local.made : key => merge(var.labels, table.labels) }
  deletion_protection = {
    for key, table in local.made : key => coalesce(table.deletion_protection, var.deletion_protection)
  }

  # DynamoDB wants each attribute that is part of a key once, whichever key or index it is part of.
  attributes = {
    for key, table in local.made : key => {
      for attribute in concat(
        [table.hash_key],
        table.range_key == null ? [] : [table.range_key],
        [for index in table.indexes : index.hash_key],
        [for index in table.indexes : index.range_key if index.range_key != null],
      ) : attribute.name => attribute.type...
    }
  }

  arns = merge(
    { for key, table in local.existing : key => table.arn },
    { for key, table in aws_dynamodb_table.this : key => table.arn },
  )
  key_arns = merge(
    { for key, table in local.existing : key => table.key_arn },
    { for key, table in local.made : key => table.encryption_key == null ? aws_kms_key.this[key].arn : table.encryption_key.arn },
  )
  names = merge(
    { for key, table in local.existing : key => table.name },
    { for key, table in aws_dynamodb_table.this : key => table.name },
  )
  stream_arns = merge(
    { for key, table in local.existing : key => table.stream_arn },
    { for key, table in aws_dynamodb_table.this : key => local.made[key].stream == null ? null : table.stream_arn },
  )
}

resource "aws_dynamodb_table" "this" {
  for_each = local.made

  name                        = each.value.name
  billing_mode                = "PAY_PER_REQUEST"
  deletion_protection_enabled = local.deletion_protection[each.key]
  hash_key                    = each.value.hash_key.name
  range_key                   = try(each.value.range_key.name, null)
  stream_enabled              = each.value.stream == null ? null : true
  stream_view_type            = each.value.stream
  tags                        = local.labels[each.key]

  dynamic "attribute" {
    for_each = local.attributes[each.key]
    content {
      name = attribute.key
      type = attribute.value[0]
    }
  }

  dynamic "global_secondary_index" {
    for_each = each.value.indexes
    content {
      name               = global_secondary_index.key
      hash_key           = global_secondary_index.value.hash_key.name
      range_key          = try(global_secondary_index.value.range_key.name, null)
      projection_type    = global_secondary_index.value.projection
      non_key_attributes = global_secondary_index.value.projection == "INCLUDE" ? global_secondary_index.value.non_key_fields : null
    }
  }

  dynamic "on_demand_throughput" {
    for_each = each.value.max_read_units == null && each.value.max_write_units == null ? [] : [each.value]
    content {
      max_read_request_units  = on_demand_throughput.value.max_read_units
      max_write_request_units = on_demand_throughput.value.max_write_units
    }
  }

  point_in_time_recovery {
    enabled                 = true
    recovery_period_in_days = each.value.recovery_days
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = local.key_arns[each.key]
  }

  dynamic "ttl" {
    for_each = each.value.ttl_attribute == null ? [] : [each.value.ttl_attribute]
    content {
      enabled        = true
      attribute_name = ttl.value
    }
  }

  lifecycle {
    precondition {
      condition     = alltrue([for types in values(local.attributes[each.key]) : length(distinct(types)) == 1])
      error_message = "tables[\"${each.key}\"] gives one attribute two types; an attribute has one type in all keys and indexes."
    }
  }
}

resource "aws_kms_key" "this" {
  for_each = local.with_own_key

  description             = "Table ${each.value.name}"
  enable_key_rotation     = true
  deletion_window_in_days = local.deletion_protection[each.key] ? 30 : 7
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "AccountDecidesByIAM"
      Effect    = "Allow"
      Principal = { AWS = "arn:${var.account.partition}:iam::${var.account.id}:root" }
      Action    = "kms:*"
      Resource  = "*"
    }]
  })
  tags = local.labels[each.key]
}

resource "aws_kms_alias" "this" {
  for_each = local.with_own_key

  name          = "alias/${each.value.name}-table"
  target_key_id = aws_kms_key.this[each.key].key_id
}
