locals {
  zone_made        = var.domain != null && var.existing.zone == null
  zone_id          = local.zone_made ? one(aws_route53_zone.this[*].zone_id) : one([for zone in var.existing.zone[*] : zone.id])
  certificate_made = var.domain != null && var.existing.certificate == null

  # A name and its wildcard are proved by the same record.
  certificate_names = local.certificate_made ? setunion([var.domain, "*.${var.domain}"], var.certificate.names) : []
  proofs            = toset([for name in local.certificate_names : trimprefix(name, "*.")])
}

resource "aws_route53_zone" "this" {
  count = local.zone_made ? 1 : 0

  name          = var.domain
  comment       = "Environment ${var.name}"
  force_destroy = !var.deletion_protection
  tags          = var.labels
}

resource "aws_acm_certificate" "this" {
  count = local.certificate_made ? 1 : 0

  domain_name               = var.domain
  subject_alternative_names = setsubtract(local.certificate_names, [var.domain])
  validation_method         = "DNS"
  tags                      = merge(var.labels, { Name = var.name })

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_route53_record" "proof" {
  for_each = local.proofs

  zone_id         = local.zone_id
  name            = [for option in aws_acm_certificate.this[0].domain_validation_options : option.resource_record_name if trimprefix(option.domain_name, "*.") == each.key][0]
  type            = [for option in aws_acm_certificate.this[0].domain_validation_options : option.resource_record_type if trimprefix(option.domain_name, "*.") == each.key][0]
  records         = [[for option in aws_acm_certificate.this[0].domain_validation_options : option.resource_record_value if trimprefix(option.domain_name, "*.") == each.key][0]]
  ttl             = 300
  allow_overwrite = true # the proof of a name is the same for every certificate of the account, also of the one before
}

resource "aws_acm_certificate_validation" "this" {
  count = local.certificate_made && var.certificate.wait ? 1 : 0

  certificate_arn         = aws_acm_certificate.this[0].arn
  validation_record_fqdns = [for record in aws_route53_record.proof : record.fqdn]

  timeouts {
    create = "30m"
  }
}
