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

module "edge" {
  source = "../.."

  name     = "acme-dev"
  account  = { id = "111122223333", region = "eu-central-1" }
  domain   = "dev.acme.example"
  network  = { vpc_id = terraform_data.later.output, cidr = "10.20.0.0/16" }
  cluster  = { name = terraform_data.later.output, node_security_group = { id = terraform_data.later.output } }
  existing = { zone = { id = terraform_data.later.output } }
  web_acl  = { encryption_key = { arn = terraform_data.later.output } }
}
