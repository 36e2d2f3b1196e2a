output "annotations" {
  description = "Annotations that the service account needs, by service; empty with pod identity."
  value       = {}
}

output "association_ids" {
  description = "Id of the pod identity association, by service; only services in mode pod-identity have one."
  value       = {}
}

output "ci_apply_role_arn" {
  description = "Role of the CI jobs that apply; null where none is made."
  value       = null
}

output "ci_plan_role_arn" {
  description = "Role of the CI jobs that plan, which only reads; null where none is made."
  value       = null
}

output "ci_provider_arn" {
  description = "IAM OIDC provider of the CI system; null without CI."
  value       = null
}

output "modes" {
  description = "How the service account takes its role, pod-identity or irsa, by service."
  value       = {}
}

output "policies" {
  description = "Policy of each service as JSON, by service; functions, tasks and batch jobs of the same service can carry it."
  value       = {}
}

output "role_arns" {
  description = "ARN of the role, by service; usable once its policy is attached."
  value       = {}
}

output "role_names" {
  description = "Name of each role made here, by service."
  value       = {}
}
