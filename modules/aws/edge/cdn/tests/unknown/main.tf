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

module "cdn" {
  source = "../.."

  name = "acme-dev"
  zone = { id = terraform_data.later.output }
  sites = {
    docs = {
      name       = "acme-dev-docs"
      bucket     = { domain_name = terraform_data.later.output }
      hosts      = ["docs.acme.example"]
      log_bucket = { arn = terraform_data.later.output }
    }
    raw = {
      name        = "acme-dev-raw"
      bucket      = { domain_name = terraform_data.later.output }
      hosts       = ["raw.acme.example"]
      certificate = { arn = terraform_data.later.output }
      web_acl     = { arn = terraform_data.later.output }
    }
  }
}
