locals {
  gpu_families = {
    g4dn = "t4", g5 = "a10g", g5g = "t4g", g6 = "l4", gr6 = "l4", g6e = "l40s", p3 = "v100", p3dn = "v100", p4d = "a100", p4de = "a100",
    p5   = "h100", p5e = "h200", p5en = "h200"
  }
  # Machine types of these families that are not listed have one GPU.
  gpu_counts = {
    "g4dn.12xlarge" = 4, "g4dn.metal" = 8, "g5.12xlarge" = 4, "g5.24xlarge" = 4, "g5.48xlarge" = 8, "g5g.16xlarge" = 2, "g5g.metal" = 2,
    "g6.12xlarge"   = 4, "g6.24xlarge" = 4, "g6.48xlarge" = 8, "g6e.12xlarge" = 4, "g6e.24xlarge" = 4, "g6e.48xlarge" = 8,
    "p3.8xlarge"    = 4, "p3.16xlarge" = 8, "p3dn.24xlarge" = 8, "p4d.24xlarge" = 8, "p4de.24xlarge" = 8, "p5.48xlarge" = 8,
    "p5e.48xlarge"  = 8, "p5en.48xlarge" = 8
  }
  # Graviton types have a g after their generation, as in m7g and c7gn; g5 and g6 have it before.
  arm_machine = "^([a-z]+[0-9]+g[a-z]*|a1)\\."

  taint_effects = { NoExecute = "NO_EXECUTE", NoSchedule = "NO_SCHEDULE", PreferNoSchedule = "PREFER_NO_SCHEDULE" }

  node_pools = { for name, pool in var.node_pools : name => {
    min     = pool.min
    max     = pool.max
    desired = coalesce(pool.desired, pool.min)
    spot    = pool.spot
    gpu     = pool.gpu
    arch    = can(regex(local.arm_machine, pool.machine_types[0])) ? "arm64" : "amd64"
    labels = merge(pool.labels, {
      "inferloop.io/pool"     = name
      "inferloop.io/capacity" = pool.spot ? "spot" : "on-demand"
      }, {
      for label, value in {
        "inferloop.io/gpu-type"  = try(pool.gpu.type, null)
        "inferloop.io/gpu-count" = try(tostring(pool.gpu.count), null)
      } : label => value if value != null
    })
    taints = values(merge(
      { for taint in pool.taints : "${taint.key}:${taint.effect}" => { key = taint.key, value = taint.value, effect = taint.effect } },
      { for key in ["nvidia.com/gpu"] : "${key}:NoSchedule" => { key = key, value = "present", effect = "NoSchedule" } if pool.gpu != null },
      { for key in ["inferloop.io/spot"] : "${key}:NoSchedule" => { key = key, value = "true", effect = "NoSchedule" } if pool.spot && pool.spot_taint },
    ))
  } }
  untainted_pools = [for name, pool in local.node_pools : name if length(pool.taints) == 0 && pool.desired >= 1]

  made_pools = local.make ? var.node_pools : {}
  ami_types = { for name, pool in local.node_pools : name => join("_", [
    "AL2023", pool.arch == "arm64" ? "ARM_64" : "x86_64", pool.gpu == null ? "STANDARD" : "NVIDIA",
  ]) }
  # What EKS can change only by a new node group is part of the group's name, so that the new one is there before the old one goes.
  node_group_names = { for name, pool in var.node_pools : name => "${name}-${substr(sha256(jsonencode([
    pool.machine_types, pool.spot, local.ami_types[name], length(var.network.private_subnet_ids),
  ])), 0, 8)}" }
}

resource "aws_iam_role" "node" {
  count = local.make ? 1 : 0

  name                 = "${var.name}-eks-node"
  description          = "Nodes of the EKS cluster ${var.name}"
  permissions_boundary = var.permissions_boundary_arn
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "ec2.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
  tags = var.labels
}

# The network plug-in has a role of its own: what pods may do to interfaces is not given to the node.
resource "aws_iam_role_policy_attachment" "node" {
  for_each = toset(local.make ? ["AmazonEC2ContainerRegistryPullOnly", "AmazonEKSWorkerNodePolicy"] : [])

  role       = aws_iam_role.node[0].name
  policy_arn = "${local.managed_policies}/${each.key}"
}

# Nodes talk to the control plane through the group that EKS keeps. This one has no rules: it says who is a node, so that databases,
# caches and file systems admit nodes and not the control plane.
resource "aws_security_group" "nodes" {
  count = local.make ? 1 : 0

  name        = "${var.name}-eks-nodes"
  description = "Nodes of the EKS cluster ${var.name}"
  vpc_id      = var.network.vpc_id
  tags        = merge(var.labels, { Name = "${var.name}-eks-nodes" })
}

resource "aws_launch_template" "node" {
  for_each = local.made_pools

  name                   = "${var.name}-${each.key}"
  description            = "Nodes of pool ${each.key} of the EKS cluster ${var.name}"
  update_default_version = true
  vpc_security_group_ids = [local.security_group_id, local.node_security_group_id]
  tags                   = merge(var.labels, each.value.tags)

  block_device_mappings {
    device_name = "/dev/xvda"
    ebs {
      volume_type           = "gp3"
      volume_size           = each.value.disk_gb
      encrypted             = "true"
      kms_key_id            = local.volumes_key_arn
      delete_on_termination = "true"
    }
  }

  # One hop ends in the node's own network namespace: pods cannot take the node's role, and have pod identity for their own.
  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
    instance_metadata_tags      = "disabled"
  }

  monitoring {
    enabled = true
  }

  dynamic "tag_specifications" {
    for_each = toset(["instance", "network-interface", "volume"])
    content {
      resource_type = tag_specifications.value
      tags          = merge(var.labels, each.value.tags, { Name = "${var.name}-${each.key}" })
    }
  }
}

resource "aws_eks_node_group" "this" {
  for_each = local.made_pools

  cluster_name    = local.name
  node_group_name = local.node_group_names[each.key]
  node_role_arn   = aws_iam_role.node[0].arn
  subnet_ids      = var.network.private_subnet_ids
  version         = coalesce(each.value.kubernetes_version, var.kubernetes_version)
  ami_type        = local.ami_types[each.key]
  capacity_type   = each.value.spot ? "SPOT" : "ON_DEMAND"
  instance_types  = each.value.machine_types
  labels          = local.node_pools[each.key].labels
  tags            = merge(var.labels, each.value.tags)

  launch_template {
    id      = aws_launch_template.node[each.key].id
    version = tostring(aws_launch_template.node[each.key].latest_version)
  }

  node_repair_config {
    enabled = true
  }

  scaling_config {
    min_size     = each.value.min
    max_size     = each.value.max
    desired_size = local.node_pools[each.key].desired
  }

  dynamic "taint" {
    for_each = local.node_pools[each.key].taints
    content {
      key    = taint.value.key
      value  = taint.value.value
      effect = local.taint_effects[taint.value.effect]
    }
  }

  update_config {
    max_unavailable_percentage = each.value.max_unavailable_percent
  }

  # Without their policies and network, nodes would come up and never become ready.
  depends_on = [aws_eks_addon.base, aws_eks_addon.network, aws_iam_role_policy_attachment.node, aws_kms_key.volumes]

  lifecycle {
    create_before_destroy = true
    # Cluster Autoscaler moves the desired size between the limits all day; a plan must not move it back:
    # https://github.com/kubernetes/autoscaler/blob/master/cluster-autoscaler/cloudprovider/aws/README.md
    ignore_changes = [scaling_config[0].desired_size]
  }
}
