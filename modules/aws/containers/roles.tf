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
  with_permissions = { for key, service in var.services : key => service if length(service.permissions) > 0 || service.tracing_image != null }
}

resource "aws_iam_role" "task" {
  for_each = var.services

  name               = substr("${each.value.name}-task", 0, 64)
  description        = "What the containers of ${each.value.name} may do"
  assume_role_policy = local.task_trust
  tags               = local.labels[each.key]
}

resource "aws_iam_role_policy" "task" {
  for_each = local.with_permissions

  name = "service"
  role = aws_iam_role.task[each.key].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [for name, permission in each.value.permissions : merge({
        Sid      = replace(title(replace(name, "/[^A-Za-z0-9]+/", " ")), " ", "")
        Effect   = "Allow"
        Action   = sort(permission.actions)
        Resource = sort(permission.resources)
      }, length(permission.conditions) == 0 ? {} : { Condition = permission.conditions })],
      [for image in [each.value.tracing_image] : {
        # X-Ray's write actions know no resources.
        Sid      = "WriteTraces"
        Effect   = "Allow"
        Action   = ["xray:GetSamplingRules", "xray:GetSamplingTargets", "xray:PutTelemetryRecords", "xray:PutTraceSegments"]
        Resource = ["*"]
      } if image != null],
    )
  })
}

resource "aws_iam_role" "execution" {
  for_each = var.services

  name               = substr("${each.value.name}-start", 0, 64)
  description        = "Starts the containers of ${each.value.name}: pulls the image, reads secrets, writes the log"
  assume_role_policy = local.task_trust
  tags               = local.labels[each.key]
}

resource "aws_iam_role_policy" "execution" {
  for_each = var.services

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
