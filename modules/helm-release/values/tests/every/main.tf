# Values of all services at once, so that a test can compare what is said about each.
module "services" {
  source = "../../../services"

  environment = var.environment
  platform    = var.platform
  services    = var.services
}

module "values" {
  source   = "../.."
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

output "problems" {
  value = { for name, values in module.values : name => values.problems if length(values.problems) > 0 }
}

output "values" {
  value = { for name, values in module.values : name => values.values }
}
