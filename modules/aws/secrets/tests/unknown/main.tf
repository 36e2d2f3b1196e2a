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

module "secrets" {
  source = "../.."

  name    = "acme-dev"
  account = { id = "111122223333", region = "eu-central-1" }
  secrets = {
    signing = { name = "acme-dev/x/signing", service = "x", encryption_key = { arn = terraform_data.later.output }, rotation = { function_arn = terraform_data.later.output } }
    theirs  = { name = "theirs", service = "x", existing = { arn = terraform_data.later.output } }
  }
  readers = { signing = [terraform_data.later.output] }
}
