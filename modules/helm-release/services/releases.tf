# What belongs to each release: a service with everything that it runs in the cluster, and who calls whom.
module "base" {
  source = "../../base"

  environment = var.environment
  services    = var.services
  cluster = {
    enabled = var.platform.cluster != null
    node_pools = { for name, pool in try(var.platform.cluster.node_pools, {}) : name => {
      min  = pool.min
      max  = pool.max
      spot = pool.spot
      gpu  = pool.gpu
    } }
  }
}

locals {
  in_cluster = { for key, process in module.base.processes : key => process if process.runtime == "kubernetes" }
  # Keys first: to look through all processes for each service takes minutes where there are many.
  processes = { for key, process in local.in_cluster : process.service => key... }
  released  = { for name in keys(local.processes) : name => module.base.services[name] }

  # A service is called where it listens: at the port of its main process.
  places = { for name, service in module.base.services : name => {
    namespace = service.metadata.namespace
    port      = contains(lookup(local.processes, name, []), name) ? service.spec.service.port : null
    migration = service.spec.networking.migration
    ingress   = try({ host = module.base.ingresses[name].hosts[0], path = module.base.ingresses[name].path }, null)
  } }

  # Services with a way in that trust the same issuer of tokens, and whether each takes part in the mesh.
  issuers  = { for name, service in local.released : name => service.spec.networking.ingress.auth.issuer if try(service.spec.networking.ingress.auth.type, "-") == "jwt" && try(module.base.ingresses[name].runtime, "-") == "kubernetes" }
  trusting = { for name, issuer in local.issuers : issuer => name... }

  callees = { for name, uses in module.base.uses : name => distinct([for used in values(uses.dependencies) : used.key if used.kind == "service"]) }
  callers = transpose({ for name in keys(local.processes) : name => local.callees[name] })

  # Each release is told of its own things only, not of those of all others.
  platforms = { for name in keys(local.processes) : name => merge(
    var.platform,
    { for kind in ["caches", "databases", "files", "functions", "identities", "queues", "tables"] : kind => { for own in [name] : own => var.platform[kind][own] if can(var.platform[kind][own]) } },
    {
      controllers    = {}
      object_storage = merge(var.platform.object_storage, { buckets = { for own in [name] : own => var.platform.object_storage.buckets[own] if can(var.platform.object_storage.buckets[own]) } })
      quotas         = {}
      registry       = merge(var.platform.registry, { repositories = { for own in [name] : own => var.platform.registry.repositories[own] if can(var.platform.registry.repositories[own]) } })
      secret_store   = merge(var.platform.secret_store, { secrets = { for own in [name] : own => var.platform.secret_store.secrets[own] if can(var.platform.secret_store.secrets[own]) } })
      sites          = {}
    },
  ) }

  releases = { for name, service in local.released : name => {
    callees = { for callee in local.callees[name] : callee => local.places[callee] }
    callers = { for caller in lookup(local.callers, name, []) : caller => local.places[caller].namespace }
    ingress = try(module.base.ingresses[name].runtime, "-") != "kubernetes" ? null : merge(module.base.ingresses[name], {
      same_issuer = { for other in lookup(local.trusting, lookup(local.issuers, name, "-"), []) : other => local.released[other].spec.networking.service_mesh.enabled if other != name }
    })
    labels    = module.base.service_labels[name]
    namespace = service.metadata.namespace
    platform  = local.platforms[name]
    processes = { for key in local.processes[name] : key => local.in_cluster[key] }
    service   = service
    uses      = module.base.uses[name]
  } }

  teams = { for name, service in local.released : service.metadata.namespace => service.metadata.team... }
}
