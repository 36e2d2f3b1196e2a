# Everything that needs no cloud: checks, names, tags, sizes and who uses what.
module "base" {
  source = "../../modules/base"

  environment   = var.environment
  cluster       = { enabled = var.eks_config.enabled, node_pools = var.eks_config.node_pools }
  services      = var.services
  unique_suffix = local.account.id
}

locals {
  name   = module.base.name
  labels = module.base.labels

  deletion_protection = var.environment.deletion_protection
  log_days            = module.base.retention_days.logs
  make_cluster        = var.eks_config.enabled
}
