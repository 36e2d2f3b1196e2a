locals {
  make = var.existing == null

  # The ARN is written out, so that policies that name the cluster are known in the plan.
  arn                    = "arn:${var.account.partition}:eks:${var.account.region}:${var.account.id}:cluster/${local.make ? var.name : var.existing.name}"
  name                   = local.make ? one(aws_eks_cluster.this[*].name) : var.existing.name
  endpoint               = local.make ? one(aws_eks_cluster.this[*].endpoint) : var.existing.endpoint
  ca_certificate         = local.make ? one(aws_eks_cluster.this[*].certificate_authority[0].data) : var.existing.ca_certificate
  kubernetes_version     = local.make ? one(aws_eks_cluster.this[*].version) : var.existing.kubernetes_version
  oidc_issuer            = local.make ? one(aws_eks_cluster.this[*].identity[0].oidc[0].issuer) : var.existing.oidc_issuer
  oidc_provider_arn      = local.make ? one(aws_iam_openid_connect_provider.this[*].arn) : var.existing.oidc_provider_arn
  security_group_id      = local.make ? one(aws_eks_cluster.this[*].vpc_config[0].cluster_security_group_id) : var.existing.security_group_id
  node_role_arn          = local.make ? one(aws_iam_role.node[*].arn) : var.existing.node_role_arn
  node_security_group_id = local.make ? one(aws_security_group.nodes[*].id) : var.existing.node_security_group_id

  log_group = "/aws/eks/${var.name}/cluster"
}

resource "aws_cloudwatch_log_group" "control_plane" {
  count = local.make ? 1 : 0

  name              = local.log_group
  retention_in_days = var.control_plane_logs.retention_days
  kms_key_id        = local.secrets_key_arn
  tags              = var.labels
}

resource "aws_iam_role" "cluster" {
  count = local.make ? 1 : 0

  name                 = "${var.name}-eks"
  description          = "Control plane of the EKS cluster ${var.name}"
  permissions_boundary = var.permissions_boundary_arn
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "eks.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { ArnLike = { "aws:SourceArn" = local.arn } }
    }]
  })
  tags = var.labels
}

resource "aws_iam_role_policy_attachment" "cluster" {
  count = local.make ? 1 : 0

  role       = aws_iam_role.cluster[0].name
  policy_arn = "arn:${var.account.partition}:iam::aws:policy/AmazonEKSClusterPolicy"
}

resource "aws_iam_role_policy" "cluster_secrets" {
  count = local.make ? 1 : 0

  name = "secrets-encryption"
  role = aws_iam_role.cluster[0].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:ListGrants"]
      Resource = local.secrets_key_arn
    }]
  })
}

resource "aws_eks_cluster" "this" {
  count = local.make ? 1 : 0

  name                          = var.name
  role_arn                      = aws_iam_role.cluster[0].arn
  version                       = var.kubernetes_version
  enabled_cluster_log_types     = var.control_plane_logs.types
  bootstrap_self_managed_addons = false
  tags                          = var.labels

  access_config {
    authentication_mode                         = "API"
    bootstrap_cluster_creator_admin_permissions = false
  }

  encryption_config {
    resources = ["secrets"]
    provider {
      key_arn = local.secrets_key_arn
    }
  }

  kubernetes_network_config {
    ip_family         = "ipv4"
    service_ipv4_cidr = var.service_cidr
  }

  upgrade_policy {
    support_type = "STANDARD"
  }

  vpc_config {
    subnet_ids              = var.network.private_subnet_ids
    endpoint_private_access = true
    endpoint_public_access  = length(var.public_access_cidrs) > 0
    public_access_cidrs     = length(var.public_access_cidrs) > 0 ? var.public_access_cidrs : null
  }

  zonal_shift_config {
    enabled = true
  }

  # The control plane writes its logs and reads its key from its first minute to its last.
  depends_on = [aws_cloudwatch_log_group.control_plane, aws_iam_role_policy.cluster_secrets, aws_iam_role_policy_attachment.cluster]

  lifecycle {
    precondition {
      condition     = length(local.untainted_pools) > 0
      error_message = "node_pools needs a pool without taints that starts with at least 1 node: DNS and the other add-ons run there."
    }
  }
}

# AWS checks the issuer's certificate itself; thumbprints are not needed for it.
resource "aws_iam_openid_connect_provider" "this" {
  count = local.make ? 1 : 0

  url            = aws_eks_cluster.this[0].identity[0].oidc[0].issuer
  client_id_list = ["sts.amazonaws.com"]
  tags           = merge(var.labels, { Name = var.name })
}
