locals {
  scaled = { for key, service in var.services : key => service if service.autoscaling != null }
  targets = merge([
    for key, service in local.scaled : {
      for metric, value in {
        ECSServiceAverageCPUUtilization    = service.autoscaling.cpu_percent
        ECSServiceAverageMemoryUtilization = service.autoscaling.memory_percent
        ALBRequestCountPerTarget           = service.autoscaling.requests_per_minute
      } : "${key}/${metric}" => { service = key, metric = metric, value = value } if value != null
    }
  ]...)
  schedules = merge([
    for key, service in local.scaled : {
      for name, schedule in service.autoscaling.schedules : "${key}/${name}" => merge(schedule, { service = key, name = name })
    }
  ]...)
}

resource "aws_appautoscaling_target" "this" {
  for_each = local.scaled

  service_namespace  = "ecs"
  scalable_dimension = "ecs:service:DesiredCount"
  resource_id        = "service/${local.cluster_name}/${aws_ecs_service.this[each.key].name}"
  min_capacity       = each.value.autoscaling.min
  max_capacity       = each.value.autoscaling.max
  tags               = local.labels[each.key]
}

resource "aws_appautoscaling_policy" "this" {
  for_each = local.targets

  name               = each.value.metric
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.this[each.value.service].service_namespace
  scalable_dimension = aws_appautoscaling_target.this[each.value.service].scalable_dimension
  resource_id        = aws_appautoscaling_target.this[each.value.service].resource_id

  target_tracking_scaling_policy_configuration {
    target_value       = each.value.value
    scale_in_cooldown  = 300
    scale_out_cooldown = 60
    predefined_metric_specification {
      predefined_metric_type = each.value.metric
      resource_label = (
        each.value.metric != "ALBRequestCountPerTarget" ? null :
        "${aws_lb.this[0].arn_suffix}/${aws_lb_target_group.this[each.value.service].arn_suffix}"
      )
    }
  }
}

resource "aws_appautoscaling_scheduled_action" "this" {
  for_each = local.schedules

  name               = "${local.scaled[each.value.service].name}-${each.value.name}"
  service_namespace  = aws_appautoscaling_target.this[each.value.service].service_namespace
  scalable_dimension = aws_appautoscaling_target.this[each.value.service].scalable_dimension
  resource_id        = aws_appautoscaling_target.this[each.value.service].resource_id
  schedule           = each.value.expression
  timezone           = each.value.time_zone

  scalable_target_action {
    min_capacity = each.value.min
    max_capacity = each.value.max
  }
}
