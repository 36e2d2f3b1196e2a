# Values of charts/observability: pages, rules and alerts of the platform, for the parts that are there.
locals {
  observability = {
    environment = var.environment.name
    labels      = local.labels
    global      = { templates = local.templates.observability }
    # The documentation of the platform, which has a page for each alert, is served beside the services.
    runbooks = "https://docs.${var.platform.dns.domain}/runbooks"
    logs     = local.services.logs
    components = {
      argocd          = contains(keys(local.addons), "argo-cd")
      certManager     = contains(keys(local.addons), "cert-manager")
      externalSecrets = contains(keys(local.addons), "external-secrets")
      velero          = contains(keys(local.addons), "velero")
    }
  }
}
