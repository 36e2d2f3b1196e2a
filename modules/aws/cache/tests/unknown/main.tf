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

module "cache" {
  source = "../.."

  name    = "acme-dev"
  account = { id = "111122223333", region = "eu-central-1" }
  network = { vpc_id = terraform_data.later.output, data_subnet_ids = [terraform_data.later.output, terraform_data.later.output] }
  clients = { nodes = { security_group_id = terraform_data.later.output } }
  caches = {
    shared = { name = "acme-dev-shared", encryption_key = { arn = terraform_data.later.output }, services = { tabular = { user = "tabular" } } }
    theirs = { name = "theirs", existing = { host = terraform_data.later.output, arn = terraform_data.later.output } }
  }
}
