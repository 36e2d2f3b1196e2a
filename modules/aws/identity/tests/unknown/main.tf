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

module "identity" {
  source = "../.."

  name    = "acme-dev"
  account = { id = "111122223333", region = "eu-central-1" }
  cluster = { name = terraform_data.later.output, oidc_issuer = terraform_data.later.output, oidc_provider_arn = terraform_data.later.output }
  services = {
    text = {
      name            = "acme-dev-text"
      namespace       = "acme"
      service_account = "text"
      mode            = "irsa"
      buckets         = { models = { arn = terraform_data.later.output, key_arn = terraform_data.later.output } }
      secrets         = { token = { arn = terraform_data.later.output, key_arn = terraform_data.later.output } }
    }
    theirs = { name = "acme-dev-theirs", namespace = "acme", service_account = "theirs", existing = { role_arn = terraform_data.later.output } }
  }
  ci = {
    issuer   = "https://token.actions.githubusercontent.com"
    existing = { provider_arn = terraform_data.later.output }
    plan     = { subjects = ["repo:acme/platform:pull_request"] }
    apply    = { subjects = ["repo:acme/platform:environment:dev"], policy_arns = { deploy = terraform_data.later.output } }
    state    = { bucket_arn = terraform_data.later.output, key_prefix = "acme/", key_arn = terraform_data.later.output }
  }
}
