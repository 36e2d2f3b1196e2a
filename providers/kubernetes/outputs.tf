output "releases" {
  description = "Releases by service: namespace, and how often each was installed or upgraded."
  value       = { for name, release in module.release : name => { namespace = release.namespace, revision = release.revision } }
}

output "values" {
  description = "Values that the chart is given, by service."
  value       = { for name, release in module.release : name => release.values }
}
