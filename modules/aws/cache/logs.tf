locals {
  log_types = toset(["engine-log", "slow-log"])
  log_groups = merge([
    for key, item in local.made : {
      for type in local.log_types : "${key}/${type}" => { cache = key, name = "/aws/vendedlogs/elasticache/${item.name}/${type}" }
    }
  ]...)
}

# The prefix /aws/vendedlogs/ spares CloudWatch Logs a resource policy that grows with every group, up to its limit.
# A key that is brought need not know log groups; they are encrypted with that of CloudWatch Logs then.
resource "aws_cloudwatch_log_group" "this" {
  for_each = local.log_groups

  name              = each.value.name
  retention_in_days = local.made[each.value.cache].log_retention_days
  kms_key_id        = local.made[each.value.cache].encryption_key == null ? aws_kms_key.this[each.value.cache].arn : null
  tags              = local.labels[each.value.cache]
}
