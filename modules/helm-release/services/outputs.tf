output "namespaces" {
  description = "Namespaces of the services that run in the cluster: what they can ask for together, and the teams whose services they are."
  value = { for namespace in distinct(values(local.releases)[*].namespace) : namespace => {
    quota = module.base.quotas[namespace]
    teams = sort(distinct([for release in values(local.releases) : release.service.metadata.team if release.namespace == namespace && release.service.metadata.team != null]))
  } }
}

output "releases" {
  description = "Everything that modules/helm-release needs to know of a service, by service; those without a process in the cluster are not among them."
  value       = local.releases
}
