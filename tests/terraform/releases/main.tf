# The values of every release of an environment whose infrastructure is not there: what the wrapper computes in two steps.
terraform {
  required_version = ">= 1.10"
}

variable "images" {
  type    = map(object({ digest = string }))
  default = {}
}

module "placeholder" {
  source = "../../modules/base/placeholder"

  cluster            = { enabled = var.eks_config.enabled, node_pools = var.eks_config.node_pools }
  environment        = var.environment
  kubernetes_version = var.eks_config.version
  services           = var.services
}

module "values" {
  source = "../kubernetes/values"

  cluster_services = var.cluster_services
  environment      = var.environment
  images           = var.images
  platform         = module.placeholder.platform
  services         = var.services
}

output "apis" {
  value = module.values.apis
}

output "platform" {
  value = module.placeholder.platform
}

output "problems" {
  value = module.values.problems
}

output "releases" {
  value = module.values.releases
}

output "shared" {
  value = module.values.platform
}
