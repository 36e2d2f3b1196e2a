module "services" {
  source = "../../modules/helm-release/services"

  environment = var.environment
  platform    = var.platform
  services    = var.services
}

module "release" {
  source   = "../../modules/helm-release"
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

  depends_on = [module.platform]
}

check "platform_is_there" {
  assert {
    condition     = !var.platform.placeholder
    error_message = "The platform of environment ${var.platform.environment} is a placeholder: its infrastructure is not applied yet. Addresses in this plan are made up; apply the infrastructure first."
  }
}
