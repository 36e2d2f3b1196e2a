mock_provider "aws" {
  mock_resource "aws_kms_key" {
    defaults = { arn = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555" }
  }
  mock_resource "aws_dynamodb_table" {
    defaults = { arn = "arn:aws:dynamodb:us-east-1:123456789012:table/made", stream_arn = "arn:aws:dynamodb:us-east-1:123456789012:table/made/stream/1" }
  }
}

variables {
  account = { id = "123456789012", region = "us-east-1" }
  labels  = { Project = "inferloop" }
}

run "nothing_is_made_for_no_tables" {
  command = plan
  assert {
    condition     = length(aws_dynamodb_table.this) + length(aws_kms_key.this) == 0
    error_message = "An empty map must make nothing."
  }
}

run "tables_are_encrypted_recoverable_and_protected" {
  variables {
    tables = {
      syndoc-jobs = {
        name           = "inferloop-dev-syndoc-jobs"
        service        = "syndoc"
        labels         = { Service = "syndoc" }
        hash_key       = { name = "job" }
        range_key      = { name = "part", type = "N" }
        ttl_attribute  = "expires"
        stream         = "NEW_IMAGE"
        max_read_units = 100
        indexes        = { by-state = { hash_key = { name = "state" }, range_key = { name = "part", type = "N" } } }
      }
      open = {
        name                = "inferloop-dev-open"
        service             = "tabular"
        encryption_key      = { arn = "arn:aws:kms:us-east-1:123456789012:key/brought" }
        deletion_protection = false
      }
      brought = {
        name     = "unused"
        service  = "tabular"
        existing = { name = "legacy", arn = "arn:aws:dynamodb:us-east-1:123456789012:table/legacy" }
      }
    }
  }
  assert {
    condition     = alltrue([for table in aws_dynamodb_table.this : one(table.point_in_time_recovery).enabled && one(table.server_side_encryption).enabled && table.billing_mode == "PAY_PER_REQUEST"])
    error_message = "Every table must have point-in-time recovery and encryption, on demand."
  }
  assert {
    condition     = aws_dynamodb_table.this["syndoc-jobs"].deletion_protection_enabled && !aws_dynamodb_table.this["open"].deletion_protection_enabled
    error_message = "Deletion protection must be on unless an item turns it off."
  }
  assert {
    condition     = one(aws_dynamodb_table.this["syndoc-jobs"].server_side_encryption).kms_key_arn == aws_kms_key.this["syndoc-jobs"].arn && one(aws_dynamodb_table.this["open"].server_side_encryption).kms_key_arn == "arn:aws:kms:us-east-1:123456789012:key/brought" && keys(aws_kms_key.this) == ["syndoc-jobs"]
    error_message = "A table must have a key of its own, or the one that is brought."
  }
  assert {
    condition     = { for attribute in aws_dynamodb_table.this["syndoc-jobs"].attribute : attribute.name => attribute.type } == { job = "S", part = "N", state = "S" }
    error_message = "Each key attribute must be declared once."
  }
  assert {
    condition     = one(aws_dynamodb_table.this["syndoc-jobs"].ttl).attribute_name == "expires" && length(aws_dynamodb_table.this["open"].ttl) == 0 || !try(one(aws_dynamodb_table.this["open"].ttl).enabled, false)
    error_message = "Items must expire by the attribute that is named, and only then."
  }
  assert {
    condition     = output.arns["brought"] == "arn:aws:dynamodb:us-east-1:123456789012:table/legacy" && output.names["brought"] == "legacy" && !contains(keys(aws_dynamodb_table.this), "brought")
    error_message = "A table that exists must only be described."
  }
  assert {
    condition     = output.stream_arns["open"] == null && output.stream_arns["syndoc-jobs"] != null
    error_message = "Only a table with a stream must have a stream ARN."
  }
  assert {
    condition     = aws_dynamodb_table.this["syndoc-jobs"].tags == tomap({ Project = "inferloop", Service = "syndoc" })
    error_message = "Tags must be the common ones with the item's over them."
  }
}

run "attribute_with_two_types_is_refused" {
  command = plan
  variables {
    tables = { a = { name = "abc", service = "a", hash_key = { name = "id" }, range_key = { name = "id", type = "N" } } }
  }
  expect_failures = [aws_dynamodb_table.this]
}

run "unknown_values_are_refused" {
  command = plan
  variables {
    tables = {
      a = { name = "x", service = "a", stream = "ALL", hash_key = { name = "id", type = "T" }, recovery_days = 90, indexes = { i = { hash_key = { name = "s" }, projection = "INCLUDE" } } }
    }
  }
  expect_failures = [var.tables]
}
