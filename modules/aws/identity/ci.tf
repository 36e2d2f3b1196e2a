locals {
  ci_host         = try(trimsuffix(trimprefix(var.ci.issuer, "https://"), "/"), "")
  ci_provider     = var.ci == null ? null : var.ci.existing == null ? one(aws_iam_openid_connect_provider.ci[*].arn) : var.ci.existing.provider_arn
  ci_roles        = { for role in ["apply", "plan"] : role => role == "apply" ? var.ci.apply.subjects : var.ci.plan.subjects if try((role == "apply" ? var.ci.apply : var.ci.plan) != null, false) }
  ci_state        = var.ci == null ? null : var.ci.state
  ci_plan_default = { read = "arn:${var.account.partition}:iam::aws:policy/ReadOnlyAccess" }
  ci_policies = merge(flatten([
    for role in keys(local.ci_roles) : [
      for policy, arn in role == "apply" ? var.ci.apply.policy_arns : coalesce(var.ci.plan.policy_arns, local.ci_plan_default) : { "${role}/${policy}" = { role = role, arn = arn } }
    ]
  ])...)

  # Both roles take the lock; only an apply writes the state itself. Terraform lists workspaces, below env:/, even where there is one.
  ci_state_statements = { for role in keys(local.ci_roles) : role => flatten([for state in [local.ci_state] : [
    {
      Sid       = "FindState"
      Effect    = "Allow"
      Action    = "s3:ListBucket"
      Resource  = state.bucket_arn
      Condition = { StringLike = { "s3:prefix" = ["${state.key_prefix}*", "env:/*"] } }
    },
    {
      Sid      = "ReadState"
      Effect   = "Allow"
      Action   = "s3:GetObject"
      Resource = "${state.bucket_arn}/${state.key_prefix}*"
    },
    {
      Sid      = "LockState"
      Effect   = "Allow"
      Action   = ["s3:DeleteObject", "s3:PutObject"]
      Resource = "${state.bucket_arn}/${state.key_prefix}*.tflock"
    },
    [for writes in ["apply"] : {
      Sid      = "WriteState"
      Effect   = "Allow"
      Action   = "s3:PutObject"
      Resource = "${state.bucket_arn}/${state.key_prefix}*"
    } if role == writes],
    [for key_arn in [state.key_arn] : {
      Sid       = "UseStateKey"
      Effect    = "Allow"
      Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
      Resource  = key_arn
      Condition = { StringLike = { "kms:ViaService" = "s3.*.amazonaws.com" } }
    } if key_arn != null],
  ] if state != null]) }

  # A plan needs to see how things are set up, not what is in them.
  ci_plan_denials = [
    {
      Sid    = "NoData"
      Effect = "Deny"
      Action = [
        "dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:GetRecords", "dynamodb:PartiQLSelect", "dynamodb:Query", "dynamodb:Scan",
        "logs:FilterLogEvents", "logs:GetLogEvents", "logs:GetLogRecord", "logs:GetQueryResults", "logs:StartLiveTail", "logs:StartQuery", "logs:Unmask",
        "secretsmanager:BatchGetSecretValue", "secretsmanager:GetSecretValue", "sqs:ReceiveMessage",
        "ssm:GetParameter", "ssm:GetParameterHistory", "ssm:GetParameters", "ssm:GetParametersByPath",
      ]
      Resource = "*"
    },
    merge({
      Sid    = "NoObjects"
      Effect = "Deny"
      Action = ["s3:GetObject", "s3:GetObjectVersion"]
    }, local.ci_state == null ? { Resource = ["*"] } : { NotResource = ["${local.ci_state.bucket_arn}/${local.ci_state.key_prefix}*"] }),
  ]
}

resource "aws_iam_openid_connect_provider" "ci" {
  count = var.ci == null ? 0 : var.ci.existing == null ? 1 : 0

  url            = trimsuffix(var.ci.issuer, "/")
  client_id_list = [var.ci.audience]
  tags           = merge(var.labels, { Name = "${var.name}-ci" })
}

resource "aws_iam_role" "ci" {
  for_each = local.ci_roles

  name                 = "${var.name}-ci-${each.key}"
  description          = "CI jobs that ${each.key} ${var.name}"
  max_session_duration = var.ci.session_seconds
  permissions_boundary = var.permissions_boundary_arn
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Federated = local.ci_provider }
      Action    = "sts:AssumeRoleWithWebIdentity"
      Condition = {
        StringEquals = {
          "${local.ci_host}:aud" = var.ci.audience
          "${local.ci_host}:sub" = sort(each.value)
        }
      }
    }]
  })
  tags = var.labels
}

resource "aws_iam_role_policy_attachment" "ci" {
  for_each = local.ci_policies

  role       = aws_iam_role.ci[each.value.role].name
  policy_arn = each.value.arn
}

resource "aws_iam_role_policy" "ci" {
  for_each = { for role in keys(local.ci_roles) : role => role if role == "plan" || local.ci_state != null }

  name = "state-and-limits"
  role = aws_iam_role.ci[each.key].id
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = concat(local.ci_state_statements[each.key], [for denial in local.ci_plan_denials : denial if each.key == "plan"])
  })
}
