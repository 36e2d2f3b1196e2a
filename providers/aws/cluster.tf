locals {
  access_policies = { admin = "AmazonEKSClusterAdminPolicy", edit = "AmazonEKSEditPolicy", view = "AmazonEKSViewPolicy" }
}

module "cluster" {
  source = "../../modules/aws/cluster"
  count  = local.make_cluster ? 1 : 0

  name                = local.name
  labels              = local.labels
  account             = local.account
  network             = local.network
  deletion_protection = local.deletion_protection
  kubernetes_version  = var.eks_config.version
  public_access_cidrs = var.eks_config.public_endpoint ? var.eks_config.public_cidrs : []
  service_cidr        = var.environment.network.service_cidr
  existing            = var.eks_config.existing

  node_pools = { for name, pool in var.eks_config.node_pools : name => {
    machine_types = pool.machine_types
    min           = pool.min
    max           = pool.max
    spot          = pool.spot
    gpu           = pool.gpu
    disk_gb       = tonumber(trimsuffix(pool.disk, "Gi"))
    labels        = pool.labels
  } }

  # The add-ons of a cluster that is brought are its owner's.
  addons = length(module.base.file_systems) == 0 || var.eks_config.existing != null ? {} : { aws-efs-csi-driver = {} }

  access_entries = { for name, entry in var.eks_config.access : name => {
    principal_arn = entry.principal
    policies      = { (local.access_policies[entry.role]) = { namespaces = toset(entry.namespaces) } }
  } }
}

module "registry" {
  source = "../../modules/aws/registry"

  name                = local.name
  labels              = local.labels
  account             = local.account
  deletion_protection = local.deletion_protection
  encryption_key      = local.platform_key
  repositories = { for service, labels in module.base.service_labels : service => {
    name      = "${local.name}/${service}"
    labels    = labels
    functions = anytrue([for function in values(module.base.functions) : function.service == service])
    existing  = var.environment.registry.existing == null ? null : { url = "${var.environment.registry.existing}/${service}" }
  } }
}
