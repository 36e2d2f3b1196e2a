locals {
  make = var.existing == null

  cidr               = local.make ? var.cidr : var.existing.cidr
  vpc_id             = local.make ? one(aws_vpc.this[*].id) : var.existing.vpc_id
  zones              = local.make ? var.zones : var.existing.zones
  public_subnet_ids  = local.make ? [for zone in var.zones : aws_subnet.public[zone].id] : var.existing.public_subnet_ids
  private_subnet_ids = local.make ? [for zone in var.zones : aws_subnet.private[zone].id] : var.existing.private_subnet_ids
  data_subnet_ids    = local.make ? [for zone in var.zones : aws_subnet.data[zone].id] : var.existing.data_subnet_ids
}

resource "aws_vpc" "this" {
  count = local.make ? 1 : 0

  cidr_block           = var.cidr
  enable_dns_support   = true
  enable_dns_hostnames = true
  tags                 = merge(var.labels, { Name = var.name })

  lifecycle {
    precondition {
      condition     = length(var.zones) >= 2 && length(var.zones) <= 3
      error_message = "zones must name 2 or 3 availability zones of the region; found ${length(var.zones)}."
    }
    precondition {
      condition     = alltrue([for zone in var.zones : startswith(zone, var.account.region)])
      error_message = "zones must be of account.region, ${var.account.region}; found ${join(", ", var.zones)}."
    }
    precondition {
      condition     = var.nat != "none" || length(var.cluster_names) == 0 || length(local.missing_endpoints) == 0
      error_message = "nat = none leaves the nodes of a cluster without a way to AWS; add endpoints: ${join(", ", local.missing_endpoints)}."
    }
  }
}

# Without rules the group that resources fall into by omission lets nothing in or out.
resource "aws_default_security_group" "closed" {
  count = local.make ? 1 : 0

  vpc_id = aws_vpc.this[0].id
  tags   = merge(var.labels, { Name = "${var.name}-default-closed" })
}

resource "aws_internet_gateway" "this" {
  count = local.make ? 1 : 0

  vpc_id = aws_vpc.this[0].id
  tags   = merge(var.labels, { Name = var.name })
}
