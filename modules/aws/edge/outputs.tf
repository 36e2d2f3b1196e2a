output "certificate_arn" {
  description = "Certificate of the load balancer; usable once it is issued; null without a domain."
  value       = local.certificate_made ? aws_acm_certificate.this[0].arn : one([for certificate in var.existing.certificate[*] : certificate.arn])
  depends_on  = [aws_acm_certificate_validation.this]
}

output "controller_policies" {
  description = "Policy, as JSON, of each controller in the cluster: load-balancer and, with a domain, cert-manager and external-dns; none without a cluster."
  value       = local.controller_policies
}

output "domain" {
  description = "Domain of the environment; null where none is set."
  value       = var.domain
}

output "load_balancer_security_group_id" {
  description = "Security group for the load balancers in front of the cluster."
  value       = aws_security_group.load_balancer.id
}

output "name_servers" {
  description = "Name servers to delegate the domain to; empty without a zone made here."
  value       = flatten(aws_route53_zone.this[*].name_servers)
}

output "web_acl_arn" {
  description = "Web ACL to put before load balancers; null where none is made or brought."
  value       = length(local.web_acl) > 0 ? aws_wafv2_web_acl.this[0].arn : one([for acl in var.existing.web_acl[*] : acl.arn])
  depends_on  = [aws_wafv2_web_acl_logging_configuration.this]
}

output "web_acl_log_group_name" {
  description = "Log group of the web ACL made here; null where none is made."
  value       = one(aws_cloudwatch_log_group.web_acl[*].name)
}

output "zone_id" {
  description = "Route 53 zone of the domain; null without a domain."
  value       = local.zone_id
}
