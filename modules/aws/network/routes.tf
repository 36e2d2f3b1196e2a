resource "aws_eip" "nat" {
  for_each = local.nat_zones

  domain = "vpc"
  tags   = merge(var.labels, { Name = "${var.name}-nat-${each.key}" })

  depends_on = [aws_internet_gateway.this]
}

resource "aws_nat_gateway" "this" {
  for_each = local.nat_zones

  allocation_id = aws_eip.nat[each.key].id
  subnet_id     = aws_subnet.public[each.key].id
  tags          = merge(var.labels, { Name = "${var.name}-${each.key}" })

  depends_on = [aws_internet_gateway.this, aws_route.public]
}

resource "aws_route_table" "public" {
  count = local.make ? 1 : 0

  vpc_id = aws_vpc.this[0].id
  tags   = merge(var.labels, { Name = "${var.name}-public" })
}

resource "aws_route" "public" {
  count = local.make ? 1 : 0

  route_table_id         = aws_route_table.public[0].id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.this[0].id
}

resource "aws_route_table_association" "public" {
  for_each = local.zone_index

  route_table_id = aws_route_table.public[0].id
  subnet_id      = aws_subnet.public[each.key].id
}

resource "aws_route_table" "private" {
  for_each = local.zone_index

  vpc_id = aws_vpc.this[0].id
  tags   = merge(var.labels, { Name = "${var.name}-private-${each.key}" })
}

resource "aws_route" "private" {
  for_each = { for zone, index in local.zone_index : zone => var.nat == "single" ? var.zones[0] : zone if var.nat != "none" }

  route_table_id         = aws_route_table.private[each.key].id
  destination_cidr_block = "0.0.0.0/0"
  nat_gateway_id         = aws_nat_gateway.this[each.value].id
}

resource "aws_route_table_association" "private" {
  for_each = local.zone_index

  route_table_id = aws_route_table.private[each.key].id
  subnet_id      = aws_subnet.private[each.key].id
}

# No aws_route names this table, which is what keeps the data subnets off the internet.
resource "aws_route_table" "data" {
  count = local.make ? 1 : 0

  vpc_id = aws_vpc.this[0].id
  tags   = merge(var.labels, { Name = "${var.name}-data" })
}

resource "aws_route_table_association" "data" {
  for_each = local.zone_index

  route_table_id = aws_route_table.data[0].id
  subnet_id      = aws_subnet.data[each.key].id
}
