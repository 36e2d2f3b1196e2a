# Quotas of namespaces: what the services of each can ask for, and headroom for what is there for a while only.
locals {
  # While a new version takes over, up to a quarter of the old pods run beside it, rounded up for each; tests and jobs started by hand come on top.
  headroom = { share = 1.5, pods = 10 }
  # What the proxy of the mesh asks for in each pod.
  sidecar = local.services.mesh == "none" ? { cpu_millicores = 0, memory_mb = 0 } : { cpu_millicores = 50, memory_mb = 96 }

  # What is asked for at most, without headroom.
  asked = { for name, namespace in var.namespaces : name => {
    cpu_millicores = namespace.quota.cpu_millicores + local.sidecar.cpu_millicores * namespace.quota.pods
    gpus           = namespace.quota.gpus
    memory_mb      = namespace.quota.memory_mb + local.sidecar.memory_mb * namespace.quota.pods
    pods           = namespace.quota.pods
  } }

  # What an environment says itself, in thousandths of cores and in mebibytes; null where it says nothing.
  units = { Ki = 1 / 1024, Mi = 1, Gi = 1024, Ti = 1048576, k = 1000 / 1048576, M = 1000000 / 1048576, G = 1000000000 / 1048576, T = 1000000000000 / 1048576 }
  own = { for name, quota in local.services.quotas : name => {
    cpu    = quota.cpu == null ? null : try(endswith(quota.cpu, "m") ? tonumber(trimsuffix(quota.cpu, "m")) : floor(tonumber(quota.cpu) * 1000), -1)
    memory = quota.memory == null ? null : try(floor(tonumber(regex("^([0-9]+)([A-Za-z]+)$", quota.memory)[0]) * local.units[regex("^([0-9]+)([A-Za-z]+)$", quota.memory)[1]]), -1)
    pods   = quota.pods
    gpus   = quota.gpus
  } }

  allowed = { for name, asked in local.asked : name => {
    cpu_millicores = coalesce(try(local.own[name].cpu, null), ceil((asked.cpu_millicores + 1000) * local.headroom.share))
    gpus           = coalesce(try(local.own[name].gpus, null), ceil(asked.gpus * local.headroom.share))
    memory_mb      = coalesce(try(local.own[name].memory, null), ceil((asked.memory_mb + 1024) * local.headroom.share))
    pods           = coalesce(try(local.own[name].pods, null), ceil(asked.pods * local.headroom.share) + local.headroom.pods)
  } }

  quotas = { for name, allowed in local.allowed : name => {
    "requests.cpu"            = "${allowed.cpu_millicores}m"
    "requests.memory"         = "${allowed.memory_mb}Mi"
    "requests.nvidia.com/gpu" = tostring(allowed.gpus)
    "pods"                    = tostring(allowed.pods)
    # The gateway is the way in.
    "services.loadbalancers" = "0"
    "services.nodeports"     = "0"
  } }
}
