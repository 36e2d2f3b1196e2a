output "cidr" {
  description = "IPv4 range of the VPC."
  value       = local.cidr
}

output "data_subnet_ids" {
  description = "Subnets without any route to the internet, for databases and caches, in the order of the zones."
  value       = local.data_subnet_ids
}

output "endpoint_security_group_id" {
  description = "Security group of the interface endpoints; null where none is made."
  value       = null
}

output "flow_log_group_name" {
  description = "Log group of the flow logs; null for an existing network."
  value       = null
}

output "gateway_endpoint_ids" {
  description = "Id of each gateway endpoint, by service."
  value       = {}
}

output "interface_endpoint_ids" {
  description = "Id of each interface endpoint, by service."
  value       = {}
}

output "nat_public_ips" {
  description = "Addresses that the private subnets reach the internet from, by zone; partners allow them."
  value       = {}
}

output "private_route_table_ids" {
  description = "Route table of the private subnets, by zone."
  value       = {}
}

output "private_subnet_ids" {
  description = "Subnets for nodes and tasks, in the order of the zones; usable once their way out exists."
  value       = local.private_subnet_ids
}

output "public_subnet_ids" {
  description = "Subnets for internet-facing load balancers, in the order of the zones."
  value       = local.public_subnet_ids
}

output "vpc_id" {
  description = "Id of the VPC."
  value       = local.vpc_id
}

output "zones" {
  description = "Availability zones of the subnets."
  value       = local.zones
}
