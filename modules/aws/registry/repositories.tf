locals {
  made = { for key, repository in var.repositories : key => repository if repository.existing == null }

  key_made = length(local.made) > 0 && var.encryption_key == null
  key_arn  = local.key_made ? one(aws_kms_key.images[*].arn) : one([for key in var.encryption_key[*] : key.arn])
  host     = "${var.account.id}.dkr.ecr.${var.account.region}.${startswith(var.account.partition, "aws-cn") ? "amazonaws.com.cn" : "amazonaws.com"}"

  pulls = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
  pull_statements = { for key, repository in local.made : key => concat(
    [for ids in [repository.pull_account_ids] : {
      Sid       = "OtherAccountsPull"
      Effect    = "Allow"
      Principal = { AWS = [for id in sort(ids) : "arn:${var.account.partition}:iam::${id}:root"] }
      Action    = local.pulls
    } if length(ids) > 0],
    [for functions in [repository.functions] : {
      Sid       = "FunctionsPull"
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
      Condition = { ArnLike = { "aws:SourceArn" = "arn:${var.account.partition}:lambda:${var.account.region}:${var.account.id}:function:*" } }
    } if functions],
  ) }
}

# ECR takes a grant on the key when a repository is made, in the name of who makes it; who pulls needs nothing on the key.
resource "aws_kms_key" "images" {
  count = local.key_made ? 1 : 0

  description             = "Container images of ${var.name}"
  enable_key_rotation     = true
  deletion_window_in_days = var.deletion_protection ? 30 : 7
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "AccountDecidesByIAM"
      Effect    = "Allow"
      Principal = { AWS = "arn:${var.account.partition}:iam::${var.account.id}:root" }
      Action    = "kms:*"
      Resource  = "*"
    }]
  })
  tags = var.labels
}

resource "aws_kms_alias" "images" {
  count = local.key_made ? 1 : 0

  name          = "alias/${var.name}-images"
  target_key_id = aws_kms_key.images[0].key_id
}

resource "aws_ecr_repository" "this" {
  for_each = local.made

  name                 = each.value.name
  image_tag_mutability = "IMMUTABLE"
  force_delete         = !var.deletion_protection
  tags                 = merge(var.labels, each.value.labels)

  encryption_configuration {
    encryption_type = "KMS"
    kms_key         = local.key_arn
  }

  image_scanning_configuration {
    scan_on_push = true
  }
}

resource "aws_ecr_lifecycle_policy" "this" {
  for_each = local.made

  repository = aws_ecr_repository.this[each.key].name
  policy = jsonencode({
    rules = [
      {
        rulePriority = 1
        description  = "Images without a tag go after ${each.value.untagged_days} days"
        selection    = { tagStatus = "untagged", countType = "sinceImagePushed", countUnit = "days", countNumber = each.value.untagged_days }
        action       = { type = "expire" }
      },
      {
        rulePriority = 2
        description  = "The newest ${each.value.keep_images} images stay"
        selection    = { tagStatus = "any", countType = "imageCountMoreThan", countNumber = each.value.keep_images }
        action       = { type = "expire" }
      },
    ]
  })
}

resource "aws_ecr_repository_policy" "this" {
  for_each = { for key, repository in local.made : key => repository if repository.functions || length(repository.pull_account_ids) > 0 }

  repository = aws_ecr_repository.this[each.key].name
  policy     = jsonencode({ Version = "2012-10-17", Statement = local.pull_statements[each.key] })
}
