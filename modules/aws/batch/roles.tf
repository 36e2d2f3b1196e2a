locals {
  # A role that containers are given may be taken by ECS for this account alone.
  task_trust = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "ecs-tasks.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = var.account.id } }
    }]
  })
  with_permissions = { for key, job in var.jobs : key => job if length(job.permissions) > 0 }
}

resource "aws_iam_role" "job" {
  for_each = var.jobs

  name               = substr("${each.value.name}-job", 0, 64)
  description        = "What the container of ${each.value.name} may do"
  assume_role_policy = local.task_trust
  tags               = local.job_labels[each.key]
}

resource "aws_iam_role_policy" "job" {
  for_each = local.with_permissions

  name = "job"
  role = aws_iam_role.job[each.key].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [for name, permission in each.value.permissions : merge({
      Sid      = replace(title(replace(name, "/[^A-Za-z0-9]+/", " ")), " ", "")
      Effect   = "Allow"
      Action   = sort(permission.actions)
      Resource = sort(permission.resources)
    }, length(permission.conditions) == 0 ? {} : { Condition = permission.conditions })]
  })
}

resource "aws_iam_role" "execution" {
  for_each = var.jobs

  name               = substr("${each.value.name}-start", 0, 64)
  description        = "Starts the container of ${each.value.name}: pulls its image, reads its secrets, writes its log"
  assume_role_policy = local.task_trust
  tags               = local.job_labels[each.key]
}

resource "aws_iam_role_policy" "execution" {
  for_each = var.jobs

  name = "start"
  role = aws_iam_role.execution[each.key].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [{
        Sid      = "WriteLog"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = ["${aws_cloudwatch_log_group.this[each.key].arn}:*"]
      }],
      [for arn in [each.value.repository_arn] : {
        # The action that logs in to the registry knows no resources.
        Sid      = "LogInToRegistry"
        Effect   = "Allow"
        Action   = ["ecr:GetAuthorizationToken"]
        Resource = ["*"]
      } if arn != null],
      [for arn in [each.value.repository_arn] : {
        Sid      = "PullImage"
        Effect   = "Allow"
        Action   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
        Resource = [arn]
      } if arn != null],
      [for secrets in [each.value.secrets] : {
        Sid    = "ReadSecrets"
        Effect = "Allow"
        Action = ["secretsmanager:GetSecretValue"]
        # A reference to one field of a secret is its ARN and up to three parts more.
        Resource = sort(distinct([for secret in values(secrets) : join(":", slice(split(":", secret.arn), 0, 7))]))
      } if length(secrets) > 0],
      [for arns in [distinct([for secret in values(each.value.secrets) : secret.key_arn if secret.key_arn != null])] : {
        Sid      = "DecryptSecrets"
        Effect   = "Allow"
        Action   = ["kms:Decrypt"]
        Resource = sort(arns)
      } if length(arns) > 0],
    )
  })
}

resource "aws_iam_role" "scheduler" {
  for_each = local.scheduled

  name        = substr("${each.value.name}-scheduler", 0, 64)
  description = "Submits ${each.value.name} on schedule"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "scheduler.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = var.account.id } }
    }]
  })
  tags = local.job_labels[each.key]
}

resource "aws_iam_role_policy" "scheduler" {
  for_each = local.scheduled

  name = "submit"
  role = aws_iam_role.scheduler[each.key].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect = "Allow"
      Action = ["batch:SubmitJob", "batch:TagResource"]
      Resource = [
        aws_batch_job_definition.this[each.key].arn_prefix,
        "${aws_batch_job_definition.this[each.key].arn_prefix}:*",
        aws_batch_job_queue.this[each.value.pool].arn,
      ]
    }]
  })
}
