locals {
  pool_labels = { for key, pool in var.pools : key => merge(var.labels, pool.labels) }

  # A queue tries its compute environments in order: spot first, on demand where spot has no capacity.
  options = { for key, pool in var.pools : key => concat(pool.spot ? ["spot"] : [], !pool.spot || pool.on_demand_fallback ? ["on-demand"] : []) }
  environments = merge([
    for key, options in local.options : { for option in options : "${key}/${option}" => merge(var.pools[key], { pool = key, option = option }) }
  ]...)

  # Families wide enough that spot capacity is found; Batch picks the sizes.
  default_types = {
    gpu    = ["g4dn", "g5", "g6"]
    x86_64 = ["c6i", "c7i", "m6i", "m7i", "r6i"]
    arm64  = ["c6g", "c7g", "m6g", "m7g", "r6g"]
  }
  instance_types = {
    for key, pool in var.pools : key => pool.instance_types != null ? pool.instance_types : local.default_types[pool.gpu ? "gpu" : pool.architecture]
  }
  image_types = { for key, pool in var.pools : key => pool.gpu ? "ECS_AL2023_NVIDIA" : "ECS_AL2023" }
  count       = length(var.pools) > 0 ? 1 : 0
}

resource "aws_batch_compute_environment" "this" {
  for_each = local.environments

  # A change of what cannot be changed makes a new one first, which needs a name of its own.
  compute_environment_name_prefix = "${var.name}-${replace(each.key, "/", "-")}-"
  type                            = "MANAGED"
  tags                            = local.pool_labels[each.value.pool]

  compute_resources {
    type                = each.value.option == "spot" ? "SPOT" : "EC2"
    allocation_strategy = each.value.option == "spot" ? "SPOT_PRICE_CAPACITY_OPTIMIZED" : "BEST_FIT_PROGRESSIVE"
    min_vcpus           = each.value.min_vcpus
    max_vcpus           = each.value.max_vcpus
    instance_role       = aws_iam_instance_profile.node[0].arn
    instance_type       = local.instance_types[each.value.pool]
    security_group_ids  = [aws_security_group.this[0].id]
    subnets             = var.network.private_subnet_ids
    tags                = merge(local.pool_labels[each.value.pool], { Name = "${var.name}-batch-${each.value.pool}" })

    ec2_configuration {
      image_type = local.image_types[each.value.pool]
    }

    launch_template {
      launch_template_id = aws_launch_template.this[each.value.pool].id
      version            = "$Latest"
    }
  }

  update_policy {
    job_execution_timeout_minutes = 30
    terminate_jobs_on_update      = false
  }

  lifecycle {
    create_before_destroy = true
  }

  depends_on = [aws_iam_role_policy_attachment.node]
}

resource "aws_batch_job_queue" "this" {
  for_each = var.pools

  name     = "${var.name}-${each.key}"
  state    = "ENABLED"
  priority = each.value.priority
  tags     = local.pool_labels[each.key]

  dynamic "compute_environment_order" {
    for_each = local.options[each.key]
    content {
      order               = compute_environment_order.key
      compute_environment = aws_batch_compute_environment.this["${each.key}/${compute_environment_order.value}"].arn
    }
  }
}

resource "aws_launch_template" "this" {
  for_each = var.pools

  name                   = "${var.name}-batch-${each.key}"
  update_default_version = true
  tags                   = local.pool_labels[each.key]

  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }

  block_device_mappings {
    device_name = "/dev/xvda"
    ebs {
      encrypted             = true
      kms_key_id            = try(var.encryption_key.arn, null)
      volume_type           = "gp3"
      volume_size           = each.value.disk_gb
      delete_on_termination = true
    }
  }
}

resource "aws_security_group" "this" {
  count = local.count

  name        = "${var.name}-batch"
  description = "Nodes of AWS Batch of ${var.name}"
  vpc_id      = var.network.vpc_id
  tags        = merge(var.labels, { Name = "${var.name}-batch" })
}

# What a job reaches is decided where it arrives: databases, caches and endpoints admit it by this security group.
resource "aws_vpc_security_group_egress_rule" "this" {
  count = local.count

  security_group_id = aws_security_group.this[0].id
  description       = "Everything that admits it"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "-1"
  tags              = var.labels
}

resource "aws_iam_role" "node" {
  count = local.count

  name        = "${var.name}-batch-node"
  description = "Nodes of AWS Batch of ${var.name}"
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

resource "aws_iam_role_policy_attachment" "node" {
  count = local.count

  role       = aws_iam_role.node[0].name
  policy_arn = "arn:${var.account.partition}:iam::aws:policy/service-role/AmazonEC2ContainerServiceforEC2Role"
}

resource "aws_iam_instance_profile" "node" {
  count = local.count

  name = "${var.name}-batch-node"
  role = aws_iam_role.node[0].name
  tags = var.labels
}
