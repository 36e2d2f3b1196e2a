# What cannot be, one sentence each, with the place, what was found, and what to do.
locals {
  reserved = ["default", "kube-node-lease", "kube-public", "kube-system"]
  cron     = "^[0-9*/,-]+ [0-9*/,-]+ [0-9*/,-]+ [0-9*/,A-Z-]+ [0-9*/,A-Z-]+$"

  problems = distinct(flatten([
    var.platform.cluster != null ? [] : ["platform.cluster is null: environment ${var.environment.name} has no Kubernetes cluster to put the platform into; set cluster.enabled, or release no stage 2."],
    var.platform.environment == var.environment.name ? [] : ["environment.name is ${var.environment.name} and platform is that of ${var.platform.environment}; take the platform of the same environment."],

    [for name in keys(var.namespaces) : "namespaces.${name} belongs to Kubernetes; give services a namespace of their own." if contains(local.reserved, name)],
    [for name in keys(var.namespaces) : "namespaces.${name} belongs to an add-on of the platform; give services a namespace of their own." if contains(keys(local.catalog.namespaces), name)],
    [for name, namespace in var.namespaces : "namespaces.${name} asks for ${namespace.quota.gpus} GPUs, and no node pool of the cluster has any; add a pool with gpu." if namespace.quota.gpus > 0 && local.choices.gpu == "no" && var.platform.cluster != null],

    [for name, asked in local.asked : [for kind, field in { cpu_millicores = "cpu", gpus = "gpus", memory_mb = "memory", pods = "pods" } :
      "cluster_services.quotas.${name}.${field} is ${local.services.quotas[name][field]}, less than the ${asked[kind]}${ { cpu = "m", gpus = "", memory = "Mi", pods = "" }[field]} that its services can ask for together${local.services.mesh == "none" ? "" : " with the mesh's proxies"}; raise the quota, or lower replicas, autoscaling.max or resources.requests."
      if local.allowed[name][kind] < asked[kind] && local.allowed[name][kind] != -1
    ]],
    [for name, own in local.own : [for field, expected in { cpu = "cores such as 8 or 7500m", memory = "a whole number with Mi or Gi, for example 64Gi" } : "cluster_services.quotas.${name}.${field} is \"${local.services.quotas[name][field]}\"; give ${expected}." if try(own[field] == -1, false)]],
    [for name, quota in local.services.quotas : "cluster_services.quotas.${name} is no namespace of services; there ${length(var.namespaces) == 1 ? "is" : "are"} ${length(var.namespaces) == 0 ? "none" : join(", ", keys(var.namespaces))}." if !contains(keys(var.namespaces), name)],

    [for name in keys(local.services.versions) : "cluster_services.versions.${name} is no add-on; the add-ons are ${join(", ", keys(local.catalog.addons))}." if !contains(keys(local.catalog.addons), name)],
    [for name in keys(local.services.controllers) : "cluster_services.controllers.${name} is no add-on that takes an identity; those are ${join(", ", [for addon, entry in local.catalog.addons : addon if entry.identity != null])}." if try(local.catalog.addons[name].identity, null) == null],
    local.registry == null || can(regex("^[a-z0-9.-]+(:[0-9]+)?(/[a-z0-9._/-]+)?$", local.registry)) ? [] : ["cluster_services.registry is \"${local.registry}\"; give a host with an optional path, for example registry.example.com/mirror, without https://."],

    local.services.nodes != "karpenter" || local.cloud == "aws" ? [] : ["cluster_services.nodes is karpenter, which this platform knows on aws only; choose cluster-autoscaler, with which ${local.cloud} scales its own pools, or none."],
    local.services.gateway != "gateway-api" || local.services.mesh == "istio" || local.cloud == "gcp" ? [] : ["cluster_services.gateway is gateway-api, and nothing on ${local.cloud} with mesh ${local.services.mesh} stands behind it; choose mesh istio, or gateway kong."],
    local.services.gateway != "istio" || local.services.certificates.issuer != "acme" || contains(["aws", "gcp"], local.cloud) ? [] : ["cluster_services.certificates.issuer is acme, whose questions on ${local.cloud} come in by a route that Istio's own gateway does not serve; choose issuer own-ca, or gateway gateway-api or kong."],
    !contains(["azure-key-vault", "vault"], var.platform.secret_store.kind) || local.services.secret_store != null ? [] : ["cluster_services.secret_store.server is missing; a store of kind ${var.platform.secret_store.kind} has an address of its own, for example https://vault.example.com."],
    local.services.certificates.issuer != "acme" || local.services.certificates.server == null || can(regex("^https://", local.services.certificates.server)) ? [] : ["cluster_services.certificates.server is \"${local.services.certificates.server}\"; give the https:// address of the authority's directory."],
    !local.services.managed || length(var.platform.storage_classes) > 0 ? [] : ["platform.storage_classes is empty, and Prometheus, Loki and others need volumes; name a class, or set cluster_services.managed to false."],

    [for field, value in { "backup.schedule" = local.services.backup.schedule, "night.start" = local.services.night.start, "night.end" = local.services.night.end } : "cluster_services.${field} is \"${value}\"; give five fields such as 0 2 * * * (minute, hour, day, month, weekday)." if !can(regex(local.cron, value))],
    !local.services.night.enabled || !local.production ? [] : ["cluster_services.night.enabled is true in environment ${var.environment.name}; only what is not production sleeps at night."],
    !local.services.night.enabled || local.services.managed ? [] : ["cluster_services.night needs KEDA, and cluster_services.managed is false; set night.enabled to false, or let the platform install KEDA."],
    !local.services.night.enabled || can(regex("^[A-Za-z]+(/[A-Za-z0-9_+-]+)*$", local.services.night.time_zone)) ? [] : ["cluster_services.night.time_zone is \"${local.services.night.time_zone}\"; give an IANA time zone such as Europe/Berlin."],
  ]))
}
