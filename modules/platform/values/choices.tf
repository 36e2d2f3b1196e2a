# What turns add-ons and objects on: the keys that `when` of catalog.yaml names.
locals {
  # Kinds of environments differ in how much runs twice, how long signals are kept, and what is demanded of images.
  production = contains(["prod", "production"], var.environment.name)

  cloud    = var.platform.cloud
  services = var.cluster_services
  pools    = try(var.platform.cluster.node_pools, {})

  choices = {
    backup       = local.services.backup.enabled ? "yes" : "no"
    certificates = local.services.certificates.issuer
    cloud        = local.cloud
    gateway      = local.services.gateway
    gpu          = anytrue([for pool in local.pools : pool.gpu != null]) ? "yes" : "no"
    logs         = local.services.logs
    mesh         = local.services.mesh
    nodes        = local.services.nodes
    policies     = local.services.policies
    traces       = local.services.traces
  }
}
