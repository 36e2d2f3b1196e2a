module "values" {
  source = "./values"

  environment      = var.environment
  platform         = var.platform
  cluster_services = var.cluster_services
  namespaces       = var.namespaces
}

locals {
  releases = { for release in module.values.releases : release.name => release }
  # Charts of this platform lie beside this file.
  charts = "${path.module}/charts"
}

# What is left out does not stop a plan: services run without it.
check "complete" {
  assert {
    condition     = length(module.values.left_out) == 0
    error_message = "Left out of the shared platform: ${join("; ", [for name, reason in module.values.left_out : "${name}, because ${reason}"])}."
  }
}
