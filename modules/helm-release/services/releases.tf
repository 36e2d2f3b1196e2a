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
  released   = { for name, service in module.base.services : name => service if contains(values(local.in_cluster)[*].service, name) }

  # A service is called where it listens: at the port of its main process.
  places = { for name, service in module.base.services : name => {
    namespace = service.metadata.namespace
    port      = contains(keys(local.in_cluster), name) ? service.spec.service.port : null
    ingress = one([for ingress in values({ for key, ingress in module.base.ingresses : key => ingress if key == name }) : {
      host = ingress.hosts[0]
      path = ingress.path
    }])
  } }

  callees = { for name, uses in module.base.uses : name => distinct([for used in values(uses.dependencies) : used.key if used.kind == "service"]) }

  releases = { for name, service in local.released : name => {
    callees   = { for callee in local.callees[name] : callee => local.places[callee] }
    callers   = { for caller, callees in local.callees : caller => local.released[caller].metadata.namespace if contains(callees, name) && contains(keys(local.released), caller) }
    ingress   = one([for ingress in values({ for key, ingress in module.base.ingresses : key => ingress if key == name && ingress.runtime == "kubernetes" }) : ingress])
    labels    = module.base.service_labels[name]
    namespace = service.metadata.namespace
    processes = { for key, process in local.in_cluster : key => process if process.service == name }
    service   = service
    uses      = module.base.uses[name]
  } }
}
