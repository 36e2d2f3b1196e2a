# Whether two ranges overlap is arithmetic on their first and last address as numbers.
locals {
  ranges = { for name, cidr in merge(var.reserved_cidrs, { (local.own_range) = local.cidr }) : name => {
    first = sum([for index, octet in split(".", cidrhost(cidr, 0)) : tonumber(octet) * pow(256, 3 - index)])
    size  = pow(2, 32 - tonumber(split("/", cidr)[1]))
  } }
  own_range = "the VPC itself"
  overlapping = [
    for name, range in local.ranges : "${name} (${var.reserved_cidrs[name]})"
    if name != local.own_range &&
    range.first < local.ranges[local.own_range].first + local.ranges[local.own_range].size &&
    local.ranges[local.own_range].first < range.first + range.size
  ]
}
