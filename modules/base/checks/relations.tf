# What the rules need to know about several services at once.
locals {
  # Once: a function walks through everything in what it is given, here all services, each time that it is called.
  service_names = keys(var.services)

  gpu_types = distinct([for pool in var.cluster.node_pools : pool.gpu.type if pool.gpu != null])

  # Shared databases and caches are the environment's; other shared things are known by their name.
  shared_by_name = { for path, dependency in local.dependencies : path => dependency if dependency.is_shared && contains(["file", "queue", "storage", "table"], dependency.kind) }
  shared_groups  = { for path, dependency in local.shared_by_name : "${dependency.type}/${dependency.name}" => path... }
  agreed = { for path, dependency in local.shared_by_name : path => jsonencode([
    dependency.kind, coalesce(dependency.class, "standard"), coalesce(dependency.fifo, false), coalesce(dependency.visibility, "5m"), coalesce(dependency.retention, "4d"),
    try(dependency.dead_letters.enabled, true), try(dependency.dead_letters.max_receives, 5), try(dependency.table.partition_key, "id"), try(dependency.table.sort_key, null), try(dependency.table.expires, null),
    dependency.kind == "table" ? coalesce(dependency.backup_retention, "7d") : null,
  ]) }

  shared_prefixes = [for dependency in local.shared_by_name : {
    name   = dependency.name
    owner  = dependency.owner
    prefix = trim(coalesce(dependency.path, dependency.owner), "/")
  } if dependency.kind == "storage"]
  prefix_pairs = [for pair in setproduct(local.shared_prefixes, local.shared_prefixes) : pair if pair[0].name == pair[1].name && pair[0].owner != pair[1].owner]

  # What things are known by: their own name where they are shared by name, else that of the service before it.
  keyed = concat(
    [for path, dependency in local.dependencies : {
      key   = "${dependency.kind == "function" ? "workload" : dependency.kind}/${can(local.shared_by_name[path]) ? dependency.name : "${dependency.owner}-${dependency.name}"}"
      path  = path
      thing = can(local.shared_by_name[path]) ? dependency.name : path
    } if dependency.type != "service"],
    [for path, secret in local.secrets : { key = "secret/${secret.owner}-${secret.name}", path = path, thing = path }],
    [for path, process in local.processes : { key = "workload/${process.key}", path = path, thing = path }],
  )
  keys = { for entry in local.keyed : entry.key => entry... }

  # Which services answer on a host and path; without hosts a service answers on the environment's domain.
  ingress_places = { for entry in flatten([for ingress in local.ingresses : [
    for host in coalescelist(ingress.hosts, [var.environment.domain]) : { place = "${host}/${trim(coalesce(ingress.path, "/api/${ingress.service}"), "/")}", service = ingress.service }
  ] if ingress.enabled]) : entry.place => entry.service... }

  # Kubernetes and Fargate have a load balancer each, so a host stands before one of them.
  ingress_runtimes = { for entry in flatten([for ingress in local.ingresses : [
    for host in coalescelist(ingress.hosts, [var.environment.domain]) : { host = host, runtime = var.services[ingress.service].spec.service.placement.runtime, service = ingress.service }
  ] if ingress.enabled]) : entry.host => entry... }

  # Calls between services, followed up to 1, 2, 4 ... 64 steps far, to find the services that depend on themselves.
  calls    = { for name, service in var.services : name => distinct([for key, dependency in service.spec.dependencies : coalesce(dependency.service, key) if dependency.type == "service"]) }
  calls_2  = { for name, callees in local.calls : name => distinct(concat(callees, flatten([for callee in callees : lookup(local.calls, callee, [])]))) }
  calls_4  = { for name, callees in local.calls_2 : name => distinct(concat(callees, flatten([for callee in callees : lookup(local.calls_2, callee, [])]))) }
  calls_8  = { for name, callees in local.calls_4 : name => distinct(concat(callees, flatten([for callee in callees : lookup(local.calls_4, callee, [])]))) }
  calls_16 = { for name, callees in local.calls_8 : name => distinct(concat(callees, flatten([for callee in callees : lookup(local.calls_8, callee, [])]))) }
  calls_32 = { for name, callees in local.calls_16 : name => distinct(concat(callees, flatten([for callee in callees : lookup(local.calls_16, callee, [])]))) }
  calls_64 = { for name, callees in local.calls_32 : name => distinct(concat(callees, flatten([for callee in callees : lookup(local.calls_32, callee, [])]))) }
  circular = [for name, callees in local.calls_64 : name if contains(callees, name)]
}
