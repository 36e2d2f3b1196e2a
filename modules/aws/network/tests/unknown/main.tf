# What the module is given where everything is made in one apply: values that nobody knows while planning.
terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}

resource "terraform_data" "later" {
  input = "arn:aws:kms:eu-central-1:111122223333:key/later"
}

module "network" {
  source = "../.."

  name      = "acme-dev"
  account   = { id = "111122223333", region = "eu-central-1" }
  zones     = ["eu-central-1a", "eu-central-1b", "eu-central-1c"]
  flow_logs = { encryption_key = { arn = terraform_data.later.output } }
}
