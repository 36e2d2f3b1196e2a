# A whole environment without the wrapper: services from their files, everything else by its defaults.
module "decode" {
  source      = "../.."
  environment = "lab"
  services = {
    syndoc  = { enabled = true, config = file("../../../../../services/syndoc/deployment-config.yaml") }
    tabular = { enabled = true, config = file("../../../../../services/tabular/deployment-config.yaml") }
    textnlp = { enabled = true, config = file("../../../../../services/textnlp/deployment-config.yaml") }
  }
}

module "platform" {
  source   = "../../../../../providers/aws"
  services = module.decode.services
  environment = {
    name    = "lab", owner = "lab@example.com", cost_center = "cc-0001", region = "us-east-1"
    dns     = { domain = "inferloop.example" }
    network = { cidr = "10.90.0.0/16", zones = ["us-east-1a", "us-east-1b", "us-east-1c"] }
    sizes   = { database = { small = "db.t4g.medium" }, cache = { small = "cache.t4g.small" } }
  }
  eks_config = { node_pools = {
    general = { machine_types = ["m7i.large"], max = 10 }
    spot    = { machine_types = ["m7i.large", "m6i.large"], min = 0, max = 10, spot = true }
    gpu     = { machine_types = ["g4dn.xlarge"], min = 0, disk = "100Gi", gpu = { type = "nvidia-t4" } }
  } }
}
