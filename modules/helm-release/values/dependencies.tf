# What the platform knows of each dependency, and what ${dependencies.NAME.OUTPUT} stands for.
locals {
  buckets   = lookup(var.platform.object_storage.buckets, var.name, {})
  caches    = lookup(var.platform.caches, var.name, {})
  databases = lookup(var.platform.databases, var.name, {})
  files     = lookup(var.platform.files, var.name, {})
  functions = lookup(var.platform.functions, var.name, {})
  queues    = lookup(var.platform.queues, var.name, {})
  tables    = lookup(var.platform.tables, var.name, {})

  by_kind = { for kind in ["cache", "database", "file", "function", "queue", "service", "storage", "table"] : kind => {
    for name, used in var.uses.dependencies : name => used if used.kind == kind
  } }
  known = {
    cache    = keys(local.caches)
    database = keys(local.databases)
    file     = keys(local.files)
    function = keys(local.functions)
    queue    = keys(local.queues)
    service  = keys(local.by_kind.service)
    storage  = keys(local.buckets)
    table    = keys(local.tables)
  }
  unknown = [for name, used in var.uses.dependencies : name if !contains(local.known[used.kind], name)]

  # A service in the cluster is called by its name, one that runs elsewhere by its way in.
  callees_inside  = { for name, used in local.by_kind.service : name => var.callees[used.key] if try(var.callees[used.key].port, null) != null }
  callees_outside = { for name, used in local.by_kind.service : name => var.callees[used.key].ingress if try(var.callees[used.key].port == null && var.callees[used.key].ingress != null, false) }
  callee_hosts = merge(
    { for name, callee in local.callees_inside : name => "${local.by_kind.service[name].key}.${callee.namespace}.svc.cluster.local" },
    { for name, ingress in local.callees_outside : name => ingress.host },
  )

  dependency_outputs = { for name, used in var.uses.dependencies : name => { for output, found in merge(
    { for output in ["bucket", "prefix"] : output => try(local.buckets[name][output], null) if used.kind == "storage" },
    { for output in ["host", "name", "port", "prefix", "user"] : output => try(tostring(local.caches[name][output]), null) if used.kind == "cache" },
    { for output in ["database", "host", "port", "user"] : output => try(tostring(local.databases[name][output]), null) if used.kind == "database" },
    { for output in ["path"] : output => try(local.files[name][output], null) if used.kind == "file" },
    { for output in ["arn", "name"] : output => try(local.functions[name][output], null) if used.kind == "function" },
    { for output in ["arn", "url"] : output => try(local.queues[name][output], null) if used.kind == "queue" },
    { for output in ["table"] : output => try(local.tables[name].name, null) if used.kind == "table" },
    { for output in ["host"] : output => lookup(local.callee_hosts, name, null) if used.kind == "service" },
    { for output in ["port"] : output => contains(keys(local.callees_inside), name) ? "80" : "443" if used.kind == "service" },
    { for output in ["url"] : output => (
      contains(keys(local.callees_inside), name) ? "http://${local.callee_hosts[name]}" :
      contains(keys(local.callees_outside), name) ? "https://${local.callee_hosts[name]}${local.callees_outside[name].path}" : null
    ) if used.kind == "service" },
  ) : output => found } }
}
