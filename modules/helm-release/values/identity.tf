# The cloud's identity comes with the service account.
locals {
  identity = lookup(var.platform.identities, var.name, null)

  # AKS looks at the label of the pods: https://azure.github.io/azure-workload-identity/docs/topics/service-account-labels-and-annotations.html
  identity_labels = var.platform.cloud == "azure" && local.identity != null ? { "azure.workload.identity/use" = "true" } : {}

  service_account = { for field, found in {
    annotations = try(local.identity.annotations, {})
    labels      = local.identity_labels
    podLabels   = local.identity_labels
  } : field => found if length(found) > 0 }
}
