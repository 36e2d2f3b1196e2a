locals {
  job_labels = { for key, job in var.jobs : key => merge(var.labels, job.labels) }
  scheduled  = { for key, job in var.jobs : key => job if job.schedule != null }
}

resource "aws_batch_job_definition" "this" {
  for_each = var.jobs

  name                  = each.value.name
  type                  = "container"
  platform_capabilities = ["EC2"]
  propagate_tags        = true
  tags                  = local.job_labels[each.key]

  container_properties = jsonencode({
    image            = each.value.image
    command          = each.value.command
    jobRoleArn       = aws_iam_role.job[each.key].arn
    executionRoleArn = aws_iam_role.execution[each.key].arn
    user             = each.value.user
    privileged       = false
    resourceRequirements = concat(
      [{ type = "VCPU", value = tostring(each.value.vcpus) }, { type = "MEMORY", value = tostring(each.value.memory_mb) }],
      [for gpus in [each.value.gpus] : { type = "GPU", value = tostring(gpus) } if gpus > 0],
    )
    environment = [for name, value in each.value.env : { name = name, value = value }]
    secrets     = [for name, secret in each.value.secrets : { name = name, valueFrom = secret.arn }]
    linuxParameters = {
      initProcessEnabled = true
      sharedMemorySize   = coalesce(each.value.shared_memory_mb, 64)
    }
    logConfiguration = {
      logDriver = "awslogs"
      options = {
        "awslogs-group"         = aws_cloudwatch_log_group.this[each.key].name
        "awslogs-region"        = var.account.region
        "awslogs-stream-prefix" = each.key
      }
    }
  })

  # Without conditions every failure is tried again, also that of a node which the spot market took away.
  retry_strategy {
    attempts = each.value.attempts
  }

  timeout {
    attempt_duration_seconds = each.value.timeout_seconds
  }

  lifecycle {
    precondition {
      condition     = contains(keys(var.pools), each.value.pool)
      error_message = "jobs[\"${each.key}\"].pool must be one of pools: ${join(", ", keys(var.pools))}; found ${each.value.pool}."
    }
    precondition {
      condition     = each.value.gpus == 0 || try(var.pools[each.value.pool].gpu, true)
      error_message = "jobs[\"${each.key}\"] needs GPUs, which pool ${each.value.pool} does not have; set its gpu."
    }
  }
}

resource "aws_cloudwatch_log_group" "this" {
  for_each = var.jobs

  name              = "/aws/batch/${each.value.name}"
  retention_in_days = each.value.log_retention_days
  tags              = local.job_labels[each.key]
}

resource "aws_scheduler_schedule" "this" {
  for_each = local.scheduled

  name                         = each.value.name
  state                        = each.value.schedule.enabled ? "ENABLED" : "DISABLED"
  schedule_expression          = each.value.schedule.expression
  schedule_expression_timezone = each.value.schedule.time_zone

  flexible_time_window {
    mode = "OFF"
  }

  # The universal target: an array job has no templated one in EventBridge Scheduler.
  target {
    arn      = "arn:${var.account.partition}:scheduler:::aws-sdk:batch:submitJob"
    role_arn = aws_iam_role.scheduler[each.key].arn
    input = jsonencode(merge(
      { JobName = each.value.name, JobDefinition = each.value.name, JobQueue = aws_batch_job_queue.this[each.value.pool].arn, PropagateTags = true },
      { for size in [each.value.schedule.array_size] : "ArrayProperties" => { Size = size } if size != null },
    ))
    retry_policy {
      maximum_retry_attempts = 3
    }
  }

  depends_on = [aws_batch_job_definition.this, aws_iam_role_policy.scheduler]
}
