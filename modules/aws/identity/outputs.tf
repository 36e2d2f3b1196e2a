output "annotations" {
  description = "Annotations that the service account needs, by service; empty with pod identity."
  value = { for key in keys(var.services) : key => {
    for annotation in ["eks.amazonaws.com/role-arn"] : annotation => local.role_arns[key] if local.modes[key] == "irsa"
  } }
}

output "association_ids" {
  description = "Id of the pod identity association, by service; only services in mode pod-identity have one."
  value       = { for key, association in aws_eks_pod_identity_association.service : key => association.association_id }
}

output "ci_apply_role_arn" {
  description = "Role of the CI jobs that apply; null where none is made."
  value       = try(aws_iam_role.ci["apply"].arn, null)
  depends_on  = [aws_iam_role_policy.ci, aws_iam_role_policy_attachment.ci]
}

output "ci_plan_role_arn" {
  description = "Role of the CI jobs that plan, which reads settings and no data; null where none is made."
  value       = try(aws_iam_role.ci["plan"].arn, null)
  depends_on  = [aws_iam_role_policy.ci, aws_iam_role_policy_attachment.ci]
}

output "ci_provider_arn" {
  description = "IAM OIDC provider of the CI system; null without CI."
  value       = local.ci_provider
}

output "modes" {
  description = "How the service account takes its role, pod-identity or irsa, by service."
  value       = local.modes
}

output "policies" {
  description = "Policy of each service that uses something, as JSON, by service; without the policies it brings."
  value       = local.policies
}

output "role_arns" {
  description = "ARN of the role, by service; usable once its policy is attached."
  value       = local.role_arns
  depends_on  = [aws_iam_role_policy.other, aws_iam_role_policy.service]
}

output "role_names" {
  description = "Name of each role made here, by service."
  value       = { for key, role in aws_iam_role.service : key => role.name }
}
