locals {
  catalog = yamldecode(file("${path.module}/../catalog.yaml"))

  chosen = { for name, addon in local.catalog.addons : name => addon if alltrue([for choice, accepted in addon.when : contains(accepted, local.choices[choice])]) }

  # What only stands for a platform does not know its identities yet; they are not missing.
  known = !var.platform.placeholder

  backup_bucket = try(coalesce(local.services.backup.bucket, var.platform.backup.bucket), null)

  # What is chosen and cannot work here, with the reason; it is left out and said, rather than installed to fail.
  idle_without_role = {
    aws-load-balancer-controller = "no identity may make load balancers, so nothing reaches the gateway from outside"
    external-dns                 = "no identity may write records of ${var.platform.dns.domain}"
    karpenter                    = "no identity may start machines; the first stage makes none for it, so make one and name it"
  }
  left_out = {
    for name, reason in merge(
      { for name, reason in local.idle_without_role : name => "platform.controllers has no ${name}, nor has cluster_services.controllers: ${reason}" if local.known && !contains(keys(local.roles), name) },
      { for name in ["velero"] : name => "neither platform.backup.bucket nor cluster_services.backup.bucket names a bucket for backups; name one, or set cluster_services.backup.enabled to false" if local.backup_bucket == null },
    ) : name => reason if contains(keys(local.chosen), name) && local.services.managed
  }

  addons = { for name, addon in local.chosen : name => addon if local.services.managed && !contains(keys(local.left_out), name) }

  # Argo CD installs the others and is itself released by Terraform.
  applied  = { for name, addon in local.addons : name => addon if name != "argo-cd" }
  versions = { for name, addon in local.catalog.addons : name => lookup(local.services.versions, name, addon.version) }

  registry = local.services.registry == null ? null : trimsuffix(local.services.registry, "/")
  # Where the images of each registry come from: that registry, or the one of this network under the same path.
  hosts = { for host in distinct(flatten([for addon in local.catalog.addons : keys(addon.images)])) : host => coalesce(local.registry, host) }

  sources = { for name, addon in local.catalog.addons : name => {
    for key, value in {
      # On a network of its own, charts and plain manifests are in the same registry as images.
      repository = local.registry == null ? addon.source.repository : "oci://${local.registry}/${can(addon.source.chart) ? "charts" : "manifests/${name}"}"
      chart      = try(addon.source.chart, null)
      path       = can(addon.source.chart) ? null : local.registry == null ? addon.source.path : "."
      version    = local.versions[name]
    } : key => value if value != null
  } }

  # Checksums of this platform's charts: helm's provider sees no difference where only a template has changed.
  templates = { for chart in ["applications", "base", "observability", "resources"] : chart => substr(sha256(join("", [for file in sort(fileset("${path.module}/../charts/${chart}", "**")) : filesha256("${path.module}/../charts/${chart}/${file}")])), 0, 12) }
}
