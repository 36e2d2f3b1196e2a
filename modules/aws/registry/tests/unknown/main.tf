# What the module is given where everything is made in one apply: values that nobody knows while planning.
terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}

resource "terraform_data" "later" {
  input = "later"
}

module "registry" {
  source = "../.."

  name           = "acme-dev"
  account        = { id = "111122223333", region = "eu-central-1" }
  encryption_key = { arn = terraform_data.later.output }
  repositories = {
    text   = { name = "acme-dev/text" }
    theirs = { name = "theirs", existing = { arn = terraform_data.later.output, url = terraform_data.later.output } }
  }
}
