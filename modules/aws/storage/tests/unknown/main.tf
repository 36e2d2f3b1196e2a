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

module "storage" {
  source = "../.."

  name    = "acme-dev"
  account = { id = "111122223333", region = "eu-central-1" }
  buckets = {
    datasets = { name = "acme-dev-datasets", encryption_key = { arn = terraform_data.later.output } }
    site     = { name = "acme-dev-site" }
    theirs   = { name = "theirs", existing = { name = terraform_data.later.output, key_arn = terraform_data.later.output } }
  }
  distributions = { site = { arn = terraform_data.later.output } }
  notifications = { uploads = { bucket = "datasets", queue_arn = terraform_data.later.output } }
}
