# What cannot run where it is to run; what is wrong with the services themselves, modules/base says.
locals {
  path         = "services.${var.name}.spec"
  cluster_name = try(var.platform.cluster.name, "-")
  apply_first  = "apply the infrastructure first, which tells the cluster what there is"

  # The oldest Kubernetes that the chart runs on.
  oldest = tonumber(regex("1\\.([0-9]+)", yamldecode(file("${path.module}/../chart/Chart.yaml")).kubeVersion)[0])

  volume_classes = sort(distinct(concat(keys(var.platform.storage_classes), var.cluster_services.storage_classes)))
  gpu_offers     = sort(distinct([for pool in values(local.pools) : "${pool.gpu.count} ${pool.gpu.type}${pool.spot ? " (spot)" : ""}" if pool.gpu != null]))

  images = merge(
    { "${local.path}.service.image" = { digest = local.digest, tag = lookup(local.image, "tag", null) } },
    { for canary in var.service.spec.service.canary[*] : "${local.path}.service.canary.image" => { digest = canary.image.digest, tag = canary.image.tag } },
  )

  cluster_rules = [
    {
      holds   = var.platform.cluster != null
      message = "${local.path}.service is placed in a cluster, and platform.cluster is null; enable the cluster of environment ${var.platform.environment}, or use placement.runtime fargate or batch."
    },
    {
      holds   = try(tonumber(regex("^1\\.([0-9]+)", var.platform.cluster.version)[0]) >= local.oldest, true)
      message = "platform.cluster.version is ${try(var.platform.cluster.version, "-")}; the chart of services needs Kubernetes 1.${local.oldest} or later, so upgrade the cluster ${local.cluster_name}."
    },
  ]

  image_rules = flatten([for path, image in local.images : [
    {
      holds   = image.digest != null || image.tag != null
      message = "${path} has neither tag nor digest; give it one of them, best the digest."
    },
    {
      holds   = image.digest != null || image.tag == null || image.tag != "latest"
      message = "${path}.tag is latest, which is another image every day; give it a version, or the digest."
    },
    {
      holds   = image.digest != null || image.tag == null || !local.production
      message = "${path} has the tag ${coalesce(image.tag, "-")}, which may move; in ${var.platform.environment} an image needs its digest, which `skopeo inspect --format '{{.Digest}}' docker://${local.repository}:${coalesce(image.tag, "-")}` prints."
    },
  ]])

  platform_rules = concat(
    [{
      holds   = var.image.repository != null || local.configured.repository != null || contains(keys(var.platform.registry.repositories), var.name) || (local.tag == null && local.digest == null)
      message = "${local.path}.service.image names no repository, and platform.registry has none for ${var.name}; name one, or ${local.apply_first}."
    }],
    [for name in local.unknown : {
      holds   = false
      message = "${local.path}.dependencies.${name} is not in the platform of environment ${var.platform.environment}; ${local.apply_first}."
    }],
    [for secret in keys(local.secrets) : {
      holds   = contains(keys(local.stored), secret)
      message = "${local.path}.secrets.${secret} is not in the store of the platform, ${var.platform.secret_store.kind}; ${local.apply_first}."
    }],
    [for reference in local.references : {
      holds   = try(local.dependency_outputs[reference.dependency][reference.output], null) != null || contains(local.unknown, reference.dependency)
      message = "services.${var.name}: the variable ${reference.variable} asks for dependencies.${reference.dependency}.${reference.output}, which there is not${contains(keys(local.by_kind.service), reference.dependency) ? ": the service neither runs in the cluster nor has an ingress" : ""}."
    }],
    [
      {
        holds   = local.identity != null || length(local.interface_ports) == 0 || var.platform.cloud == "onprem"
        message = "services.${var.name} uses what asks for an identity of ${var.platform.cloud}, and platform.identities has none for it; ${local.apply_first}."
      },
      {
        holds   = try(local.identity.namespace == var.service.metadata.namespace, true)
        message = "services.${var.name}.metadata.namespace is ${var.service.metadata.namespace}, and its identity is for namespace ${try(local.identity.namespace, "-")}; ${local.apply_first}."
      },
    ],
  )

  process_rules = flatten([for key, process in local.runs : [for path in [key == "main" ? "${local.path}.service" : "${local.path}.workers.${key}"] : [
    {
      holds   = local.wanted_nodes[key].gpus == 0 || length(local.chosen_pools[key]) > 0
      message = "${path}.resources asks for ${local.wanted_nodes[key].gpus} ${coalesce(local.wanted_nodes[key].gpu_type, "GPUs")} on a node, which no pool offers that it may use; the pools of ${local.cluster_name} offer ${length(local.gpu_offers) > 0 ? join(", ", local.gpu_offers) : "no GPUs"}${local.wanted_nodes[key].spot ? "" : ", and spot capacity is for what says spot"}."
    },
    {
      holds   = length(local.chosen_pools[key]) == 0 || length(local.node_selectors[key]) > 0 || length(local.chosen_pools[key]) == length(local.pools)
      message = "${path} needs the node pools ${join(", ", keys(local.chosen_pools[key]))}, which have no label that the others have not; label their nodes, for example inferloop.io/pool."
    },
    {
      holds   = !contains(keys(local.scaled), key) || try(local.scaled[key].queue_length, null) == null || try(contains(keys(local.by_kind.queue), local.wanted_queues[key]), false)
      message = "${path}.autoscaling.queue_length needs a dependency of type queue, named by queue where there are several; ${local.path}.dependencies has ${length(local.by_kind.queue) > 0 ? join(", ", keys(local.by_kind.queue)) : "none"}."
    },
    {
      holds   = process.volume == null || contains(local.volume_classes, try(process.volume.storage_class, "-"))
      message = "${path}.volume.storage_class is ${try(process.volume.storage_class, "-")}; the cluster has ${length(local.volume_classes) > 0 ? join(", ", local.volume_classes) : "none"}."
    },
    {
      holds   = process.schedule == null || can(regex("^[^LW#]*$", replace(try(process.schedule.expression, ""), "/[A-Z]{3}/", "")))
      message = "${path}.schedule is ${try(process.schedule.expression, "-")}; Kubernetes knows no L, W and # in it."
    },
    {
      holds   = key == "main" ? process.worker == null : !contains(["canary", "headless", "migrations", "shared", "test"], key)
      message = "${path} has a name that the chart uses itself; main, canary, headless, migrations, shared and test are taken."
    },
    {
      # Kubernetes puts the time behind the names of a CronJob's runs; the chart puts a sum behind those of jobs.
      holds   = key == "main" || length("${var.name}-${key}") <= lookup({ cron = 52, job = 54, ray = 47 }, process.type, 63)
      message = "${path} makes the name ${var.name}-${key} of ${length("${var.name}-${key}")} characters; Kubernetes takes ${lookup({ cron = 52, job = 54, ray = 47 }, process.type, 63)} for type ${process.type}, so shorten it."
    },
    {
      holds   = !contains(keys(local.scaled), key) || try(local.scaled[key].requests_per_second, null) == null || (key == "main" && local.listens && var.service.spec.monitoring.metrics.enabled)
      message = "${path}.autoscaling.requests_per_second needs a service that answers requests and has monitoring.metrics enabled, where they are counted."
    },
    {
      holds   = length(distinct(compact([for trigger in lookup(local.triggers, key, []) : trigger.name]))) == length(lookup(local.triggers, key, [])) && !contains([for trigger in lookup(local.triggers, key, []) : trigger.name], "requests-per-second")
      message = "${path}.autoscaling.schedules has the name of something else that scales it; the queue's, day and requests-per-second are taken."
    },
    {
      holds   = process.type != "ray" || length(process.command) + length(process.args) > 0
      message = "${path}.command is missing; a Ray job needs what it runs."
    },
  ]]])

  most_pods    = try(local.runs.main.autoscaling.max, local.runs.main.replicas, 1)
  budget       = lookup(local.disruption_budgets, "main", {})
  mounted      = concat(values(local.mounts), [for volume in try(local.runs.main.volume[*], []) : volume.path])
  main_headers = var.service.spec.networking.ingress.request_headers

  service_rules = [
    {
      holds   = !(try(tonumber(local.budget.minAvailable) >= local.most_pods, false) || try(tostring(local.budget.minAvailable), "-") == "100%" || contains(["0", "0%"], try(tostring(local.budget.maxUnavailable), "-")))
      message = "${local.path}.service.disruption_budget lets none of at most ${local.most_pods} pods go, so that no node could ever be emptied; let one go, or have more replicas."
    },
    {
      holds   = !local.listens || try(local.runs.main.grace_seconds > 5, true)
      message = "${local.path}.service.grace_period is ${try(local.runs.main.grace_seconds, 0)}s; what answers requests goes on for 5 s before it ends, so give it more."
    },
    {
      holds   = length(distinct([for path in concat(local.mounted, ["/tmp", "/"]) : trimsuffix(path, "/")])) == length(local.mounted) + 2
      message = "${local.path}.dependencies mount ${join(", ", sort(local.mounted))}; each needs a path of its own, and / and /tmp are taken."
    },
    {
      holds   = length(setintersection(keys(local.main_headers.add), keys(local.main_headers.set))) == 0
      message = "${local.path}.networking.ingress.request_headers has ${join(", ", setintersection(keys(local.main_headers.add), keys(local.main_headers.set)))} in add and in set; leave one out."
    },
    {
      holds   = local.canary == null || local.mesh_kind != "none" || (var.ingress != null && contains(["kong", "gateway-api"], var.cluster_services.gateway))
      message = "${local.path}.service.canary gets no requests: there is neither a mesh (networking.service_mesh.enabled and cluster_services.mesh) nor an ingress that shares them out."
    },
  ]

  # Where the mesh does not check tokens, Kong does.
  rivals = try(local.gateway.auth.type, "-") != "jwt" || var.cluster_services.gateway != "kong" || local.mesh_kind == "istio" ? [] : sort([
    for other, meshed in var.ingress.same_issuer : other if !(meshed && var.cluster_services.mesh == "istio")
  ])

  traffic_rules = [
    {
      holds   = try(var.ingress.rate_limit, null) == null || var.cluster_services.gateway == "kong"
      message = "${local.path}.networking.ingress.rate_limit needs cluster_services.gateway kong; it is ${var.cluster_services.gateway}."
    },
    {
      holds   = try(local.gateway.auth.type, "-") != "key" || var.cluster_services.gateway == "kong"
      message = "${local.path}.networking.ingress.auth.type key needs cluster_services.gateway kong; it is ${var.cluster_services.gateway}."
    },
    {
      holds   = try(local.gateway.auth.type, "-") != "jwt" || local.mesh_kind == "istio" || (var.cluster_services.gateway == "kong" && local.auth_secret != null)
      message = "${local.path}.networking.ingress.auth.type jwt needs the mesh istio (networking.service_mesh.enabled and cluster_services.mesh), or the gateway kong and auth.secret with the issuer's public key; the mesh is ${local.mesh_kind}, the gateway ${var.cluster_services.gateway}."
    },
    {
      # Kong has one credential for an issuer in all of the cluster.
      holds   = length(local.rivals) == 0
      message = "${local.path}.networking.ingress.auth.issuer is ${try(local.gateway.auth.issuer, "-")}, as in ${join(", ", local.rivals)}; Kong takes an issuer for one service only, so let the services take part in the mesh istio, where pods check tokens, or use auth.type key."
    },
    {
      holds   = try(local.gateway.auth.jwksUri, null) == null || local.mesh_kind == "istio"
      message = "${local.path}.networking.ingress.auth.jwks_uri needs the mesh istio (networking.service_mesh.enabled and cluster_services.mesh), as Kong fetches no keys; put the issuer's public key into auth.secret, and leave jwks_uri out."
    },
    {
      holds   = try(local.gateway.auth.audience, null) == null || local.mesh_kind == "istio"
      message = "${local.path}.networking.ingress.auth.audience needs the mesh istio (networking.service_mesh.enabled and cluster_services.mesh), as Kong does not look for whom a token is; the mesh is ${local.mesh_kind}."
    },
    {
      holds   = local.migration == null || local.mesh_kind == "istio"
      message = "${local.path}.networking.migration needs the mesh istio, which splits the traffic; the mesh is ${local.mesh_kind}."
    },
  ]

  label_rules = [for label in keys(var.labels) : {
    holds   = !can(regex("^(app\\.kubernetes\\.io|helm\\.sh|inferloop\\.io)/", label))
    message = "services.${var.name}.metadata.labels has ${label}; labels of app.kubernetes.io, helm.sh and inferloop.io are the platform's own."
  }]

  problems = sort(distinct([for rule in concat(
    local.cluster_rules, local.image_rules, local.platform_rules, local.process_rules, local.service_rules, local.traffic_rules, local.label_rules,
  ) : rule.message if !rule.holds]))
}

# How long a release may take: pods come one after the other, each as slowly as its probe allows; migrations and jobs are waited for.
locals {
  startup_seconds = [for probe in var.service.spec.service.health.startup[*] :
    try(local.seconds[probe.initial_delay], 0) + local.seconds[probe.period] * probe.failure_threshold
  ]
  first_pods = try(local.autoscaling.main.min, local.processes.main.replicas, 1)

  timeout_seconds = 300 + sum(concat(
    [0],
    [for seconds in local.startup_seconds : seconds * max(1, local.first_pods)],
    [for migrations in var.service.spec.service.migrations[*] : local.seconds[migrations.timeout]],
    [max(concat([0], [for process in values(local.runs) : process.timeout_seconds if process.type == "job"])...)],
  ))
}
