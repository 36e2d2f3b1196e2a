# The values of every release and nothing else: no provider, no cluster, no state that anybody needs.
module "services" {
  source = "../../../modules/helm-release/services"

  environment = var.environment
  platform    = var.platform
  services    = var.services
}

module "values" {
  source   = "../../../modules/helm-release/values"
  for_each = module.services.releases

  name             = each.key
  callees          = each.value.callees
  callers          = each.value.callers
  cluster_services = var.cluster_services
  image            = lookup(var.images, each.key, { repository = null, tag = null, digest = null })
  ingress          = each.value.ingress
  labels           = each.value.labels
  platform         = each.value.platform
  processes        = each.value.processes
  service          = each.value.service
  uses             = each.value.uses
}

module "platform" {
  source = "../../../modules/platform/values"

  environment      = { name = var.environment.name, deletion_protection = var.environment.deletion_protection }
  platform         = var.platform
  cluster_services = var.cluster_services
  namespaces       = module.services.namespaces
}
