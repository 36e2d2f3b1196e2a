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

module "cluster" {
  source = "../.."

  name    = "acme-dev"
  account = { id = "111122223333", region = "eu-central-1" }
  network = {
    vpc_id             = terraform_data.later.output
    private_subnet_ids = [for zone in ["a", "b", "c"] : "${terraform_data.later.output}-${zone}"]
  }
  encryption_keys = { secrets = { arn = terraform_data.later.output }, volumes = { arn = terraform_data.later.output } }
  access_entries  = { platform = { principal_arn = "arn:aws:iam::111122223333:role/platform", policies = { AmazonEKSClusterAdminPolicy = {} } } }
  addons          = { reports = { identity = { service_account = "reports", policy_arns = { read = terraform_data.later.output } } } }
  node_pools      = { general = { machine_types = ["m7i.large"] } }
}
