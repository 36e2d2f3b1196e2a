# Values of charts/base.
locals {
  # Tags of the cloud as labels: those that make a valid label.
  labels = { for key, value in var.platform.labels : key => value if can(regex("^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$", key)) && can(regex("^([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$", value)) }

  injection = {
    istio   = { labels = { istio-injection = "enabled" }, annotations = {} }
    linkerd = { labels = {}, annotations = { "linkerd.io/inject" = "enabled" } }
    none    = { labels = {}, annotations = {} }
  }[local.services.mesh]

  # The gateway takes part in the mesh, because services speak mutual TLS only.
  meshed = ["kong"]

  addon_namespaces = !local.services.managed ? {} : { for name in setunion(
    [for addon in local.addons : addon.namespace if addon.namespace != "kube-system"],
    local.services.gateway == "gateway-api" ? ["gateway"] : [],
    ) : name => {
    level       = local.catalog.namespaces[name].level
    keep        = var.environment.deletion_protection
    labels      = contains(local.meshed, name) ? local.injection.labels : {}
    annotations = merge({ "inferloop.io/pod-security" = local.catalog.namespaces[name].reason }, contains(local.meshed, name) ? local.injection.annotations : {})
  } }

  service_namespaces = { for name, namespace in var.namespaces : name => {
    level       = "restricted"
    services    = true
    keep        = var.environment.deletion_protection
    quota       = local.quotas[name]
    labels      = local.injection.labels
    annotations = merge(length(namespace.teams) == 0 ? {} : { "inferloop.io/teams" = join(",", sort(distinct(namespace.teams))) }, local.injection.annotations)
  } }

  # Where images of services come from, by host, or by the whole address where an environment has a registry of its own.
  image_registries = sort(distinct(concat(
    [var.platform.registry.host],
    [for repository in values(var.platform.registry.repositories) : split("/", repository)[0]],
    local.registry[*],
  )))
  sidecar_images = {
    istio   = ["${local.hosts["docker.io"]}/istio/proxyv2"]
    linkerd = ["${local.hosts["cr.l5d.io"]}/linkerd/proxy", "${local.hosts["cr.l5d.io"]}/linkerd/proxy-init"]
    none    = []
  }[local.services.mesh]
  required_labels = ["app.kubernetes.io/name", "app.kubernetes.io/instance", "app.kubernetes.io/part-of"]

  default_storage_class = contains(keys(var.platform.storage_classes), "default") ? "default" : try(sort(keys(var.platform.storage_classes))[0], null)

  base = {
    environment = var.environment.name
    templates   = local.templates.base
    labels      = local.labels
    namespaces  = merge(local.addon_namespaces, local.service_namespaces)
    storageClasses = { for name, class in var.platform.storage_classes : name => {
      provisioner = class.provisioner
      parameters  = { for key, value in class.parameters : key => value if value != null }
      default     = name == local.default_storage_class
    } }
    access = {
      team     = local.services.access.team
      operator = local.services.access.operator
      readOnly = local.services.access.read_only
      ci       = local.services.access.ci
      # A shell in a pod reaches what the service may reach.
      exec = !local.production
    }
    policies = {
      enabled = local.services.policies == "builtin"
      images = {
        registries = local.image_registries
        sidecars   = local.sidecar_images
        digest     = local.production
      }
      requiredLabels = local.required_labels
    }
  }
}
