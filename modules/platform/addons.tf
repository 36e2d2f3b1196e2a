# Argo CD, and what tells it to install everything else.
resource "helm_release" "argo_cd" {
  for_each = { for name, release in local.releases : name => release if name == "argo-cd" }

  name        = each.value.name
  namespace   = each.value.namespace
  repository  = each.value.repository
  chart       = each.value.chart
  version     = each.value.version
  values      = [each.value.values]
  atomic      = true
  wait        = true
  timeout     = 600
  max_history = 10

  depends_on = [helm_release.base]
}

resource "helm_release" "applications" {
  for_each = { for name, release in local.releases : name => release if name == "platform-applications" }

  name        = each.value.name
  namespace   = each.value.namespace
  chart       = "${local.charts}/${each.value.chart}"
  values      = [each.value.values]
  atomic      = true
  wait        = true
  timeout     = 120
  max_history = 10

  depends_on = [helm_release.argo_cd]
}

# Its kinds are defined by the add-ons; on the first apply it says which are not there yet, see docs/decisions/0091.
resource "helm_release" "resources" {
  for_each = { for name, release in local.releases : name => release if name == "platform-resources" }

  name        = each.value.name
  namespace   = each.value.namespace
  chart       = "${local.charts}/${each.value.chart}"
  values      = [each.value.values]
  atomic      = true
  wait        = true
  timeout     = 120
  max_history = 10

  depends_on = [helm_release.applications]
}

# Pages, rules and alerts, whose kinds platform-resources has asked for.
resource "helm_release" "observability" {
  for_each = { for name, release in local.releases : name => release if name == "platform-observability" }

  name        = each.value.name
  namespace   = each.value.namespace
  chart       = "${local.charts}/${each.value.chart}"
  values      = [each.value.values]
  atomic      = true
  wait        = true
  timeout     = 120
  max_history = 10

  depends_on = [helm_release.resources]
}
