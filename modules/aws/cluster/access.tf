locals {
  access_policies = ["AmazonEKSAdminPolicy", "AmazonEKSAdminViewPolicy", "AmazonEKSClusterAdminPolicy", "AmazonEKSEditPolicy", "AmazonEKSViewPolicy"]

  access_associations = merge([
    for name, entry in var.access_entries : {
      for policy, scope in entry.policies : "${name}/${policy}" => {
        entry      = name
        policy_arn = "arn:${var.account.partition}:eks::aws:cluster-access-policy/${policy}"
        namespaces = scope.namespaces
      }
    }
  ]...)
}

resource "aws_eks_access_entry" "this" {
  for_each = var.access_entries

  cluster_name      = local.name
  principal_arn     = each.value.principal_arn
  kubernetes_groups = each.value.kubernetes_groups
  type              = "STANDARD"
  tags              = var.labels
}

resource "aws_eks_access_policy_association" "this" {
  for_each = local.access_associations

  cluster_name  = local.name
  principal_arn = aws_eks_access_entry.this[each.value.entry].principal_arn
  policy_arn    = each.value.policy_arn

  access_scope {
    type       = length(each.value.namespaces) > 0 ? "namespace" : "cluster"
    namespaces = length(each.value.namespaces) > 0 ? each.value.namespaces : null
  }

  # The principal's ARN is known before its entry exists.
  depends_on = [aws_eks_access_entry.this]
}
