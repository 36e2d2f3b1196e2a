output "apis" {
  description = "What the cluster serves beside its own kinds once the shared part is there, as `helm template --api-versions` takes it."
  value       = module.platform.apis
}

output "platform" {
  description = "Releases of what services share, in their order: chart (those of modules/platform by their folder), namespace and values as text."
  value       = module.platform.releases
}

output "platform_problems" {
  description = "What keeps the shared part from being released: one sentence each."
  value       = module.platform.problems
}

output "problems" {
  description = "What keeps services from being released, by service; empty where nothing does."
  value       = { for name, values in module.values : name => values.problems if length(values.problems) > 0 }
}

output "releases" {
  description = "Namespace and values of each release, by service, and the values as the text that helm is given."
  value       = { for name, values in module.values : name => { namespace = module.services.releases[name].namespace, values = values.values, text = yamlencode(values.values) } }
}
