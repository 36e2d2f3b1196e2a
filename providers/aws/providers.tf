provider "aws" {
  region              = var.environment.region
  allowed_account_ids = var.environment.account.id == null ? null : [var.environment.account.id]
}

# CloudFront takes its certificates and its firewall from this region alone.
provider "aws" {
  alias               = "us_east_1"
  region              = "us-east-1"
  allowed_account_ids = var.environment.account.id == null ? null : [var.environment.account.id]
}

data "aws_caller_identity" "this" {}

locals {
  account = {
    id        = data.aws_caller_identity.this.account_id
    partition = var.environment.account.partition
    region    = var.environment.region
  }
}
