# What all services share in the cluster comes before them: their namespaces, and the kinds of objects that they are made of.
module "platform" {
  source = "../../modules/platform"

  environment      = { name = var.environment.name, deletion_protection = var.environment.deletion_protection }
  platform         = var.platform
  cluster_services = var.cluster_services
  namespaces       = module.services.namespaces
}
