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

module "queue" {
  source = "../.."

  name    = "acme-dev"
  account = { id = "111122223333", region = "eu-central-1" }
  queues = {
    jobs   = { name = "acme-dev-jobs", encryption_key = { arn = terraform_data.later.output } }
    theirs = { name = "theirs", existing = { arn = terraform_data.later.output, url = terraform_data.later.output } }
  }
  producers = { uploads = { queue = "jobs", source_arn = terraform_data.later.output } }
}
