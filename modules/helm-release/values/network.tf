# Who may call the service, and what it may call: nobody and nothing but what is declared.
locals {
  listens = contains(local.listening, try(local.runs.main.type, "-"))

  # Link-local addresses are those of the node: its credentials, its metadata.
  anywhere = { cidr = "0.0.0.0/0", except = ["169.254.0.0/16"] }

  # Made things are in the environment's network; what is brought may be anywhere.
  servers = merge([for kind, found in { cache = local.caches, database = local.databases } : {
    for name, used in local.by_kind[kind] : name => merge(
      used.brought ? local.anywhere : { cidr = var.platform.network.cidr, except = null },
      can(cidrnetmask("${found[name].host}/32")) ? { cidr = "${found[name].host}/32", except = null } : {},
      { port = found[name].port },
    ) if contains(keys(found), name)
  }]...)

  queue_ports = { for name in keys(local.by_kind.queue) : name => (
    local.queues[name].scheme == "amqp" ? [tonumber(try(regex(":([0-9]+)(?:/|$)", local.queues[name].url)[0], startswith(local.queues[name].url, "amqps") ? 5671 : 5672))]
    : local.queue_kinds[local.queues[name].scheme].ports
  ) if contains(keys(local.queues), name) }
  object_port = var.platform.object_storage.endpoint == null ? 443 : tonumber(try(regex("^https?://[^/]*:([0-9]+)", var.platform.object_storage.endpoint)[0], startswith(var.platform.object_storage.endpoint, "https") ? 443 : 80))

  # Interfaces of the cloud and of services that run outside of the cluster are reached at addresses that nobody can list.
  interface_ports = sort(distinct([for port in concat(
    [for name in keys(local.by_kind.storage) : local.object_port],
    flatten(values(local.queue_ports)),
    [for name in concat(keys(local.by_kind.table), keys(local.by_kind.function), keys(local.callees_outside), keys(var.uses.secrets)) : 443],
    [for server in concat(values(local.databases), values(local.caches)) : 443 if server.auth == "iam" || server.secret != null],
  ) : tostring(port)]))
  takes_tokens = local.identity != null && length(local.interface_ports) > 0

  egress = concat(
    [for name, callee in local.callees_inside : { namespace = callee.namespace, app = local.by_kind.service[name].key, port = callee.port, name = name }],
    # The caller's sidecar shares the calls out, so it is the caller that reaches a callee's former deployment.
    [for name, callee in local.callees_inside : merge(local.anywhere, { port = callee.migration.port, name = "${name}-former" }) if local.mesh_kind == "istio" && callee.migration != null],
    [for name, server in local.servers : { for field, found in merge(server, { name = name }) : field => found if found != null }],
    [for port in local.interface_ports : merge(local.anywhere, { port = tonumber(port), name = port == "443" ? "interfaces" : "interfaces-${port}" })],
    [for place in local.token_places[var.platform.cloud] : place if local.takes_tokens],
  )

  ingress = concat(
    [for namespace in [local.gateway_namespaces[var.cluster_services.gateway]] : { namespace = namespace } if local.listens && var.ingress != null],
    [for app, namespace in var.callers : { namespace = namespace, app = app } if local.listens],
    [for key in local.measured : { for field, found in { namespace = "monitoring", port = "metrics", process = key } : field => found if field != "process" || key != "main" }],
  )
}
