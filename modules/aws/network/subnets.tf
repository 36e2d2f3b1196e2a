# The range is cut in quarters. The first three are the private subnets of up to three zones, because pods take their addresses
# there; the last is cut in eighths, four for public and four for data subnets. A third zone added later moves nothing.
locals {
  zone_index = { for index, zone in var.zones : zone => index if local.make }
  cluster_tags = {
    for cluster in var.cluster_names : "kubernetes.io/cluster/${cluster}" => "shared"
  }
  nat_zones = toset(
    !local.make || var.nat == "none" ? [] :
    var.nat == "single" ? slice(var.zones, 0, min(1, length(var.zones))) : var.zones
  )
}

resource "aws_subnet" "public" {
  for_each = local.zone_index

  vpc_id                  = aws_vpc.this[0].id
  availability_zone       = each.key
  cidr_block              = cidrsubnet(var.cidr, 5, 24 + each.value)
  map_public_ip_on_launch = false
  tags = merge(var.labels, local.cluster_tags, {
    Name                     = "${var.name}-public-${each.key}"
    "kubernetes.io/role/elb" = "1"
  })
}

resource "aws_subnet" "private" {
  for_each = local.zone_index

  vpc_id            = aws_vpc.this[0].id
  availability_zone = each.key
  cidr_block        = cidrsubnet(var.cidr, 2, each.value)
  tags = merge(var.labels, local.cluster_tags, {
    Name                              = "${var.name}-private-${each.key}"
    "kubernetes.io/role/internal-elb" = "1"
  })
}

resource "aws_subnet" "data" {
  for_each = local.zone_index

  vpc_id            = aws_vpc.this[0].id
  availability_zone = each.key
  cidr_block        = cidrsubnet(var.cidr, 5, 28 + each.value)
  tags              = merge(var.labels, { Name = "${var.name}-data-${each.key}" })
}
