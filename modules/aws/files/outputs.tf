output "access_point_arns" {
  description = "ARN of the access point, by file system key and service."
  value       = local.access_point_arns
}

output "access_point_ids" {
  description = "Id of the access point, by file system key and service; a CSI volume handle is <file system id>::<access point id>."
  value       = local.access_point_ids
}

output "arns" {
  description = "ARN, by file system key."
  value       = local.arns
}

output "ids" {
  description = "Id, by file system key; usable once the mount targets exist."
  value       = local.ids
  depends_on  = [aws_efs_mount_target.this]
}

output "key_arns" {
  description = "ARN of the KMS key of each file system made here, by file system key."
  value       = local.key_arns
}

output "security_group_ids" {
  description = "Security group that admits the clients, by file system key; null where that of an existing one is not given."
  value       = local.security_group_ids
}
