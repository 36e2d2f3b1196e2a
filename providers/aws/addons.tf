# What the add-ons that the second stage installs may do in the account: one role each, for the service account that the catalogue names.
locals {
  catalog        = yamldecode(file("${path.module}/../../modules/platform/catalog.yaml")).addons
  make_addons    = local.make_cluster && var.cluster_services.managed
  cluster_backup = local.make_addons && var.cluster_services.backup.enabled

  # What services in the cluster read and are scaled by.
  cluster_secrets = distinct(flatten([for service in keys(local.kubernetes_services) : values(module.base.uses[service].secrets)]))
  cluster_queues  = distinct(flatten([for service in keys(local.kubernetes_services) : values(local.uses[service].queue)[*].key]))

  # Add-ons by name, each with the end of its role's name and whether it is installed. Karpenter brings its role.
  addon_roles = { for addon, role in {
    aws-load-balancer-controller = { name = "edge-load-balancer", needed = true }
    cert-manager                 = { name = "eks-cert-manager", needed = var.cluster_services.certificates.issuer == "acme" }
    cluster-autoscaler           = { name = "eks-autoscaler", needed = var.cluster_services.nodes == "cluster-autoscaler" }
    external-dns                 = { name = "edge-external-dns", needed = true }
    external-secrets             = { name = "eks-external-secrets", needed = true }
    karpenter                    = { name = "eks-karpenter", needed = var.cluster_services.nodes == "karpenter" && contains(keys(var.cluster_services.controllers), "karpenter") }
    keda                         = { name = "eks-keda", needed = true }
    velero                       = { name = "eks-velero", needed = local.cluster_backup }
  } : addon => "${local.name}-${role.name}" if role.needed && local.make_addons }

  addon_policies = {
    aws-load-balancer-controller = { for name in ["load-balancer"] : name => module.edge.controller_policies["load-balancer"] if local.make_addons }
    cert-manager                 = { for name in ["cert-manager"] : name => module.edge.controller_policies["cert-manager"] if local.make_addons }
    cluster-autoscaler           = { for name in ["node-groups"] : name => module.cluster[0].autoscaler_policy if local.make_addons }
    external-dns                 = { for name in ["external-dns"] : name => module.edge.controller_policies["external-dns"] if local.make_addons }
    external-secrets             = { for name in ["secrets"] : name => local.read_secrets if length(local.cluster_secrets) > 0 }
    karpenter                    = {}
    keda                         = { for name in ["queues"] : name => local.see_queues if length(local.cluster_queues) > 0 }
    velero                       = {}
  }

  # Every secret is named: others of the account, those of databases among them, stay closed. Secrets Manager decrypts for nobody who may
  # not read the secret, so that keys need no more than its name.
  secret_keys = distinct(compact([for key in local.cluster_secrets : module.secrets.key_arns[key]]))
  read_secrets = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [{
        Sid      = "ReadSecrets"
        Effect   = "Allow"
        Action   = ["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"]
        Resource = [for key in local.cluster_secrets : module.secrets.arns[key]]
      }],
      [for keys in [local.secret_keys] : {
        Sid       = "DecryptSecrets"
        Effect    = "Allow"
        Action    = ["kms:Decrypt"]
        Resource  = keys
        Condition = { StringEquals = { "kms:ViaService" = "secretsmanager.${local.account.region}.amazonaws.com" } }
      } if length(keys) > 0],
    )
  })
  # How many messages wait, and nothing of what is in them.
  see_queues = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "CountMessages"
      Effect   = "Allow"
      Action   = "sqs:GetQueueAttributes"
      Resource = [for key in local.cluster_queues : module.queue.arns[key]]
    }]
  })
}

# Where Velero writes the cluster's objects; it removes what is too old itself, and what it removed is kept for 30 days more.
module "cluster_backup" {
  source = "../../modules/aws/storage"

  name                = local.name
  labels              = local.labels
  account             = local.account
  deletion_protection = local.deletion_protection
  buckets = { for name in ["velero"] : name => {
    name           = "${local.name}-cluster-backups-${local.account.id}"
    encryption_key = local.platform_key
    existing       = var.cluster_services.backup.bucket == null ? null : { name = var.cluster_services.backup.bucket }
  } if local.cluster_backup }
}

module "addons" {
  source = "../../modules/aws/identity"

  name    = local.name
  labels  = local.labels
  account = local.account
  mode    = var.eks_config.identity_mode
  cluster = !local.make_cluster ? null : {
    name              = module.cluster[0].name
    arn               = module.cluster[0].arn
    oidc_issuer       = module.cluster[0].oidc_issuer
    oidc_provider_arn = module.cluster[0].oidc_provider_arn
  }
  services = { for addon, role in local.addon_roles : addon => {
    name            = role
    namespace       = local.catalog[addon].namespace
    service_account = local.catalog[addon].identity.service_account
    existing        = contains(keys(var.cluster_services.controllers), addon) ? { role_arn = var.cluster_services.controllers[addon] } : null
    policies        = local.addon_policies[addon]
    # A bucket that is brought may hold backups of other clusters.
    buckets = { for name in ["backups"] : name => {
      arn     = module.cluster_backup.arns["velero"]
      key_arn = module.cluster_backup.key_arns["velero"]
      prefix  = local.name
    } if addon == "velero" }
  } }
}

# These roles were made beside what they are for.
moved {
  from = module.cluster[0].aws_iam_role.autoscaler[0]
  to   = module.addons.aws_iam_role.service["cluster-autoscaler"]
}

moved {
  from = module.cluster[0].aws_iam_role_policy.autoscaler[0]
  to   = module.addons.aws_iam_role_policy.other["cluster-autoscaler/node-groups"]
}

moved {
  from = module.cluster[0].aws_eks_pod_identity_association.autoscaler[0]
  to   = module.addons.aws_eks_pod_identity_association.service["cluster-autoscaler"]
}

moved {
  from = module.edge.aws_iam_role.controller["external-dns"]
  to   = module.addons.aws_iam_role.service["external-dns"]
}

moved {
  from = module.edge.aws_iam_role_policy.controller["external-dns"]
  to   = module.addons.aws_iam_role_policy.other["external-dns/external-dns"]
}

moved {
  from = module.edge.aws_eks_pod_identity_association.controller["external-dns"]
  to   = module.addons.aws_eks_pod_identity_association.service["external-dns"]
}

moved {
  from = module.edge.aws_iam_role.controller["load-balancer"]
  to   = module.addons.aws_iam_role.service["aws-load-balancer-controller"]
}

moved {
  from = module.edge.aws_iam_role_policy.controller["load-balancer"]
  to   = module.addons.aws_iam_role_policy.other["aws-load-balancer-controller/load-balancer"]
}

moved {
  from = module.edge.aws_eks_pod_identity_association.controller["load-balancer"]
  to   = module.addons.aws_eks_pod_identity_association.service["aws-load-balancer-controller"]
}
