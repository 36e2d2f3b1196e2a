module "values" {
  source = "./values"

  name             = var.name
  callees          = var.callees
  callers          = var.callers
  cluster_services = var.cluster_services
  image            = var.image
  ingress          = var.ingress
  labels           = var.labels
  platform         = var.platform
  processes        = var.processes
  service          = var.service
  uses             = var.uses
}

locals {
  chart = "${path.module}/chart"
  # Helm compares versions of charts and values, never templates; their sum in the description makes a change of them a change of the release.
  chart_sum = substr(sha256(join("\n", [for file in sort(fileset(local.chart, "**")) : "${file} ${filesha256("${local.chart}/${file}")}"])), 0, 12)
}

resource "helm_release" "this" {
  name        = var.name
  namespace   = var.service.metadata.namespace
  chart       = local.chart
  description = "inferloop-service ${local.chart_sum}"
  values      = [yamlencode(module.values.values)]

  # All of it or nothing: what does not come up is taken back, and the version before it runs on.
  atomic          = true
  cleanup_on_fail = true
  wait            = true
  wait_for_jobs   = true
  timeout         = module.values.timeout_seconds
  max_history     = var.max_history

  # Namespaces are the platform's, with quotas and rules.
  create_namespace = false
  lint             = true

  lifecycle {
    precondition {
      condition     = length(module.values.problems) == 0
      error_message = join("\n", module.values.problems)
    }
  }
}
