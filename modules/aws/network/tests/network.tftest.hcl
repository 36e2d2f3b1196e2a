mock_provider "aws" {
  mock_resource "aws_kms_key" {
    defaults = { arn = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab", key_id = "1234abcd-12ab-34cd-56ef-1234567890ab" }
  }
  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:eu-central-1:111122223333:log-group:/inferloop/acme-dev/flow-logs" }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::111122223333:role/acme-dev-flow-logs" }
  }
}

variables {
  name      = "acme-dev"
  account   = { id = "111122223333", region = "eu-central-1" }
  cidr      = "10.20.0.0/16"
  zones     = ["eu-central-1a", "eu-central-1b", "eu-central-1c"]
  labels    = { Project = "acme" }
  nat       = "per-zone"
  flow_logs = { retention_days = 30 }
  reserved_cidrs = {
    "kubernetes services" = "172.20.0.0/16"
    "staging"             = "10.19.0.0/16"
    "prod"                = "10.21.0.0/16"
  }
}

run "three_zones_with_a_nat_each" {
  command = apply

  variables {
    cluster_names = ["acme-dev"]
  }

  assert {
    condition = { for zone, subnet in aws_subnet.private : zone => subnet.cidr_block } == {
      "eu-central-1a" = "10.20.0.0/18", "eu-central-1b" = "10.20.64.0/18", "eu-central-1c" = "10.20.128.0/18"
    }
    error_message = "The private subnets must take the first three quarters, one per zone."
  }
  assert {
    condition = { for zone, subnet in aws_subnet.public : zone => subnet.cidr_block } == {
      "eu-central-1a" = "10.20.192.0/21", "eu-central-1b" = "10.20.200.0/21", "eu-central-1c" = "10.20.208.0/21"
    }
    error_message = "The public subnets must take the first half of the last quarter."
  }
  assert {
    condition = { for zone, subnet in aws_subnet.data : zone => subnet.cidr_block } == {
      "eu-central-1a" = "10.20.224.0/21", "eu-central-1b" = "10.20.232.0/21", "eu-central-1c" = "10.20.240.0/21"
    }
    error_message = "The data subnets must take the second half of the last quarter."
  }
  assert {
    condition     = alltrue([for subnet in concat(values(aws_subnet.public), values(aws_subnet.private), values(aws_subnet.data)) : subnet.map_public_ip_on_launch != true])
    error_message = "No subnet may hand out public addresses by itself."
  }
  assert {
    condition     = { for zone, route in aws_route.private : zone => route.nat_gateway_id } == { for zone, gateway in aws_nat_gateway.this : zone => gateway.id } && length(aws_nat_gateway.this) == 3
    error_message = "With nat = per-zone every zone must leave through its own gateway."
  }
  assert {
    condition     = length(setintersection([for route in concat(values(aws_route.private), aws_route.public) : route.route_table_id], aws_route_table.data[*].id)) == 0 && alltrue([for association in aws_route_table_association.data : association.route_table_id == aws_route_table.data[0].id])
    error_message = "The data subnets must have no route to the internet."
  }
  assert {
    condition = alltrue(concat(
      [for subnet in aws_subnet.public : subnet.tags["kubernetes.io/role/elb"] == "1" && subnet.tags["kubernetes.io/cluster/acme-dev"] == "shared"],
      [for subnet in aws_subnet.private : subnet.tags["kubernetes.io/role/internal-elb"] == "1" && subnet.tags["kubernetes.io/cluster/acme-dev"] == "shared"],
      [for subnet in aws_subnet.data : !contains(keys(subnet.tags), "kubernetes.io/cluster/acme-dev") && subnet.tags["Project"] == "acme"],
    ))
    error_message = "Public and private subnets must carry the tags that load balancer controllers look for, data subnets must not."
  }
  assert {
    condition     = length(aws_default_security_group.closed[0].ingress) == 0 && length(aws_default_security_group.closed[0].egress) == 0
    error_message = "The default security group must let nothing in or out."
  }
  assert {
    condition     = keys(aws_vpc_endpoint.interface) == ["ecr.api", "ecr.dkr", "logs", "monitoring", "secretsmanager", "sqs", "sts"] && keys(aws_vpc_endpoint.gateway) == ["dynamodb", "s3"]
    error_message = "The default endpoints must cover S3, DynamoDB, ECR, STS, Secrets Manager, SQS and CloudWatch."
  }
  assert {
    condition     = alltrue([for endpoint in aws_vpc_endpoint.interface : endpoint.private_dns_enabled && endpoint.subnet_ids == toset(output.private_subnet_ids) && endpoint.security_group_ids == toset([output.endpoint_security_group_id])])
    error_message = "Interface endpoints must stand in the private subnets, answer on the service's own name and have their own security group."
  }
  assert {
    condition     = aws_vpc_security_group_ingress_rule.endpoints[0].cidr_ipv4 == "10.20.0.0/16" && aws_vpc_security_group_ingress_rule.endpoints[0].from_port == 443 && aws_vpc_security_group_ingress_rule.endpoints[0].to_port == 443
    error_message = "Endpoints must take HTTPS from the VPC only."
  }
  assert {
    condition     = jsondecode(aws_vpc_endpoint.interface["sqs"].policy).Statement[0].Condition.StringEquals["aws:PrincipalAccount"] == "111122223333"
    error_message = "The SQS endpoint must serve principals of the own account only."
  }
  assert {
    condition     = aws_vpc_endpoint.gateway["s3"].route_table_ids == toset(concat(aws_route_table.data[*].id, values(output.private_route_table_ids)))
    error_message = "The S3 endpoint must serve the private and the data subnets."
  }
  assert {
    condition     = aws_cloudwatch_log_group.flow_logs[0].kms_key_id == aws_kms_key.flow_logs[0].arn && aws_cloudwatch_log_group.flow_logs[0].retention_in_days == 30 && aws_kms_key.flow_logs[0].enable_key_rotation && aws_kms_key.flow_logs[0].deletion_window_in_days == 30
    error_message = "Flow logs must be encrypted with a rotated key and kept as long as asked."
  }
  assert {
    condition     = aws_flow_log.this[0].traffic_type == "ALL" && aws_flow_log.this[0].log_destination == aws_cloudwatch_log_group.flow_logs[0].arn && aws_flow_log.this[0].iam_role_arn == aws_iam_role.flow_logs[0].arn
    error_message = "The VPC must log all traffic to its group."
  }
  assert {
    condition     = jsondecode(aws_iam_role_policy.flow_logs[0].policy).Statement[0].Resource == "arn:aws:logs:eu-central-1:111122223333:log-group:/inferloop/acme-dev/flow-logs:*"
    error_message = "The flow log role may write to its own group only."
  }
  assert {
    condition     = output.zones == tolist(var.zones) && tolist(output.public_subnet_ids) == tolist([for zone in var.zones : aws_subnet.public[zone].id]) && tolist(output.data_subnet_ids) == tolist([for zone in var.zones : aws_subnet.data[zone].id]) && tolist(output.private_subnet_ids) == tolist([for zone in var.zones : aws_subnet.private[zone].id])
    error_message = "Subnet ids must be listed in the order of the zones."
  }
  assert {
    condition     = output.flow_log_group_name == "/inferloop/acme-dev/flow-logs" && tolist(keys(output.nat_public_ips)) == tolist(var.zones) && output.vpc_id == aws_vpc.this[0].id && output.cidr == "10.20.0.0/16"
    error_message = "Outputs must describe what was made."
  }
}

run "one_nat_for_all_zones_and_a_key_that_is_brought" {
  command = plan

  variables {
    nat                 = "single"
    deletion_protection = false
    interface_endpoints = []
    gateway_endpoints   = ["s3"]
    flow_logs           = { encryption_key = { arn = "arn:aws:kms:eu-central-1:111122223333:key/brought" } }
  }

  assert {
    condition     = keys(aws_nat_gateway.this) == ["eu-central-1a"] && length(aws_route.private) == 3 && length(aws_eip.nat) == 1
    error_message = "With nat = single all zones must leave through one gateway."
  }
  assert {
    condition     = length(aws_kms_key.flow_logs) == 0 && aws_cloudwatch_log_group.flow_logs[0].kms_key_id == "arn:aws:kms:eu-central-1:111122223333:key/brought"
    error_message = "A KMS key that is brought must be used, and none made."
  }
  assert {
    condition     = length(aws_security_group.endpoints) == 0 && length(aws_vpc_endpoint.interface) == 0 && keys(aws_vpc_endpoint.gateway) == ["s3"]
    error_message = "Without interface endpoints there must be no security group for them."
  }
}

run "no_nat_and_two_zones" {
  command = plan

  variables {
    nat                 = "none"
    zones               = ["eu-central-1b", "eu-central-1a"]
    deletion_protection = false
    cluster_names       = ["acme-dev"]
    flow_logs           = null
    interface_endpoints = ["ec2", "ecr.api", "ecr.dkr", "eks", "eks-auth", "elasticloadbalancing", "sts"]
  }

  assert {
    condition     = length(aws_nat_gateway.this) == 0 && length(aws_route.private) == 0 && length(aws_eip.nat) == 0
    error_message = "With nat = none the private subnets must have no way to the internet."
  }
  assert {
    condition     = aws_subnet.private["eu-central-1b"].cidr_block == "10.20.0.0/18" && aws_subnet.private["eu-central-1a"].cidr_block == "10.20.64.0/18"
    error_message = "The order of the zones must fix the ranges."
  }
  assert {
    condition     = length(aws_flow_log.this) + length(aws_cloudwatch_log_group.flow_logs) + length(aws_kms_key.flow_logs) + length(aws_iam_role.flow_logs) == 0 && output.flow_log_group_name == null
    error_message = "With flow_logs = null nothing may be made for them."
  }
}

run "existing_network_is_only_described" {
  command = plan

  variables {
    zones = []
    existing = {
      vpc_id             = "vpc-0a1b2c"
      cidr               = "10.50.0.0/16"
      private_subnet_ids = ["subnet-1", "subnet-2"]
      data_subnet_ids    = ["subnet-3"]
    }
  }

  assert {
    condition     = length(aws_vpc.this) + length(aws_subnet.private) + length(aws_vpc_endpoint.interface) + length(aws_flow_log.this) + length(aws_default_security_group.closed) + length(aws_kms_key.flow_logs) + length(aws_iam_role.flow_logs) == 0
    error_message = "Nothing may be made beside an existing network."
  }
  assert {
    condition     = output.vpc_id == "vpc-0a1b2c" && output.cidr == "10.50.0.0/16" && output.private_subnet_ids == tolist(["subnet-1", "subnet-2"]) && output.data_subnet_ids == tolist(["subnet-3"]) && output.flow_log_group_name == null
    error_message = "The outputs must be those of the existing network."
  }
}

run "overlap_inside_is_refused" {
  command = plan
  variables {
    reserved_cidrs = { prod = "10.20.128.0/20" }
  }
  expect_failures = [output.cidr]
}

run "overlap_around_an_existing_network_is_refused" {
  command = plan
  variables {
    existing       = { vpc_id = "vpc-1", cidr = "10.50.0.0/16", private_subnet_ids = ["subnet-1", "subnet-2"] }
    reserved_cidrs = { offices = "10.0.0.0/8" }
  }
  expect_failures = [output.cidr]
}

run "zones_of_another_region_are_refused" {
  command = plan
  variables {
    zones = ["eu-west-1a", "eu-west-1b", "eu-west-1c"]
  }
  expect_failures = [aws_vpc.this]
}

run "one_zone_is_refused" {
  command = plan
  variables {
    zones = ["eu-central-1a"]
  }
  expect_failures = [aws_vpc.this]
}

run "cluster_without_a_way_to_aws_is_refused" {
  command = plan
  variables {
    nat           = "none"
    cluster_names = ["acme-dev"]
  }
  expect_failures = [aws_vpc.this]
}

run "wrong_values_are_refused" {
  command = plan
  variables {
    account             = { id = "1111", region = "cn-north-1", partition = "aws-cn" }
    name                = "Acme_Dev"
    cidr                = "10.20.0.0/23"
    flow_logs           = { traffic = "SOME", aggregation_seconds = 90, retention_days = 31 }
    gateway_endpoints   = ["sqs"]
    interface_endpoints = ["com.amazonaws.eu-central-1.sqs"]
    nat                 = "two"
    reserved_cidrs      = { prod = "10.300.0.0/16" }
    zones               = ["eu-central-1a", "eu-central-1a"]
    existing            = { vpc_id = "x", cidr = "10.0/16", private_subnet_ids = ["subnet-1"] }
  }
  expect_failures = [
    var.account, var.name, var.cidr, var.flow_logs, var.gateway_endpoints, var.interface_endpoints, var.nat, var.reserved_cidrs,
    var.zones, var.existing,
  ]
}

run "a_key_without_deletion_protection_goes_after_7_days" {
  command = plan
  variables {
    deletion_protection = false
  }
  assert {
    condition     = aws_kms_key.flow_logs[0].deletion_window_in_days == 7
    error_message = "Without deletion protection the key must go after 7 days."
  }
}

run "a_range_with_host_bits_is_refused" {
  command = plan
  variables {
    cidr = "10.20.1.0/16"
  }
  expect_failures = [var.cidr]
}

run "values_that_are_known_after_apply_only_can_be_planned" {
  command = plan

  module {
    source = "./tests/unknown"
  }

  assert {
    condition     = module.network.flow_log_group_name == "/inferloop/acme-dev/flow-logs"
    error_message = "A KMS key made in the same apply must be usable."
  }
}
