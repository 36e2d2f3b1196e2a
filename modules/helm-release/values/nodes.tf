# Where pods may run: pools by name, by GPU and by capacity, and the taints that go with them.
locals {
  pools = try(var.platform.cluster.node_pools, {})

  wanted_nodes = { for key, process in local.runs : key => {
    gpus      = max(process.gpus, try(process.ray.gpus, 0))
    gpu_type  = process.gpu_type != null ? process.gpu_type : try(process.ray.gpu_type, null)
    node_pool = process.node_pool
    spot      = process.spot
  } }

  # Pools that a process may be put on: the one it names, or those with its GPUs; spot capacity only where it says so. Empty: anywhere.
  chosen_pools = { for key, wanted in local.wanted_nodes : key => { for name, pool in local.pools : name => pool
    if wanted.node_pool != null ? name == wanted.node_pool : wanted.gpus > 0 && pool.gpu != null && (wanted.gpu_type == null || try(pool.gpu.type == wanted.gpu_type, false))
    && try(pool.gpu.count >= wanted.gpus, false) && (wanted.spot || !pool.spot)
  } }
  spot_pools = { for key, wanted in local.wanted_nodes : key => { for name, pool in local.pools : name => pool
    if wanted.spot && pool.spot && (wanted.node_pool == null || name == wanted.node_pool) && (pool.gpu != null) == (wanted.gpus > 0)
  } }

  # Labels that all of the pools have and no other pool has.
  telling_labels = { for key, chosen in local.chosen_pools : key => length(chosen) == 0 ? {} : {
    for label, value in values(chosen)[0].labels : label => value
    if alltrue([for pool in values(chosen) : lookup(pool.labels, label, null) == value])
    && alltrue([for name, pool in local.pools : lookup(pool.labels, label, null) != value if !contains(keys(chosen), name)])
  } }
  # One that the platform writes says it all, and stays when the number of GPUs of a pool changes.
  own_label = { for key, labels in local.telling_labels : key => [
    for label in ["inferloop.io/pool", "inferloop.io/gpu-type"] : label if contains(keys(labels), label)
  ] }
  node_selectors = { for key, labels in local.telling_labels : key => { for label, value in labels : label => value
    if length(local.own_label[key]) == 0 || label == try(local.own_label[key][0], null)
  } }

  # Clouds label spot nodes in their own way, the platform's pools in one.
  preferred_nodes = { for key, pools in local.spot_pools : key => {
    for label in ["inferloop.io/capacity"] : label => "spot" if anytrue([for pool in values(pools) : lookup(pool.labels, label, null) == "spot"])
  } }

  tolerations = { for key in keys(local.wanted_nodes) : key => distinct(flatten([
    for pool in values(merge(local.chosen_pools[key], local.spot_pools[key])) : [for taint in pool.taints : { for field, found in {
      key      = taint.key
      operator = taint.value == null ? "Exists" : "Equal"
      value    = taint.value
      effect   = taint.effect
    } : field => found if found != null }]
  ])) }

  nodes = { for key in keys(local.wanted_nodes) : key => {
    nodeSelector   = local.node_selectors[key]
    preferredNodes = local.preferred_nodes[key]
    tolerations    = local.tolerations[key]
  } }
}
