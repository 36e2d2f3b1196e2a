# Without a policy any client in the network may mount as root. With this one a client comes over TLS, through a mount target, and
# by an access point, which pins the directory and the POSIX user; IAM says who may use which access point.
resource "aws_efs_file_system_policy" "this" {
  for_each = local.made

  file_system_id = aws_efs_file_system.this[each.key].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat([
      {
        Sid       = "OnlyOverTls"
        Effect    = "Deny"
        Principal = { AWS = "*" }
        Action    = "*"
        Resource  = local.arns[each.key]
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
      ], length(each.value.access_points) == 0 ? [] : [
      {
        Sid       = "ByAccessPoint"
        Effect    = "Allow"
        Principal = { AWS = "arn:${var.account.partition}:iam::${var.account.id}:root" }
        Action    = ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"]
        Resource  = local.arns[each.key]
        Condition = {
          Bool         = { "elasticfilesystem:AccessedViaMountTarget" = "true" }
          StringEquals = { "elasticfilesystem:AccessPointArn" = values(local.access_point_arns[each.key]) }
        }
      },
    ])
  })
}

resource "aws_security_group" "this" {
  for_each = local.made

  name        = "${each.value.name}-files"
  description = "NFS of ${each.value.name}"
  vpc_id      = var.network.vpc_id
  tags        = local.labels[each.key]
}

resource "aws_vpc_security_group_ingress_rule" "this" {
  for_each = local.admissions

  security_group_id            = aws_security_group.this[each.value.file_system].id
  description                  = "NFS from ${each.value.client}"
  referenced_security_group_id = each.value.security_group_id
  ip_protocol                  = "tcp"
  from_port                    = local.port
  to_port                      = local.port
  tags                         = local.labels[each.value.file_system]
}

resource "aws_kms_key" "this" {
  for_each = local.with_own_key

  description             = "File system ${each.value.name}"
  enable_key_rotation     = true
  deletion_window_in_days = 30
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

  name          = "alias/${each.value.name}-files"
  target_key_id = aws_kms_key.this[each.key].key_id
}
