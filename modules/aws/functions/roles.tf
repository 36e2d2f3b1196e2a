resource "aws_iam_role" "this" {
  for_each = local.made

  name        = each.value.name
  description = "Function ${each.value.name}"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
  tags = local.labels[each.key]
}

resource "aws_iam_role_policy" "this" {
  for_each = local.made

  name = "function"
  role = aws_iam_role.this[each.key].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [{
        Sid      = "WriteLog"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = ["${aws_cloudwatch_log_group.this[each.key].arn}:*"]
      }],
      [for on in [each.value.tracing] : {
        # X-Ray's write actions know no resources.
        Sid      = "WriteTraces"
        Effect   = "Allow"
        Action   = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
        Resource = ["*"]
      } if on],
      [for on in [each.value.in_vpc] : {
        # The Lambda service makes the interfaces before the function exists; no resource can be named.
        Sid      = "StandInNetwork"
        Effect   = "Allow"
        Action   = ["ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"]
        Resource = ["*"]
      } if on],
      [for queue in [each.value.queue] : {
        Sid      = "Receive"
        Effect   = "Allow"
        Action   = ["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]
        Resource = [queue.arn]
      } if queue != null],
      [for queue in [each.value.queue] : {
        Sid      = "DecryptMessages"
        Effect   = "Allow"
        Action   = ["kms:Decrypt"]
        Resource = [queue.key_arn]
      } if try(queue.key_arn, null) != null],
      [for key in [each.key] : {
        Sid      = "KeepWhatFailed"
        Effect   = "Allow"
        Action   = ["sqs:SendMessage"]
        Resource = [aws_sqs_queue.failed[key].arn]
      } if contains(keys(local.handed_over), key)],
      [for name, permission in each.value.permissions : merge({
        Sid      = replace(title(replace(name, "/[^A-Za-z0-9]+/", " ")), " ", "")
        Effect   = "Allow"
        Action   = sort(permission.actions)
        Resource = sort(permission.resources)
      }, length(permission.conditions) == 0 ? {} : { Condition = permission.conditions })],
    )
  })
}
