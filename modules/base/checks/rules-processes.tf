# Rules over processes: what runs where, how it scales, what it is given.
locals {
  process_problems = concat(
    [
      for path, process in local.processes :
      "${path}.schedule is missing; type cron needs one, for example 0 3 * * *."
      if process.type == "cron" && process.schedule == null
    ],
    [
      for path, process in local.processes :
      "${path}.schedule is for the types cron and function; the type is ${process.type}."
      if process.schedule != null && !contains(["cron", "function"], process.type)
    ],
    [
      for path, process in local.processes :
      "${path}.placement.runtime is ${process.placement.runtime}, but the type is ${process.type}; fargate runs api and worker, batch runs job and cron, kubernetes runs them all."
      if !contains(lookup({ fargate = ["api", "worker"], batch = ["job", "cron"] }, process.placement.runtime, [process.type]), process.type)
    ],
    [
      for path, process in local.processes :
      "${path}.placement.runtime is kubernetes, but the environment has no cluster; use fargate (api, worker) or batch (job, cron), or enable the cluster."
      if !var.cluster.enabled && process.type != "function" && process.placement.runtime == "kubernetes"
    ],
    [
      for path, process in local.processes :
      "${path}.placement.zones is ${join(", ", process.placement.zones)}; the environment has ${join(", ", var.environment.zones)}."
      if length(setsubtract(process.placement.zones, var.environment.zones)) != 0
    ],
    [
      for path, process in local.processes :
      "${path}.placement.node_pool is \"${coalesce(process.placement.node_pool, "-")}\"; the node pools are ${join(", ", keys(var.cluster.node_pools))}."
      if process.placement.node_pool != null && !contains(keys(var.cluster.node_pools), coalesce(process.placement.node_pool, "-"))
    ],
    [
      for path, process in local.processes :
      "${path} ${process.type == "function" ? "is a function" : "runs on ${process.placement.runtime}"}, which cannot mount the file systems of services.${process.service}.spec.dependencies; use a bucket, or the runtime kubernetes."
      if(process.type == "function" || contains(["batch", "fargate"], process.placement.runtime)) && length([for dependency in local.dependencies : 1 if dependency.owner == process.service && dependency.kind == "file"]) != 0
    ],
    [
      for path, process in local.processes :
      "${path}.timeout is ${process.timeout}; on batch it must be at least 60s."
      if process.placement.runtime == "batch" && try(local.seconds[process.timeout] < 60, false)
    ],
    [
      for path, process in local.processes :
      "${path}.retries is ${process.retries}; on batch it must be at most 9."
      if process.placement.runtime == "batch" && process.retries > 9
    ],
    [
      for path, process in local.processes :
      "${path}.spot is true, but no node pool has spot capacity${process.resources.gpu.count > 0 ? " with GPUs" : ""}; add a pool with spot, or leave spot out."
      if process.spot && process.placement.runtime == "kubernetes" && length([
        for pool in var.cluster.node_pools : 1 if(pool.gpu != null) == (process.resources.gpu.count > 0)
        ]) != 0 && !anytrue([
        for pool in var.cluster.node_pools : pool.spot if(pool.gpu != null) == (process.resources.gpu.count > 0)
      ])
    ],
    [
      for path, process in local.processes :
      process.volume == null ? "${path}.volume is missing; type stateful needs one, for example { size = \"10Gi\" }, or use type api." : "${path}.volume is for type stateful; the type is ${process.type}."
      if(process.type == "stateful") != (process.volume != null)
    ],
    [
      for path, process in local.processes :
      "${path}.autoscaling is not for type stateful, where a replica that goes leaves its volume behind; set replicas."
      if process.type == "stateful" && process.autoscaling != null
    ],
    [
      for path, process in local.processes :
      "${path}.completions is for type job; the type is ${process.type}."
      if process.completions != null && process.type != "job"
    ],
    [
      for path, process in local.processes :
      "${path}.completions needs the runtime kubernetes; on batch submit a job for each part, or write a job without parts."
      if process.completions != null && process.placement.runtime == "batch"
    ],
    [
      for path, process in local.processes :
      "${path}.parallelism is ${coalesce(process.parallelism, 0)}; it needs completions, and must be at most as many."
      if process.parallelism != null && try(process.parallelism > process.completions, true)
    ],
    [
      for path, process in local.processes :
      process.ray == null ? "${path}.ray is missing; type ray needs it, for example { workers = 4 }, or use type job." : "${path}.ray is for type ray; the type is ${process.type}."
      if(process.type == "ray") != (process.ray != null)
    ],
    [
      for path, process in local.processes :
      "${path}.grace_period needs the runtime kubernetes; ${process.placement.runtime} ends a container 30s after it was told to stop."
      if contains(["batch", "fargate"], process.placement.runtime) && try(local.seconds[process.grace] != 30, false)
    ],
  )

  resource_problems = concat(
    [
      for path, asked in local.asked :
      "${path}.gpu needs the runtime kubernetes or batch; fargate and functions have no GPU."
      if asked.resources.gpu.count != 0 && (asked.runtime == "fargate" || asked.type == "function")
    ],
    [
      for path, asked in local.asked :
      "${path}.gpu asks for ${asked.resources.gpu.type == null ? "a GPU" : coalesce(asked.resources.gpu.type, "-")}, which no node pool offers; the pools offer ${length(local.gpu_types) > 0 ? join(", ", local.gpu_types) : "none"}."
      if asked.resources.gpu.count != 0 && asked.runtime == "kubernetes" && !contains(local.gpu_types, coalesce(asked.resources.gpu.type, try(local.gpu_types[0], "-")))
    ],
    [
      for path, asked in local.asked :
      "${path}.gpu.count is ${asked.resources.gpu.count}, more than a node of any such pool has; a replica runs on one node."
      if asked.resources.gpu.count != 0 && asked.runtime == "kubernetes" && contains(local.gpu_types, coalesce(asked.resources.gpu.type, try(local.gpu_types[0], "-"))) && !anytrue([
        for pool in var.cluster.node_pools : pool.gpu.count >= asked.resources.gpu.count if try(pool.gpu.type == coalesce(asked.resources.gpu.type, pool.gpu.type), false)
      ])
    ],
    [
      for path, asked in local.asked :
      "${path} asks for more cpu than its limit: ${try(coalesce(asked.resources.requests.cpu, asked.resources.cpu), "-")} > ${try(coalesce(asked.resources.limits.cpu, asked.resources.cpu), "-")}."
      if try(local.millicores[coalesce(asked.resources.requests.cpu, asked.resources.cpu)] > local.millicores[coalesce(asked.resources.limits.cpu, asked.resources.cpu)], false)
    ],
    [
      for path, asked in local.asked :
      "${path} asks for more memory than its limit: ${try(coalesce(asked.resources.requests.memory, asked.resources.memory), "-")} > ${try(coalesce(asked.resources.limits.memory, asked.resources.memory), "-")}."
      if try(local.bytes[coalesce(asked.resources.requests.memory, asked.resources.memory)] > local.bytes[coalesce(asked.resources.limits.memory, asked.resources.memory)], false)
    ],
  )

  scaling_problems = concat(
    [
      for path, scaling in local.autoscaling :
      "${path}.min is ${scaling.min}, more than max, ${scaling.max}."
      if scaling.min > scaling.max
    ],
    [
      for path, scaling in local.autoscaling :
      "${path} has nothing to scale by; give it cpu, memory, requests_per_second, queue_length or schedules."
      if length(scaling.schedules) == 0 && length([for target in [scaling.cpu, scaling.memory, scaling.requests_per_second, scaling.queue_length] : 1 if target != null]) <= 0
    ],
    [
      for path, scaling in local.autoscaling :
      "${path}.min is 0, which needs queue_length: only a queue tells when to start again."
      if scaling.min == 0 && scaling.queue_length == null
    ],
    [
      for path, scaling in local.autoscaling :
      "${path}.queue_length needs a dependency of type queue in services.${scaling.service}.spec.dependencies, named by ${path}.queue where there are several."
      if scaling.queue_length != null && !contains(
        [for dependency in local.dependencies : dependency.name if dependency.owner == scaling.service && dependency.type == "queue"],
        scaling.queue != null ? scaling.queue : try(coalesce(one([for dependency in local.dependencies : dependency.name if dependency.owner == scaling.service && dependency.type == "queue"])), "-"),
      )
    ],
    [
      for path, scaling in local.autoscaling :
      "${path}.queue_length needs the runtime kubernetes; on fargate use cpu, memory or requests_per_second."
      if scaling.queue_length != null && scaling.runtime != "kubernetes"
    ],
    [
      for path, scaling in local.autoscaling :
      "${path}.requests_per_second needs an enabled ingress on fargate, where the load balancer counts the requests; use cpu or memory."
      if scaling.requests_per_second != null && scaling.runtime != "kubernetes" && (!scaling.main || !var.services[scaling.service].spec.networking.ingress.enabled)
    ],
  )

  env_problems = concat(
    flatten([for path, source in local.env : [
      for found in try(regexall("\\$\\{dependencies\\.([a-z][a-z0-9-]*)\\.user\\}", source.value), []) :
      "${path}.value asks for dependencies.${found[0]}.user; that of an existing one is in its secret."
      if try(local.dependencies["services.${source.owner}.spec.dependencies.${found[0]}"].existing != null, false)
    ]]),
    [
      for path, source in local.env :
      "${path} must have exactly one of value and secret."
      if(source.value == null) == (source.secret == null)
    ],
    [
      for path, source in local.env :
      "${path}.secret.name is \"${try(source.secret.name, "-")}\"; services.${source.owner}.spec.secrets has ${length(var.services[source.owner].spec.secrets) > 0 ? join(", ", keys(var.services[source.owner].spec.secrets)) : "none"}."
      if source.secret != null && !contains(keys(var.services[source.owner].spec.secrets), try(source.secret.name, "-"))
    ],
    flatten([for path, source in local.env : [
      for found in try(regexall("\\$\\{[^}]*\\}?", source.value), []) :
      "${path}.value holds ${found}; a reference reads $${dependencies.NAME.OUTPUT}, for example $${dependencies.postgres.host}."
      if !can(regex("^\\$\\{dependencies\\.[a-z][a-z0-9-]*\\.[A-Za-z]+\\}$", found))
    ]]),
    flatten([for path, source in local.env : [
      for found in try(regexall("\\$\\{dependencies\\.([a-z][a-z0-9-]*)\\.([A-Za-z]+)\\}", source.value), []) :
      "${path}.value asks for dependencies.${found[0]}; services.${source.owner}.spec.dependencies has ${length(var.services[source.owner].spec.dependencies) > 0 ? join(", ", keys(var.services[source.owner].spec.dependencies)) : "none"}."
      if !contains(keys(var.services[source.owner].spec.dependencies), found[0])
    ]]),
    flatten([for path, source in local.env : [
      for found in try(regexall("\\$\\{dependencies\\.([a-z][a-z0-9-]*)\\.([A-Za-z]+)\\}", source.value), []) :
      "${path}.value asks for dependencies.${found[0]}.${found[1]}; it has ${join(", ", try(local.dependency_outputs[local.dependencies["services.${source.owner}.spec.dependencies.${found[0]}"].kind], []))}."
      if !contains(try(local.dependency_outputs[local.dependencies["services.${source.owner}.spec.dependencies.${found[0]}"].kind], [found[1]]), found[1])
    ]]),
  )

  image_problems = concat(
    [
      for path, image in local.images :
      "${path} has both tag and digest; give one of them."
      if image.tag != null && image.digest != null
    ],
    # Where Terraform itself starts the container, it must know which image.
    [
      for path, process in local.processes :
      "${path} is ${process.type == "function" ? "a function" : "placed on ${process.placement.runtime}"}, so services.${process.service}.spec.service.image needs a tag or a digest."
      if(process.type == "function" || process.placement.runtime != "kubernetes") && try(coalesce(var.services[process.service].spec.service.image.tag, var.services[process.service].spec.service.image.digest) == null, true)
    ],
    [
      for path, dependency in local.dependencies :
      "${path}.image needs a tag or a digest, of its own or in services.${dependency.owner}.spec.service.image."
      if dependency.type == "function" && dependency.existing == null && try(coalesce(dependency.image.tag, dependency.image.digest) == null, true) && try(coalesce(var.services[dependency.owner].spec.service.image.tag, var.services[dependency.owner].spec.service.image.digest) == null, true)
    ],
  )

  function_problems = concat(
    [
      for path, function in local.functions :
      "${path} has ${coalesce(function.memory, "-")} of memory; a function takes 128Mi to 10240Mi."
      if try(local.bytes[function.memory] < 128 * local.byte_units.Mi || local.bytes[function.memory] > 10240 * local.byte_units.Mi, false)
    ],
    [
      for path, function in local.functions :
      "${path}.timeout is ${function.timeout}; a function runs at most 15m."
      if try(local.seconds[function.timeout] > 900, false)
    ],
    [
      for path, function in local.functions :
      "${path}.retries is ${function.retries}; a function that fails is tried again at most twice."
      if function.retries > 2
    ],
    [
      for path, function in local.functions :
      "${path}.source is \"${coalesce(function.source, "-")}\"; it must name a queue or a bucket among services.${function.owner}.spec.dependencies."
      if function.source != null && !contains(["queue", "storage"], try(local.dependencies["services.${function.owner}.spec.dependencies.${function.source}"].kind, "-"))
    ],
    [
      for path, function in local.functions :
      "${path}.timeout is ${function.timeout}, longer than the visibility of the queue ${coalesce(function.source, "-")}; its messages would be handled twice."
      if try(local.seconds[function.timeout] > local.seconds[coalesce(local.dependencies["services.${function.owner}.spec.dependencies.${function.source}"].visibility, "5m")], false) && try(local.dependencies["services.${function.owner}.spec.dependencies.${function.source}"].kind, "-") == "queue"
    ],
  )

  source_problems = concat(
    [
      for name, service in var.services :
      "services.${name}.spec.service.source is for type function without a schedule; the type is ${service.spec.service.type}."
      if service.spec.service.source != null && (service.spec.service.type != "function" || service.spec.service.schedule != null)
    ],
  )
}
