# Namespaces, quotas, roles, priorities, storage and admission: nothing that is not Kubernetes' own, so that it comes first.
resource "helm_release" "base" {
  name        = local.releases.platform-base.name
  namespace   = local.releases.platform-base.namespace
  chart       = "${local.charts}/${local.releases.platform-base.chart}"
  values      = [local.releases.platform-base.values]
  atomic      = true
  wait        = true
  timeout     = 120
  max_history = 10

  lifecycle {
    precondition {
      condition     = length(module.values.problems) == 0
      error_message = join("\n", module.values.problems)
    }
  }
}
