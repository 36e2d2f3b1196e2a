output "certificate_arn" {
  description = "Certificate of the load balancer; usable once it is issued; null without a domain."
  value       = null
}

output "controller_role_arns" {
  description = "Role of each in-cluster controller: load_balancer, external_dns, cert_manager."
  value       = {}
}

output "domain" {
  description = "Domain of the environment; null where none is set."
  value       = var.domain
}

output "load_balancer_security_group_id" {
  description = "Security group for the load balancers in front of the cluster."
  value       = local.load_balancer_security_group_id
}

output "name_servers" {
  description = "Name servers to delegate the domain to; empty for an existing zone."
  value       = []
}

output "web_acl_arn" {
  description = "Web ACL to put before load balancers; null where none is made."
  value       = null
}

output "web_acl_log_group_name" {
  description = "Log group of the web ACL made here; null where none is made."
  value       = null
}

output "zone_id" {
  description = "Route 53 zone of the domain; null without a domain."
  value       = null
}
