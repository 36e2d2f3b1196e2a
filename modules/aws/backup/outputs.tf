output "key_arn" {
  description = "ARN of the KMS key of the vault; null where the vault is not made here."
  value       = local.key_arn
}

output "plan_ids" {
  description = "Id of each plan, by plan key."
  value       = { for key, plan in aws_backup_plan.this : key => plan.id }
  depends_on  = [aws_backup_selection.named, aws_backup_selection.tagged]
}

output "role_arn" {
  description = "ARN of the role that makes and restores backups; null where no plan is made."
  value       = one(aws_iam_role.this[*].arn)
  depends_on  = [aws_iam_role_policy_attachment.this]
}

output "vault_arn" {
  description = "ARN of the vault; null where no plan is made."
  value       = local.vault_arn
}

output "vault_name" {
  description = "Name of the vault; null where no plan is made."
  value       = local.vault_name
}
