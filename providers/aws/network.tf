locals {
  # The short names of environment.network.endpoints, as EC2 names the services; the cluster's own come along without NAT.
  interface_endpoints = merge(
    { for name in ["sts", "secretsmanager", "sqs", "logs", "monitoring"] : name => [name] },
    { ecr = ["ecr.api", "ecr.dkr"] },
  )
  cluster_endpoints = local.make_cluster && var.environment.network.nat == "none" ? ["ec2", "ecr.api", "ecr.dkr", "eks", "eks-auth", "elasticloadbalancing", "sts"] : []
}

module "network" {
  source = "../../modules/aws/network"

  name                = local.name
  labels              = local.labels
  account             = local.account
  deletion_protection = local.deletion_protection
  cidr                = var.environment.network.cidr
  zones               = var.environment.network.zones
  nat                 = var.environment.network.nat
  cluster_names       = local.make_cluster && var.eks_config.existing == null ? [local.name] : []
  flow_logs = (
    !var.environment.network.flow_logs.enabled ? null :
    { retention_days = module.base.retention_days.flow_logs }
  )
  gateway_endpoints   = setintersection(var.environment.network.endpoints, ["s3", "dynamodb"])
  interface_endpoints = setunion(flatten([for name in var.environment.network.endpoints : lookup(local.interface_endpoints, name, [])]), local.cluster_endpoints)
  reserved_cidrs      = module.base.reserved_cidrs
  existing            = var.environment.network.existing
}

locals {
  network = {
    vpc_id             = module.network.vpc_id
    cidr               = module.network.cidr
    public_subnet_ids  = module.network.public_subnet_ids
    private_subnet_ids = module.network.private_subnet_ids
    data_subnet_ids    = module.network.data_subnet_ids
  }
}
