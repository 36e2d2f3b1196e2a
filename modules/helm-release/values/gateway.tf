# The way in from outside.
locals {
  gateway = var.ingress == null ? null : { for field, found in {
    kind           = var.cluster_services.gateway
    hosts          = sort(distinct(var.ingress.hosts))
    path           = var.ingress.path
    timeoutSeconds = var.ingress.timeout_seconds
    rateLimit      = var.ingress.rate_limit
    parent         = { name = "platform", namespace = local.gateway_namespaces[var.cluster_services.gateway] }
    auth = one([for auth in var.service.spec.networking.ingress.auth[*] : { for field, found in {
      type     = auth.type
      issuer   = auth.issuer
      audience = auth.audience
      jwksUri  = auth.jwks_uri
      secret   = auth.secret
    } : field => found if found != null }])
    cors = one([for cors in var.service.spec.networking.ingress.cors[*] : {
      origins       = cors.origins
      methods       = cors.methods
      headers       = cors.headers
      credentials   = cors.credentials
      maxAgeSeconds = local.seconds[cors.max_age]
    }])
    requestHeaders = { for field, found in {
      add    = var.service.spec.networking.ingress.request_headers.add
      set    = var.service.spec.networking.ingress.request_headers.set
      remove = var.service.spec.networking.ingress.request_headers.remove
    } : field => found if length(found) > 0 }
  } : field => found if !contains(local.nothing, jsonencode(found)) }
}
