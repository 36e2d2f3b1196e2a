locals {
  certified = { for key, site in var.sites : key => site if length(site.hosts) > 0 && site.certificate == null }
  proofs    = merge([for key, site in local.certified : { for host in site.hosts : host => key }]...)
  certificate_arns = { for key, site in var.sites : key =>
    length(site.hosts) == 0 ? null : site.certificate != null ? site.certificate.arn : aws_acm_certificate_validation.this[key].certificate_arn
  }
}

resource "aws_acm_certificate" "this" {
  for_each = local.certified

  domain_name               = sort(each.value.hosts)[0]
  subject_alternative_names = setsubtract(each.value.hosts, [sort(each.value.hosts)[0]])
  validation_method         = "DNS"
  tags                      = merge(var.labels, each.value.labels, { Name = each.value.name })

  lifecycle {
    create_before_destroy = true
    postcondition {
      condition     = strcontains(self.arn, ":us-east-1:")
      error_message = "CloudFront takes certificates of us-east-1 only: give this module a provider for us-east-1 (providers = { aws = aws.us_east_1 })."
    }
  }
}

resource "aws_route53_record" "proof" {
  for_each = local.proofs

  zone_id         = var.zone.id
  name            = one([for option in aws_acm_certificate.this[each.value].domain_validation_options : option.resource_record_name if option.domain_name == each.key])
  type            = one([for option in aws_acm_certificate.this[each.value].domain_validation_options : option.resource_record_type if option.domain_name == each.key])
  records         = [one([for option in aws_acm_certificate.this[each.value].domain_validation_options : option.resource_record_value if option.domain_name == each.key])]
  ttl             = 300
  allow_overwrite = true # the proof of a name is the same for every certificate of the account, also of the one before
}

resource "aws_acm_certificate_validation" "this" {
  for_each = local.certified

  certificate_arn         = aws_acm_certificate.this[each.key].arn
  validation_record_fqdns = [for host in each.value.hosts : aws_route53_record.proof[host].fqdn]

  timeouts {
    create = "30m"
  }
}
