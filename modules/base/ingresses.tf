locals {
  ingresses = { for name, service in local.services : name => {
    hosts           = coalescelist(service.spec.networking.ingress.hosts, [var.environment.dns.domain])
    labels          = local.service_labels[name]
    path            = coalesce(service.spec.networking.ingress.path, "/api/${name}")
    rate_limit      = service.spec.networking.ingress.rate_limit
    runtime         = service.spec.service.placement.runtime
    timeout_seconds = local.seconds[service.spec.networking.ingress.timeout]
    waf             = service.spec.networking.ingress.waf
  } if service.spec.networking.ingress.enabled }
}
