# Values of charts/resources: objects of resources/<name>.yaml.tftpl, and what the cluster must serve before.
locals {
  resources_chosen = { for name, part in local.catalog.resources : name => part if local.services.managed &&
    alltrue([for choice, accepted in part.when : contains(accepted, local.choices[choice])]) &&
  length(setintersection(part.needs, keys(local.left_out))) == 0 }

  # On AWS, TLS ends at the load balancer, which has the environment's certificate. A wildcard needs a challenge in DNS, or an authority of one's own.
  wildcard = local.services.certificates.issuer == "own-ca" || contains(["aws", "gcp"], local.cloud)
  hosts_of_domain = concat(
    [{ name = "domain", hostname = var.platform.dns.domain }],
    local.wildcard ? [{ name = "names", hostname = "*.${var.platform.dns.domain}" }] : [],
  )
  routes = { namespaces = { from = "Selector", selector = { matchLabels = { "inferloop.io/services" = "true" } } } }
  # Those of challenges are made beside the gateway.
  plain_routes = local.cloud == "aws" ? jsonencode(local.routes) : jsonencode({ namespaces = { from = "Same" } })
  # A plain listener beside one with TLS is for the challenges of certificates; routes of services attach to what has TLS.
  listeners = concat(
    [{ name = "http", port = 80, protocol = "HTTP", allowedRoutes = jsondecode(local.plain_routes) }],
    [for host in local.hosts_of_domain : {
      name          = "https-${host.name}"
      port          = 443
      protocol      = "HTTPS"
      hostname      = host.hostname
      tls           = { mode = "Terminate", certificateRefs = [{ kind = "Secret", name = "platform-tls" }] }
      allowedRoutes = local.routes
    } if local.cloud != "aws"],
  )

  resource_files = { for name, part in local.resources_chosen : name => yamldecode(templatefile("${path.module}/../resources/${name}.yaml.tftpl", local.facts)) }
  resources = {
    environment = var.environment.name
    templates   = local.templates.resources
    labels      = local.labels
    # Rules and monitors of charts/observability are of the operator's kinds.
    apis = merge({ for api in ["monitoring.coreos.com/v1"] : api => "kube-prometheus-stack" if local.services.managed }, [for name, part in local.resources_chosen : { for api in part.apis : api => join(" or ", [for need in part.needs : need if anytrue([for crd in local.catalog.addons[need].crds : endswith(crd, ".${split("/", api)[0]}")])]) }]...)
    objects = merge([for name, objects in local.resource_files : { for key, object in objects : "${name}-${key}" => merge(object, {
      metadata = merge(object.metadata, {
        # Where a parent Application brings these, they come right after the add-ons that define them.
        annotations = merge(try(object.metadata.annotations, {}), {
          "argocd.argoproj.io/sync-wave" = tostring(max([for need in local.catalog.resources[name].needs : local.catalog.addons[need].wave]...) + 1)
        })
      })
    }) }]...)
  }
}
