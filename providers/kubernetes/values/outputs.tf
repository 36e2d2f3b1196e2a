# Read whole by the wrapper, with terraform console.
locals {
  outputs = {
    apis              = module.platform.apis
    platform          = module.platform.releases
    platform_problems = module.platform.problems
    problems          = { for name, values in module.values : name => values.problems if length(values.problems) > 0 }
    releases          = { for name, values in module.values : name => { namespace = module.services.releases[name].namespace, text = yamlencode(values.values) } }
  }
}

output "apis" {
  description = "What the cluster serves beside its own kinds once the shared part is there, as `helm template --api-versions` takes it."
  value       = local.outputs.apis
}

output "platform" {
  description = "Releases of what services share, in their order: chart (those of modules/platform by their folder), namespace and values as text."
  value       = local.outputs.platform
}

output "platform_problems" {
  description = "What keeps the shared part from being released: one sentence each."
  value       = local.outputs.platform_problems
}

output "problems" {
  description = "What keeps services from being released, by service; empty where nothing does."
  value       = local.outputs.problems
}

output "releases" {
  description = "Namespace of each release, by service, and its values as the text that helm is given."
  value       = local.outputs.releases
}
