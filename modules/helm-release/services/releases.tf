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
    ingress   = try({ host = module.base.ingresses[name].hosts[0], path = module.base.ingresses[name].path }, null)
  } }

  callees = { for name, uses in module.base.uses : name => distinct([for used in values(uses.dependencies) : used.key if used.kind == "service"]) }
  callers = transpose({ for name in keys(local.processes) : name => local.callees[name] })

  releases = { for name, service in local.released : name => {
    callees   = { for callee in local.callees[name] : callee => local.places[callee] }
    callers   = { for caller in lookup(local.callers, name, []) : caller => local.places[caller].namespace }
    ingress   = try(module.base.ingresses[name].runtime, "-") == "kubernetes" ? module.base.ingresses[name] : null
    labels    = module.base.service_labels[name]
    namespace = service.metadata.namespace
    processes = { for key in local.processes[name] : key => local.in_cluster[key] }
    service   = service
    uses      = module.base.uses[name]
  } }

  teams = { for name, service in local.released : service.metadata.namespace => service.metadata.team... }
}
