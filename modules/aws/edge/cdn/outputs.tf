output "certificate_arns" {
  description = "Certificate, by site; null where the site only answers on CloudFront's own host name."
  value       = local.certificate_arns
}

output "distribution_arns" {
  description = "ARN of the distribution, by site; the policies of the bucket and of its key let it read."
  value       = { for key, distribution in aws_cloudfront_distribution.this : key => distribution.arn }
}

output "distribution_ids" {
  description = "Id of the distribution, by site; a release invalidates its cache by it."
  value       = { for key, distribution in aws_cloudfront_distribution.this : key => distribution.id }
}

output "domain_names" {
  description = "CloudFront's own host name, by site."
  value       = { for key, distribution in aws_cloudfront_distribution.this : key => distribution.domain_name }
}

output "urls" {
  description = "Addresses that the site answers on, by site; usable once the DNS records exist."
  value = { for key, site in var.sites : key => [
    for host in length(site.hosts) > 0 ? sort(site.hosts) : [aws_cloudfront_distribution.this[key].domain_name] : "https://${host}/"
  ] }
  depends_on = [aws_route53_record.site]
}

output "web_acl_arn" {
  description = "Web ACL before the sites that bring none; null where none is made."
  value       = one(aws_wafv2_web_acl.this[*].arn)
}
