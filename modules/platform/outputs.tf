output "apis" {
  description = "What the cluster must serve before the releases platform-resources and platform-observability."
  value       = module.values.apis
}

output "left_out" {
  description = "Add-ons that are chosen and left out, with the reason of each."
  value       = module.values.left_out
}

output "namespaces" {
  description = "Namespaces that services can be released into."
  value       = sort(keys(var.namespaces))
  depends_on  = [helm_release.base]
}

output "night" {
  description = "When what is not production runs; null where nothing sleeps."
  value       = module.values.night
}

output "secret_store" {
  description = "ClusterSecretStore that services take secrets from; null where the cluster brings its own."
  value       = var.cluster_services.managed ? "platform" : null
  depends_on  = [helm_release.resources]
}

output "values" {
  description = "Values of each release by its name, as YAML."
  value       = { for name, release in local.releases : name => release.values }
}
