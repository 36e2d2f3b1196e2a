locals {
  modes       = { for key, service in var.services : key => coalesce(service.mode, var.mode) }
  made        = { for key, service in var.services : key => service if service.existing == null }
  role_arns   = { for key, service in var.services : key => service.existing == null ? aws_iam_role.service[key].arn : service.existing.role_arn }
  cluster_arn = try(coalesce(var.cluster.arn, "arn:${var.account.partition}:eks:${var.account.region}:${var.account.id}:cluster/${var.cluster.name}"), null)
  issuer_host = try(trimprefix(var.cluster.oidc_issuer, "https://"), null)

  trust = { for key, service in local.made : key => jsonencode({
    Version = "2012-10-17"
    Statement = [for statement in [
      {
        mode = "pod-identity"
        body = {
          Effect    = "Allow"
          Principal = { Service = "pods.eks.amazonaws.com" }
          Action    = ["sts:AssumeRole", "sts:TagSession"]
          Condition = {
            StringEquals = {
              "aws:RequestTag/eks-cluster-arn"            = local.cluster_arn
              "aws:RequestTag/kubernetes-namespace"       = service.namespace
              "aws:RequestTag/kubernetes-service-account" = service.service_account
            }
          }
        }
      },
      {
        mode = "irsa"
        body = {
          Effect    = "Allow"
          Principal = { Federated = try(var.cluster.oidc_provider_arn, null) }
          Action    = "sts:AssumeRoleWithWebIdentity"
          Condition = {
            StringEquals = {
              "${coalesce(local.issuer_host, "none")}:aud" = "sts.amazonaws.com"
              "${coalesce(local.issuer_host, "none")}:sub" = "system:serviceaccount:${service.namespace}:${service.service_account}"
            }
          }
        }
      },
    ] : statement.body if statement.mode == local.modes[key]]
  }) }
}

resource "aws_iam_role" "service" {
  for_each = local.made

  name                 = each.value.name
  description          = "Service account ${each.value.namespace}/${each.value.service_account} of ${var.name}"
  permissions_boundary = var.permissions_boundary_arn
  assume_role_policy   = local.trust[each.key]
  tags                 = merge(var.labels, each.value.labels)

  lifecycle {
    precondition {
      condition     = var.cluster != null
      error_message = "services.${each.key} needs the cluster whose service account takes the role; cluster is null."
    }
    precondition {
      condition     = local.modes[each.key] != "irsa" || try(var.cluster.oidc_provider_arn != null && var.cluster.oidc_issuer != null, false)
      error_message = "services.${each.key} is in mode irsa, which needs cluster.oidc_provider_arn and cluster.oidc_issuer."
    }
  }
}

resource "aws_iam_role_policy" "service" {
  for_each = { for key, service in local.made : key => service if local.uses_something[key] }

  name   = "dependencies"
  role   = aws_iam_role.service[each.key].id
  policy = local.policies[each.key]

  lifecycle {
    precondition {
      condition     = length(local.policies[each.key]) <= 10240
      error_message = "services.${each.key} uses so much that its policy has more than the 10240 characters IAM allows; split the service."
    }
  }
}

# What a service may do beside its dependencies.
resource "aws_iam_role_policy" "other" {
  for_each = merge([for key, service in local.made : { for name, policy in service.policies : "${key}/${name}" => { key = key, name = name, policy = policy } }]...)

  name   = each.value.name
  role   = aws_iam_role.service[each.value.key].id
  policy = each.value.policy

  lifecycle {
    precondition {
      condition     = length(each.value.policy) <= 10240
      error_message = "services.${each.value.key}.policies.${each.value.name} has ${length(each.value.policy)} characters, more than the 10240 that IAM allows."
    }
  }
}

# Pods that start before the association exists have no credentials until they are restarted.
resource "aws_eks_pod_identity_association" "service" {
  for_each = { for key, service in var.services : key => service if local.modes[key] == "pod-identity" }

  cluster_name    = try(var.cluster.name, "")
  namespace       = each.value.namespace
  service_account = each.value.service_account
  role_arn        = local.role_arns[each.key]
  tags            = merge(var.labels, each.value.labels)

  depends_on = [aws_iam_role_policy.other, aws_iam_role_policy.service]

  lifecycle {
    precondition {
      condition     = var.cluster != null
      error_message = "services.${each.key} needs the cluster whose service account takes the role; cluster is null."
    }
  }
}
