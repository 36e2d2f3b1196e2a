# Each tier needs the one before: nodes do not become ready without a network, and add-ons that run as deployments do not become
# active without nodes.
locals {
  managed_policies = "arn:${var.account.partition}:iam::aws:policy"

  builtin_addons = {
    kube-proxy             = { enabled = true, configuration = null, identity = null }
    eks-pod-identity-agent = { enabled = true, configuration = null, identity = null }
    vpc-cni = {
      enabled       = true
      configuration = jsonencode({ enableNetworkPolicy = "true" })
      identity      = { service_account = "aws-node", policy_arns = { cni = "${local.managed_policies}/AmazonEKS_CNI_Policy" } }
    }
    coredns        = { enabled = true, configuration = null, identity = null }
    metrics-server = { enabled = true, configuration = null, identity = null }
    aws-ebs-csi-driver = {
      enabled       = true
      configuration = null
      identity      = { service_account = "ebs-csi-controller-sa", policy_arns = { ebs = "${local.managed_policies}/service-role/AmazonEBSCSIDriverPolicy" } }
    }
    aws-efs-csi-driver = {
      enabled       = false
      configuration = null
      identity      = { service_account = "efs-csi-controller-sa", policy_arns = { efs = "${local.managed_policies}/service-role/AmazonEFSCSIDriverPolicy" } }
    }
  }

  addons = {
    for name in local.make ? setunion(keys(local.builtin_addons), keys(var.addons)) : [] : name => {
      version       = try(var.addons[name].version, null)
      configuration = try(coalesce(var.addons[name].configuration_json, local.builtin_addons[name].configuration), local.builtin_addons[name].configuration, null)
      identity      = try(var.addons[name].identity != null, false) ? var.addons[name].identity : try(local.builtin_addons[name].identity, null)
    } if contains(keys(var.addons), name) ? var.addons[name].enabled : local.builtin_addons[name].enabled
  }
  addon_tier        = { kube-proxy = "base", eks-pod-identity-agent = "base", vpc-cni = "network" }
  addon_identities  = { for name, addon in local.addons : name => addon.identity if addon.identity != null }
  addon_attachments = merge([for name, identity in local.addon_identities : { for policy, arn in identity.policy_arns : "${name}/${policy}" => { addon = name, policy_arn = arn } }]...)
}

locals {
  # Who may take a role: the pods of one service account of this cluster.
  pod_trust = { for account in setunion([for identity in local.addon_identities : identity.service_account], ["efs-csi-node-sa"]) : account => jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "pods.eks.amazonaws.com" }
      Action    = ["sts:AssumeRole", "sts:TagSession"]
      Condition = {
        StringEquals = {
          "aws:RequestTag/eks-cluster-arn"            = local.arn
          "aws:RequestTag/kubernetes-service-account" = account
        }
      }
    }]
  }) }
}

resource "aws_iam_role" "addon" {
  for_each = local.addon_identities

  name                 = "${var.name}-eks-${each.key}"
  description          = "EKS add-on ${each.key} of ${var.name}"
  permissions_boundary = var.permissions_boundary_arn
  assume_role_policy   = local.pod_trust[each.value.service_account]
  tags                 = var.labels

  lifecycle {
    precondition {
      condition     = length("${var.name}-eks-${each.key}") <= 64
      error_message = "addons.${each.key}: the name of its role, ${var.name}-eks-${each.key}, is longer than the 64 characters IAM allows; choose a shorter name."
    }
  }
}

resource "aws_iam_role_policy_attachment" "addon" {
  for_each = local.addon_attachments

  role       = aws_iam_role.addon[each.value.addon].name
  policy_arn = each.value.policy_arn
}

resource "aws_eks_addon" "base" {
  for_each = { for name, addon in local.addons : name => addon if lookup(local.addon_tier, name, "workload") == "base" }

  cluster_name                = local.name
  addon_name                  = each.key
  addon_version               = each.value.version
  configuration_values        = each.value.configuration
  resolve_conflicts_on_create = "OVERWRITE"
  resolve_conflicts_on_update = "OVERWRITE"
  tags                        = var.labels
}

resource "aws_eks_addon" "network" {
  for_each = { for name, addon in local.addons : name => addon if lookup(local.addon_tier, name, "workload") == "network" }

  cluster_name                = local.name
  addon_name                  = each.key
  addon_version               = each.value.version
  configuration_values        = each.value.configuration
  resolve_conflicts_on_create = "OVERWRITE"
  resolve_conflicts_on_update = "OVERWRITE"
  tags                        = var.labels

  dynamic "pod_identity_association" {
    for_each = each.value.identity[*]
    content {
      role_arn        = aws_iam_role.addon[each.key].arn
      service_account = pod_identity_association.value.service_account
    }
  }

  depends_on = [aws_eks_addon.base, aws_iam_role_policy_attachment.addon]
}

resource "aws_eks_addon" "workload" {
  for_each = { for name, addon in local.addons : name => addon if lookup(local.addon_tier, name, "workload") == "workload" }

  cluster_name                = local.name
  addon_name                  = each.key
  addon_version               = each.value.version
  configuration_values        = each.value.configuration
  resolve_conflicts_on_create = "OVERWRITE"
  resolve_conflicts_on_update = "OVERWRITE"
  tags                        = var.labels

  dynamic "pod_identity_association" {
    for_each = each.value.identity[*]
    content {
      role_arn        = aws_iam_role.addon[each.key].arn
      service_account = pod_identity_association.value.service_account
    }
  }

  depends_on = [aws_eks_node_group.this, aws_iam_role_policy_attachment.addon, aws_eks_pod_identity_association.files]
}

# File systems are mounted by the driver's pod on each node with an identity of its own, not with that of the pod that uses the files; the
# add-on takes an identity for its controller only. https://github.com/kubernetes-sigs/aws-efs-csi-driver/issues/1759
locals {
  mounts_files = contains(keys(local.addons), "aws-efs-csi-driver")
}

resource "aws_iam_role" "files" {
  count = local.mounts_files ? 1 : 0

  name                 = "${var.name}-eks-files"
  description          = "Mounts file systems on the nodes of ${var.name}"
  permissions_boundary = var.permissions_boundary_arn
  assume_role_policy   = local.pod_trust["efs-csi-node-sa"]
  tags                 = var.labels
}

resource "aws_iam_role_policy" "files" {
  count = local.mounts_files ? 1 : 0

  name = "mount"
  role = aws_iam_role.files[0].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        # By an access point, which pins a service's folder and user; never the whole file system.
        Sid       = "MountByAccessPoint"
        Effect    = "Allow"
        Action    = ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"]
        Resource  = "arn:${var.account.partition}:elasticfilesystem:${var.account.region}:${var.account.id}:file-system/*"
        Condition = { StringLike = { "elasticfilesystem:AccessPointArn" = "arn:${var.account.partition}:elasticfilesystem:${var.account.region}:${var.account.id}:access-point/*" } }
      },
      {
        Sid      = "FindMountTargets"
        Effect   = "Allow"
        Action   = ["ec2:DescribeAvailabilityZones", "elasticfilesystem:DescribeMountTargets"]
        Resource = "*"
      },
    ]
  })
}

# Before the add-on: a pod gets its credentials when it is made.
resource "aws_eks_pod_identity_association" "files" {
  count = local.mounts_files ? 1 : 0

  cluster_name    = local.name
  namespace       = "kube-system"
  service_account = "efs-csi-node-sa"
  role_arn        = aws_iam_role.files[0].arn
  tags            = var.labels

  depends_on = [aws_eks_addon.base, aws_iam_role_policy.files]
}
