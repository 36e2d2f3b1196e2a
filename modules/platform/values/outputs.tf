output "apis" {
  description = "What the cluster must serve before the releases platform-resources and platform-observability, as `helm template --api-versions` takes it."
  value       = keys(local.resources.apis)
}

output "applications" {
  description = "Values of charts/applications."
  value       = local.applications
}

output "argo_cd" {
  description = "Values of the chart of Argo CD; null where the cluster is not managed."
  value       = lookup(local.addon_values, "argo-cd", null)
}

output "base" {
  description = "Values of charts/base."
  value       = local.base
}

output "left_out" {
  description = "Add-ons that are chosen and left out, because something that they cannot do without is not there: the reason of each."
  value       = local.left_out
}

output "night" {
  description = "When what is not production runs, as KEDA's cron scaler says it: the night turned around. Null where nothing sleeps."
  value = !local.services.night.enabled || local.production ? null : {
    start     = local.services.night.end
    end       = local.services.night.start
    time_zone = local.services.night.time_zone
  }
}

output "observability" {
  description = "Values of charts/observability."
  value       = local.observability
}

output "problems" {
  description = "What cannot be, one sentence each; empty where all is well."
  value       = local.problems
}

output "releases" {
  description = "Releases of helm in their order: where the chart is (charts of this platform by their folder, others by repository and version), the namespace and the values."
  value = concat(
    [{ name = "platform-base", namespace = "kube-system", chart = "base", repository = null, version = null, values = yamlencode(local.base) }],
    !local.services.managed ? [] : [
      {
        name       = "argo-cd"
        namespace  = local.catalog.addons.argo-cd.namespace
        chart      = local.sources.argo-cd.chart
        repository = local.sources.argo-cd.repository
        version    = local.sources.argo-cd.version
        values     = yamlencode(local.addon_values.argo-cd)
      },
      { name = "platform-applications", namespace = "argocd", chart = "applications", repository = null, version = null, values = yamlencode(local.applications) },
      { name = "platform-resources", namespace = "argocd", chart = "resources", repository = null, version = null, values = yamlencode(local.resources) },
      { name = "platform-observability", namespace = "monitoring", chart = "observability", repository = null, version = null, values = yamlencode(local.observability) },
    ],
  )
}

output "resources" {
  description = "Values of charts/resources."
  value       = local.resources
}
