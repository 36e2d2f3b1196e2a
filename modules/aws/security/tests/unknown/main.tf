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

module "security" {
  source = "../.."

  name          = "acme-dev"
  account       = { id = "111122223333", region = "eu-central-1" }
  guardduty     = { existing = { detector_id = terraform_data.later.output } }
  platform_keys = { logs = { description = "Log groups", existing = { arn = terraform_data.later.output } } }
  service_keys  = { text = { name = "acme-dev-text", existing = { arn = terraform_data.later.output } } }
  trail         = { data_bucket_arns = { models = terraform_data.later.output } }
}
