output "addon_versions" {
  description = "Version of each EKS add-on, by name."
  value       = { for name, addon in merge(aws_eks_addon.base, aws_eks_addon.network, aws_eks_addon.workload) : name => addon.addon_version }
}

output "arn" {
  description = "ARN of the cluster."
  value       = local.arn
}

output "autoscaler_policy" {
  description = "Policy, as JSON, of Cluster Autoscaler."
  value       = local.autoscaler_policy
}

output "ca_certificate" {
  description = "Certificate authority of the Kubernetes API, PEM in base64."
  value       = local.ca_certificate
}

output "endpoint" {
  description = "URL of the Kubernetes API; usable once the access entries exist."
  value       = local.endpoint
  depends_on  = [aws_eks_access_policy_association.this]
}

output "log_group_name" {
  description = "Log group of the control plane; null for an existing cluster."
  value       = one(aws_cloudwatch_log_group.control_plane[*].name)
}

output "name" {
  description = "Name of the cluster; usable for workloads once nodes and add-ons exist."
  value       = local.name
  depends_on  = [aws_eks_addon.workload, aws_eks_node_group.this]
}

output "node_group_names" {
  description = "Name of the managed node group, by pool."
  value       = { for pool, group in aws_eks_node_group.this : pool => group.node_group_name }
}

output "node_pools" {
  description = "Pools by name with their limits, architecture, labels, taints (in Kubernetes' spelling), GPU and spot."
  value       = local.node_pools
}

output "node_role_arn" {
  description = "Role of the nodes; null where that of an existing cluster is not given."
  value       = local.node_role_arn
}

output "node_security_group_id" {
  description = "Security group that only nodes carry; databases and caches admit it."
  value       = local.node_security_group_id
}

output "oidc_issuer" {
  description = "Issuer URL of the cluster's service account tokens."
  value       = local.oidc_issuer
}

output "oidc_provider_arn" {
  description = "IAM OIDC provider of the cluster, for roles of service accounts (IRSA)."
  value       = local.oidc_provider_arn
}

output "secrets_key_arn" {
  description = "KMS key of the Kubernetes secrets; null for an existing cluster."
  value       = local.make ? local.secrets_key_arn : null
}

output "security_group_id" {
  description = "Security group that EKS keeps for the control plane and the nodes."
  value       = local.security_group_id
}

output "service_cidr" {
  description = "IPv4 range of Kubernetes services."
  value       = var.service_cidr
}

output "version" {
  description = "Kubernetes version of the control plane; null where that of an existing cluster is not given."
  value       = local.kubernetes_version
}

output "volumes_key_arn" {
  description = "KMS key of the nodes' volumes, and for the storage class of persistent volumes; null for an existing cluster that names none."
  value       = local.volumes_key_arn
}
