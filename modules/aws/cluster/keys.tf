locals {
  secrets_key_made = local.make && var.encryption_keys.secrets == null
  volumes_key_made = local.make && var.encryption_keys.volumes == null
  secrets_key_arn  = local.secrets_key_made ? one(aws_kms_key.secrets[*].arn) : one([for key in [var.encryption_keys.secrets] : key.arn if key != null])
  volumes_key_arn  = local.volumes_key_made ? one(aws_kms_key.volumes[*].arn) : one([for key in [var.encryption_keys.volumes] : key.arn if key != null])

  account_decides = {
    Sid       = "AccountDecidesByIAM"
    Effect    = "Allow"
    Principal = { AWS = "arn:${var.account.partition}:iam::${var.account.id}:root" }
    Action    = "kms:*"
    Resource  = "*"
  }

  # Auto Scaling starts the nodes and the EBS driver makes the volumes of pods, both through EC2. They are named by condition,
  # because a policy whose principal does not exist yet is refused.
  volume_makers = {
    StringEquals = {
      "kms:CallerAccount" = var.account.id
      "kms:ViaService"    = "ec2.${var.account.region}.amazonaws.com"
    }
    ArnEquals = {
      "aws:PrincipalArn" = [
        "arn:${var.account.partition}:iam::${var.account.id}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling",
        "arn:${var.account.partition}:iam::${var.account.id}:role/${var.name}-eks-aws-ebs-csi-driver",
      ]
    }
  }
}

resource "aws_kms_key" "secrets" {
  count = local.secrets_key_made ? 1 : 0

  description             = "Secrets and control plane logs of the EKS cluster ${var.name}"
  enable_key_rotation     = true
  deletion_window_in_days = var.deletion_protection ? 30 : 7
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      local.account_decides,
      {
        Sid       = "ControlPlaneLogGroup"
        Effect    = "Allow"
        Principal = { Service = "logs.${var.account.region}.amazonaws.com" }
        Action    = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
        Resource  = "*"
        Condition = { ArnEquals = { "kms:EncryptionContext:aws:logs:arn" = "arn:${var.account.partition}:logs:${var.account.region}:${var.account.id}:log-group:${local.log_group}" } }
      },
    ]
  })
  tags = var.labels
}

resource "aws_kms_alias" "secrets" {
  count = local.secrets_key_made ? 1 : 0

  name          = "alias/${var.name}-eks-secrets"
  target_key_id = aws_kms_key.secrets[0].key_id
}

resource "aws_kms_key" "volumes" {
  count = local.volumes_key_made ? 1 : 0

  description             = "Volumes of nodes and pods of the EKS cluster ${var.name}"
  enable_key_rotation     = true
  deletion_window_in_days = var.deletion_protection ? 30 : 7
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      local.account_decides,
      {
        Sid       = "VolumesOfNodesAndPods"
        Effect    = "Allow"
        Principal = { AWS = "*" }
        Action    = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
        Resource  = "*"
        Condition = local.volume_makers
      },
      {
        Sid       = "AttachingVolumes"
        Effect    = "Allow"
        Principal = { AWS = "*" }
        Action    = "kms:CreateGrant"
        Resource  = "*"
        Condition = merge(local.volume_makers, { Bool = { "kms:GrantIsForAWSResource" = "true" } })
      },
    ]
  })
  tags = var.labels
}

resource "aws_kms_alias" "volumes" {
  count = local.volumes_key_made ? 1 : 0

  name          = "alias/${var.name}-eks-volumes"
  target_key_id = aws_kms_key.volumes[0].key_id
}
