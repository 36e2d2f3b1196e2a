# In the place of providers/aws/providers.tf, for plans that ask no server: nobody's keys, an account that is written here.
provider "aws" {
  region                      = var.environment.region
  access_key                  = "testing"
  secret_key                  = "testing"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_region_validation      = true
  skip_requesting_account_id  = true
}

provider "aws" {
  alias                       = "us_east_1"
  region                      = "us-east-1"
  access_key                  = "testing"
  secret_key                  = "testing"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_region_validation      = true
  skip_requesting_account_id  = true
}

terraform {
  backend "local" {}
}

locals {
  account = {
    id        = "123456789012"
    partition = var.environment.account.partition
    region    = var.environment.region
  }
}
