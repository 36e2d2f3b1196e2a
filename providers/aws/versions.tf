terraform {
  # 1.10 locks the state in S3 itself, without a table beside it.
  required_version = ">= 1.10"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "5.100.0"
    }
  }

  # Bucket, key and region are given at init; `inferloop-deploy plan` does it.
  backend "s3" {
    encrypt      = true
    use_lockfile = true
  }
}
