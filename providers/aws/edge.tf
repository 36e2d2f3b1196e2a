locals {
  # Without any way in there is nothing to stand before; a way in that waives the managed rules still has its limit of requests.
  firewall = length(module.base.ingresses) > 0
}

module "edge" {
  source = "../../modules/aws/edge"

  name                = local.name
  labels              = local.labels
  account             = local.account
  network             = local.network
  deletion_protection = local.deletion_protection
  domain              = var.environment.dns.domain
  cluster = !local.make_cluster ? null : {
    name                = module.cluster[0].name
    node_security_group = { id = module.cluster[0].node_security_group_id }
  }
  existing = {
    zone        = var.environment.dns.existing_zone == null ? null : { id = var.environment.dns.existing_zone }
    certificate = var.environment.dns.existing_certificate == null ? null : { arn = var.environment.dns.existing_certificate }
  }
  rate_limits = { for service, ingress in module.base.ingresses : service => {
    path                = ingress.path
    hosts               = toset(ingress.hosts)
    requests_per_minute = ingress.rate_limit
  } if ingress.rate_limit != null }
  web_acl = !local.firewall ? null : {
    unmanaged_paths    = toset([for ingress in values(module.base.ingresses) : ingress.path if !ingress.waf])
    log_retention_days = local.log_days
  }
}

module "cdn" {
  source    = "../../modules/aws/edge/cdn"
  providers = { aws = aws.us_east_1 }

  name    = local.name
  labels  = local.labels
  zone    = length(module.base.sites) == 0 ? null : { id = module.edge.zone_id }
  web_acl = length(module.base.sites) == 0 ? null : {}
  sites = { for service, site in module.base.sites : service => {
    name   = site.name
    labels = site.labels
    bucket = { domain_name = module.storage.domain_names[site.bucket] }
    path   = site.prefix == "" ? "" : "/${site.prefix}"
    hosts  = [site.host]
  } }
}
