# Values of the add-ons' charts: addons/<name>.yaml.tftpl, with what an add-on can differ by.
locals {
  # Cloud identities of add-ons: those of the platform, with what their service accounts bear, and those that the configuration names. On AWS
  # a named one is told to the first stage, which ties it to the service account; nothing is written on that here.
  roles = merge({ for name, controller in var.platform.controllers : name => controller.role }, local.services.controllers)
  identities = { for name, addon in local.catalog.addons : name => {
    annotations = contains(keys(var.platform.controllers), name) ? var.platform.controllers[name].annotations : !contains(keys(local.roles), name) ? {} : {
      aws    = {}
      gcp    = { "iam.gke.io/gcp-service-account" = local.roles[name] }
      azure  = { "azure.workload.identity/client-id" = local.roles[name] }
      onprem = {}
    }[local.cloud]
    labels = contains(keys(local.roles), name) && local.cloud == "azure" ? { "azure.workload.identity/use" = "true" } : {}
  } }

  facts = {
    access        = local.services.access
    account       = var.platform.account
    backup        = merge(local.services.backup, { bucket = local.backup_bucket })
    certificate   = var.platform.dns.certificate
    certificates  = local.services.certificates
    cloud         = local.cloud
    cluster       = try(var.platform.cluster.name, var.platform.name)
    domain        = var.platform.dns.domain
    endpoint      = var.platform.object_storage.endpoint
    environment   = var.environment.name
    gateway       = local.services.gateway
    hosts         = local.hosts
    images        = local.base.policies.images
    labels        = var.platform.labels
    listeners     = jsonencode(local.listeners)
    load_balancer = var.platform.load_balancer
    logs          = local.services.logs
    mesh          = local.services.mesh
    name          = var.platform.name
    network       = var.platform.network.cidr
    node_pools    = local.pools
    path          = try(local.services.secret_store.path, "")
    production    = local.production
    region        = var.platform.region
    registry      = local.registry
    # What has to be there at all times runs twice in production.
    replicas        = local.production ? 2 : 1
    required_labels = local.required_labels
    role            = try(local.services.secret_store.role, "")
    server          = try(local.services.secret_store.server, "")
    sidecar         = local.sidecar
    storage_class   = coalesce(local.default_storage_class, "default")
    store           = var.platform.secret_store
    traces          = local.services.traces
    wildcard        = local.wildcard
    zone            = var.platform.dns.zone
  }

  addon_values = { for name, addon in local.addons : name => yamldecode(templatefile("${path.module}/../addons/${name}.yaml.tftpl", merge(local.facts, { identity = local.identities[name] }))) if can(addon.source.chart) }

  applications = {
    environment = var.environment.name
    templates   = local.templates.applications
    labels      = local.labels
    cascade     = !var.environment.deletion_protection
    applications = { for name, addon in local.applied : name => merge(
      { namespace = addon.namespace, wave = addon.wave, source = local.sources[name], ignored = addon.ignored },
      can(addon.source.chart) ? { values = local.addon_values[name] } : {},
    ) }
  }
}
