# The bucket's policy has to let delivery.logs.amazonaws.com write below the prefix.
locals {
  logged = { for key, site in var.sites : key => site if site.log_bucket != null }
}

resource "aws_cloudwatch_log_delivery_source" "this" {
  for_each = local.logged

  name         = each.value.name
  log_type     = "ACCESS_LOGS"
  resource_arn = aws_cloudfront_distribution.this[each.key].arn
  tags         = merge(var.labels, each.value.labels)
}

resource "aws_cloudwatch_log_delivery_destination" "this" {
  for_each = local.logged

  name          = each.value.name
  output_format = "parquet"
  tags          = merge(var.labels, each.value.labels)

  delivery_destination_configuration {
    destination_resource_arn = join("/", [for part in [each.value.log_bucket.arn, trim(each.value.log_bucket.prefix, "/")] : part if part != ""])
  }
}

resource "aws_cloudwatch_log_delivery" "this" {
  for_each = local.logged

  delivery_source_name     = aws_cloudwatch_log_delivery_source.this[each.key].name
  delivery_destination_arn = aws_cloudwatch_log_delivery_destination.this[each.key].arn
  tags                     = merge(var.labels, each.value.labels)
}
