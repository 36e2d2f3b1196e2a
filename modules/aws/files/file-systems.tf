locals {
  port = 2049

  made         = { for key, item in var.file_systems : key => item if item.existing == null }
  existing     = { for key, item in var.file_systems : key => item.existing if item.existing != null }
  with_own_key = { for key, item in local.made : key => item if item.encryption_key == null }
  labels       = { for key, item in local.made : key => merge(var.labels, item.labels, { Name = item.name }) }

  mount_targets = merge([
    for key in keys(local.made) : {
      for index, subnet in var.network.private_subnet_ids : "${key}/${index}" => { file_system = key, subnet = subnet }
    }
  ]...)
  access_points = merge([
    for key, item in local.made : {
      for service, point in item.access_points : "${key}/${service}" => merge(point, { file_system = key, service = service })
    }
  ]...)
  admissions = merge([
    for client, item in var.clients : {
      for key in keys(local.made) : "${key}/${client}" => { file_system = key, client = client, security_group_id = item.security_group_id }
      if item.file_systems == null ? true : contains(item.file_systems, key)
    }
  ]...)

  arns = merge(
    { for key, item in local.existing : key => item.arn },
    { for key, system in aws_efs_file_system.this : key => system.arn },
  )
  ids = merge(
    { for key, item in local.existing : key => item.id },
    { for key, system in aws_efs_file_system.this : key => system.id },
  )
  key_arns = {
    for key, item in local.made : key => item.encryption_key == null ? aws_kms_key.this[key].arn : item.encryption_key.arn
  }
  security_group_ids = merge(
    { for key, item in local.existing : key => item.security_group_id },
    { for key, group in aws_security_group.this : key => group.id },
  )
  access_point_arns = merge(
    { for key, item in local.existing : key => item.access_point_arns },
    { for key, item in local.made : key => { for service in keys(item.access_points) : service => aws_efs_access_point.this["${key}/${service}"].arn } },
  )
  # The id is the last part of the ARN, which an access point that exists is named by.
  access_point_ids = {
    for key, points in local.access_point_arns : key => { for service, arn in points : service => element(split("/", arn), 1) }
  }
}

resource "aws_efs_file_system" "this" {
  for_each = local.made

  creation_token                  = each.value.name
  encrypted                       = true
  kms_key_id                      = local.key_arns[each.key]
  throughput_mode                 = each.value.throughput_mode
  provisioned_throughput_in_mibps = each.value.throughput_mibps
  tags                            = local.labels[each.key]

  dynamic "lifecycle_policy" {
    for_each = each.value.infrequent_after_days == null ? [] : [each.value.infrequent_after_days]
    content {
      transition_to_ia = "AFTER_${lifecycle_policy.value}_DAY${lifecycle_policy.value == 1 ? "" : "S"}"
    }
  }

  dynamic "lifecycle_policy" {
    for_each = each.value.archive_after_days == null ? [] : [each.value.archive_after_days]
    content {
      transition_to_archive = "AFTER_${lifecycle_policy.value}_DAY${lifecycle_policy.value == 1 ? "" : "S"}"
    }
  }
}

resource "aws_efs_backup_policy" "this" {
  for_each = local.made

  file_system_id = aws_efs_file_system.this[each.key].id
  backup_policy {
    status = each.value.backup ? "ENABLED" : "DISABLED"
  }
}

resource "aws_efs_mount_target" "this" {
  for_each = local.mount_targets

  file_system_id  = aws_efs_file_system.this[each.value.file_system].id
  subnet_id       = each.value.subnet
  security_groups = [aws_security_group.this[each.value.file_system].id]
}

resource "aws_efs_access_point" "this" {
  for_each = local.access_points

  file_system_id = aws_efs_file_system.this[each.value.file_system].id
  tags           = merge(var.labels, each.value.labels, { Name = "${local.made[each.value.file_system].name}-${each.value.service}" })

  posix_user {
    uid = each.value.uid
    gid = each.value.gid
  }

  root_directory {
    path = each.value.path
    creation_info {
      owner_uid   = each.value.uid
      owner_gid   = each.value.gid
      permissions = each.value.permissions
    }
  }
}
