resource "aws_secretsmanager_secret_policy" "this" {
  for_each = local.made

  secret_arn          = aws_secretsmanager_secret.this[each.key].arn
  block_public_policy = true
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat([
      {
        Sid       = "RefuseOtherAccounts"
        Effect    = "Deny"
        Principal = "*"
        Action    = "secretsmanager:*"
        Resource  = "*"
        Condition = {
          BoolIfExists    = { "aws:PrincipalIsAWSService" = "false" }
          StringNotEquals = { "aws:PrincipalAccount" = var.account.id }
        }
      },
      ], [
      for key, roles in var.readers : {
        Sid       = "RefuseOtherReaders"
        Effect    = "Deny"
        Principal = "*"
        Action    = "secretsmanager:GetSecretValue"
        Resource  = "*"
        Condition = { ArnNotEquals = { "aws:PrincipalArn" = sort(roles) } }
      } if key == each.key
    ])
  })
}
