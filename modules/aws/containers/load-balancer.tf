locals {
  make_balancer = length(local.with_access) > 0
}

resource "aws_lb" "this" {
  count = local.make_balancer ? 1 : 0

  name                       = substr(var.name, 0, 32)
  load_balancer_type         = "application"
  internal                   = var.load_balancer.internal
  subnets                    = var.load_balancer.internal ? var.network.private_subnet_ids : var.network.public_subnet_ids
  security_groups            = [aws_security_group.load_balancer[0].id]
  idle_timeout               = var.load_balancer.idle_timeout_seconds
  drop_invalid_header_fields = true
  enable_deletion_protection = var.deletion_protection
  tags                       = var.labels

  dynamic "access_logs" {
    for_each = var.load_balancer.access_log_bucket == null ? [] : [var.load_balancer.access_log_bucket]
    content {
      bucket  = access_logs.value
      prefix  = var.name
      enabled = true
    }
  }
}

resource "aws_lb_listener" "https" {
  count = local.make_balancer ? 1 : 0

  load_balancer_arn = aws_lb.this[0].arn
  port              = 443
  protocol          = "HTTPS"
  ssl_policy        = var.load_balancer.ssl_policy
  certificate_arn   = var.load_balancer.certificate_arn
  tags              = var.labels

  default_action {
    type = "fixed-response"
    fixed_response {
      content_type = "text/plain"
      message_body = "No service answers under this path."
      status_code  = "404"
    }
  }
}

resource "aws_lb_listener_rule" "this" {
  for_each = local.with_access

  listener_arn = aws_lb_listener.https[0].arn
  priority     = each.value.ingress.priority
  tags         = local.labels[each.key]

  action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.this[each.key].arn
  }

  condition {
    path_pattern {
      values = flatten([for path in sort(each.value.ingress.paths) : path == "/" ? ["/*"] : [trimsuffix(path, "/"), "${trimsuffix(path, "/")}/*"]])
    }
  }

  dynamic "condition" {
    for_each = length(each.value.ingress.hosts) == 0 ? [] : [each.value.ingress.hosts]
    content {
      host_header {
        values = condition.value
      }
    }
  }
}

resource "aws_lb_target_group" "this" {
  for_each = local.with_access

  name                 = length(each.value.name) <= 32 ? each.value.name : "${trimsuffix(substr(each.value.name, 0, 23), "-")}-${substr(sha256(each.value.name), 0, 8)}"
  vpc_id               = var.network.vpc_id
  target_type          = "ip"
  protocol             = "HTTP"
  port                 = each.value.port
  deregistration_delay = each.value.stop_seconds
  tags                 = local.labels[each.key]

  health_check {
    path                = each.value.health.path
    interval            = each.value.health.interval_seconds
    healthy_threshold   = 2
    unhealthy_threshold = 3
    matcher             = "200-299"
  }
}

resource "aws_wafv2_web_acl_association" "this" {
  count = !local.make_balancer || var.load_balancer == null ? 0 : var.load_balancer.web_acl == null ? 0 : 1

  resource_arn = aws_lb.this[0].arn
  web_acl_arn  = var.load_balancer.web_acl.arn
}

resource "aws_security_group" "load_balancer" {
  count = local.make_balancer ? 1 : 0

  name        = "${var.name}-containers-lb"
  description = "Load balancer in front of the Fargate services of ${var.name}"
  vpc_id      = var.network.vpc_id
  tags        = merge(var.labels, { Name = "${var.name}-containers-lb" })

  lifecycle {
    precondition {
      condition     = var.load_balancer != null
      error_message = "load_balancer is needed, with certificate_arn: services with ingress are ${join(", ", keys(local.with_access))}."
    }
  }
}

resource "aws_vpc_security_group_ingress_rule" "load_balancer" {
  for_each = local.make_balancer ? toset(var.load_balancer.ingress_cidrs) : toset([])

  security_group_id = aws_security_group.load_balancer[0].id
  description       = "HTTPS"
  cidr_ipv4         = each.value
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  tags              = var.labels
}

resource "aws_vpc_security_group_egress_rule" "load_balancer" {
  for_each = local.with_access

  security_group_id            = aws_security_group.load_balancer[0].id
  description                  = "Tasks of ${each.value.name}"
  referenced_security_group_id = aws_security_group.task[each.key].id
  ip_protocol                  = "tcp"
  from_port                    = each.value.port
  to_port                      = each.value.port
  tags                         = local.labels[each.key]
}
