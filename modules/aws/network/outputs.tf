output "cidr" {
  description = "IPv4 range of the VPC."
  value       = local.cidr
  precondition {
    condition     = length(local.overlapping) == 0
    error_message = "cidr ${local.cidr} overlaps reserved_cidrs: ${join(", ", local.overlapping)}; choose ranges that do not overlap."
  }
}

output "data_subnet_ids" {
  description = "Subnets without any route to the internet, for databases and caches, in the order of the zones."
  value       = local.data_subnet_ids
  depends_on  = [aws_route_table_association.data]
}

output "endpoint_security_group_id" {
  description = "Security group of the interface endpoints; null where none is made."
  value       = one(aws_security_group.endpoints[*].id)
}

output "flow_log_group_name" {
  description = "Log group of the flow logs; null without them and for an existing network."
  value       = one(aws_cloudwatch_log_group.flow_logs[*].name)
}

output "gateway_endpoint_ids" {
  description = "Id of each gateway endpoint, by service."
  value       = { for service, endpoint in aws_vpc_endpoint.gateway : service => endpoint.id }
}

output "interface_endpoint_ids" {
  description = "Id of each interface endpoint, by service."
  value       = { for service, endpoint in aws_vpc_endpoint.interface : service => endpoint.id }
}

output "nat_public_ips" {
  description = "Addresses that the private subnets reach the internet from, by zone; partners allow them."
  value       = { for zone, address in aws_eip.nat : zone => address.public_ip }
}

output "private_route_table_ids" {
  description = "Route table of the private subnets, by zone."
  value       = { for zone, table in aws_route_table.private : zone => table.id }
}

output "private_subnet_ids" {
  description = "Subnets for nodes and tasks, in the order of the zones; usable once their ways out exist."
  value       = local.private_subnet_ids
  depends_on  = [aws_route.private, aws_route_table_association.private, aws_vpc_endpoint.gateway, aws_vpc_endpoint.interface, aws_vpc_security_group_ingress_rule.endpoints]
}

output "public_subnet_ids" {
  description = "Subnets for internet-facing load balancers, in the order of the zones; usable once their way out exists."
  value       = local.public_subnet_ids
  depends_on  = [aws_route.public, aws_route_table_association.public]
}

output "vpc_id" {
  description = "Id of the VPC."
  value       = local.vpc_id
}

output "zones" {
  description = "Availability zones of the subnets."
  value       = local.zones
}
