# Both ways from the same files to modules/base: through base/decode, and through what the wrapper rendered.
variable "eks_config" {
  type = any
}

variable "environment" {
  type = any
}

variable "names" {
  type = set(string)
}

variable "services" {
  type = any
}

module "decode" {
  source      = "../modules/base/decode"
  environment = "lab"
  services    = { for name in var.names : name => { config = file("services/${name}/deployment-config.yaml") } }
}

module "by_file" {
  source      = "../modules/base"
  cluster     = var.eks_config
  environment = var.environment
  services    = module.decode.services
}

module "by_wrapper" {
  source      = "../modules/base"
  cluster     = var.eks_config
  environment = var.environment
  services    = var.services
}

output "by_file" {
  value = module.by_file
}

output "by_wrapper" {
  value = module.by_wrapper
}
