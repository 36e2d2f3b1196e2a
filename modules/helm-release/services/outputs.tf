output "namespaces" {
  description = "Namespaces of the services that run in the cluster: what they can ask for together, and the teams whose services they are."
  value = { for namespace, teams in local.teams : namespace => {
    quota = module.base.quotas[namespace]
    teams = sort(distinct(compact(teams)))
  } }
}

output "releases" {
  description = "Everything that modules/helm-release needs to know of a service, by service; those without a process in the cluster are not among them."
  value       = local.releases
}
