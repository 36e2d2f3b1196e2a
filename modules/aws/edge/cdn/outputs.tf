output "certificate_arns" {
  description = "Certificate, by site; null where the site only answers on CloudFront's own host name."
  value       = {}
}

output "distribution_arns" {
  description = "ARN of the distribution, by site; the bucket's policy allows it to read."
  value       = {}
}

output "distribution_ids" {
  description = "Id of the distribution, by site; a release invalidates its cache by it."
  value       = {}
}

output "domain_names" {
  description = "CloudFront's own host name, by site."
  value       = {}
}

output "urls" {
  description = "Addresses that a site answers on, by site; usable once the DNS records exist."
  value       = {}
}

output "web_acl_arn" {
  description = "Web ACL before the sites; null where none is made."
  value       = null
}
