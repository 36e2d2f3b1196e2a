output "name" {
  description = "Name of the release."
  value       = helm_release.this.name
}

output "namespace" {
  description = "Namespace of the release."
  value       = helm_release.this.namespace
}

output "problems" {
  description = "What keeps the service from being released: one sentence each, with place, what was found and what is accepted."
  value       = module.values.problems
}

output "revision" {
  description = "How often the release was installed or upgraded."
  value       = helm_release.this.metadata.revision
}

output "values" {
  description = "Values that the chart is given."
  value       = module.values.values
}

output "values_yaml" {
  description = "The same as text, sorted: what helm is given."
  value       = yamlencode(module.values.values)
}
