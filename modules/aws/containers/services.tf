locals {
  count        = length(var.services) > 0 ? 1 : 0
  make_cluster = local.count == 1 && var.existing == null
  cluster_arn  = local.count == 0 ? null : local.make_cluster ? aws_ecs_cluster.this[0].arn : var.existing.arn
  cluster_name = local.count == 0 ? null : local.make_cluster ? aws_ecs_cluster.this[0].name : var.existing.name

  labels      = { for key, service in var.services : key => merge(var.labels, service.labels) }
  with_access = { for key, service in var.services : key => service if service.ingress != null }
  container   = "service"

  # What Fargate offers: the memory, in MB, for each number of processors.
  sizes = {
    "0.25" = [512, 1024, 2048]
    "0.5"  = [for gb in range(1, 5) : gb * 1024]
    "1"    = [for gb in range(2, 9) : gb * 1024]
    "2"    = [for gb in range(4, 17) : gb * 1024]
    "4"    = [for gb in range(8, 31) : gb * 1024]
    "8"    = [for gb in range(16, 61, 4) : gb * 1024]
    "16"   = [for gb in range(32, 121, 8) : gb * 1024]
  }
}

resource "aws_ecs_cluster" "this" {
  count = local.make_cluster ? 1 : 0

  name = var.name
  tags = var.labels
  setting {
    name  = "containerInsights"
    value = "enabled"
  }
}

resource "aws_ecs_cluster_capacity_providers" "this" {
  count = local.make_cluster ? 1 : 0

  cluster_name       = aws_ecs_cluster.this[0].name
  capacity_providers = ["FARGATE", "FARGATE_SPOT"]
}

resource "aws_ecs_task_definition" "this" {
  for_each = var.services

  family                   = each.value.name
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = tostring(each.value.vcpus * 1024)
  memory                   = tostring(each.value.memory_mb)
  execution_role_arn       = aws_iam_role.execution[each.key].arn
  task_role_arn            = aws_iam_role.task[each.key].arn
  tags                     = local.labels[each.key]

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = each.value.architecture
  }

  dynamic "ephemeral_storage" {
    for_each = each.value.ephemeral_gb == null ? [] : [each.value.ephemeral_gb]
    content {
      size_in_gib = ephemeral_storage.value
    }
  }

  # The root file system is read-only; what a process writes goes to /tmp. The volume takes its owner and mode from the image,
  # which therefore declares it: VOLUME /tmp.
  volume {
    name = "tmp"
  }

  container_definitions = jsonencode(concat(
    [merge(
      {
        name                   = local.container
        image                  = each.value.image
        essential              = true
        user                   = each.value.user
        readonlyRootFilesystem = true
        stopTimeout            = each.value.stop_seconds
        portMappings           = [{ containerPort = each.value.port, hostPort = each.value.port, protocol = "tcp" }]
        environment            = [for name, value in each.value.env : { name = name, value = value }]
        secrets                = [for name, secret in each.value.secrets : { name = name, valueFrom = secret.arn }]
        mountPoints            = [{ sourceVolume = "tmp", containerPath = "/tmp", readOnly = false }]
        linuxParameters        = { initProcessEnabled = true, capabilities = { drop = ["ALL"], add = [] } }
        logConfiguration       = local.log_configurations[each.key]
      },
      length(each.value.command) == 0 ? {} : { command = each.value.command },
      each.value.health.command == null ? {} : { healthCheck = {
        command     = each.value.health.command
        interval    = each.value.health.interval_seconds
        startPeriod = min(300, each.value.health.grace_seconds)
        retries     = 3
        timeout     = 5
      } },
    )],
    [for image in [each.value.tracing_image] : {
      name             = "tracing"
      image            = image
      essential        = false
      portMappings     = [{ containerPort = 2000, hostPort = 2000, protocol = "udp" }]
      logConfiguration = local.log_configurations[each.key]
    } if image != null],
  ))

  lifecycle {
    precondition {
      condition     = contains(try(local.sizes[tostring(each.value.vcpus)], []), each.value.memory_mb)
      error_message = "services[\"${each.key}\"]: Fargate does not offer ${each.value.vcpus} vcpus with memory_mb ${each.value.memory_mb}; vcpus must be one of ${join(", ", keys(local.sizes))}, and for ${each.value.vcpus} memory_mb one of ${join(", ", try(local.sizes[tostring(each.value.vcpus)], []))}."
    }
  }
}

locals {
  log_configurations = {
    for key, service in var.services : key => {
      logDriver = "awslogs"
      options = {
        "awslogs-group"         = aws_cloudwatch_log_group.this[key].name
        "awslogs-region"        = var.account.region
        "awslogs-stream-prefix" = key
      }
    }
  }
}

resource "aws_ecs_service" "this" {
  for_each = var.services

  name                              = each.value.name
  cluster                           = local.cluster_arn
  task_definition                   = aws_ecs_task_definition.this[each.key].arn
  desired_count                     = each.value.autoscaling == null ? each.value.replicas : each.value.autoscaling.min
  platform_version                  = "LATEST"
  enable_ecs_managed_tags           = true
  propagate_tags                    = "SERVICE"
  health_check_grace_period_seconds = each.value.ingress == null ? null : each.value.health.grace_seconds
  tags                              = local.labels[each.key]

  capacity_provider_strategy {
    capacity_provider = each.value.spot ? "FARGATE_SPOT" : "FARGATE"
    weight            = 1
  }

  # A release whose tasks do not become healthy is taken back by itself.
  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  network_configuration {
    subnets          = var.network.private_subnet_ids
    security_groups  = [aws_security_group.task[each.key].id]
    assign_public_ip = false
  }

  dynamic "load_balancer" {
    for_each = each.value.ingress == null ? [] : [aws_lb_target_group.this[each.key].arn]
    content {
      container_name   = local.container
      container_port   = each.value.port
      target_group_arn = load_balancer.value
    }
  }

  lifecycle {
    # Autoscaling sets the number of tasks between two applies:
    # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-auto-scaling.html
    ignore_changes = [desired_count]
  }

  depends_on = [
    aws_ecs_cluster_capacity_providers.this,
    aws_iam_role_policy.execution,
    aws_iam_role_policy.task,
    aws_lb_listener_rule.this,
  ]
}

resource "aws_cloudwatch_log_group" "this" {
  for_each = var.services

  name              = "/aws/ecs/${each.value.name}"
  retention_in_days = each.value.log_retention_days
  kms_key_id        = try(each.value.encryption_key.arn, null)
  tags              = local.labels[each.key]
}

resource "aws_security_group" "task" {
  for_each = var.services

  name        = "${each.value.name}-task"
  description = "Tasks of ${each.value.name}"
  vpc_id      = var.network.vpc_id
  tags        = merge(local.labels[each.key], { Name = "${each.value.name}-task" })
}

resource "aws_vpc_security_group_ingress_rule" "task" {
  for_each = local.with_access

  security_group_id            = aws_security_group.task[each.key].id
  description                  = "The load balancer"
  referenced_security_group_id = aws_security_group.load_balancer[0].id
  ip_protocol                  = "tcp"
  from_port                    = each.value.port
  to_port                      = each.value.port
  tags                         = local.labels[each.key]
}

# What a task reaches is decided where it arrives: databases, caches and endpoints admit it by its security group.
resource "aws_vpc_security_group_egress_rule" "task" {
  for_each = var.services

  security_group_id = aws_security_group.task[each.key].id
  description       = "Everything that admits it"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "-1"
  tags              = local.labels[each.key]
}
