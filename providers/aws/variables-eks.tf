variable "eks_config" {
  description = "Kubernetes cluster: whether one is made, its version, endpoint, node pools and who may use it."
  type = object({
    enabled         = optional(bool, true)
    version         = optional(string, "1.35")
    public_endpoint = optional(bool, false)
    public_cidrs    = optional(list(string), [])
    node_pools = optional(map(object({
      machine_types = list(string)
      min           = optional(number, 1)
      max           = optional(number, 3)
      disk          = optional(string, "50Gi")
      spot          = optional(bool, false)
      gpu           = optional(object({ type = string, count = optional(number, 1) }))
      labels        = optional(map(string), {})
    })), {})
    access = optional(map(object({
      principal  = string
      role       = string
      namespaces = optional(list(string), [])
    })), {})
    identity_mode = optional(string, "pod-identity")
    existing = optional(object({
      name                   = string
      endpoint               = string
      ca_certificate         = string
      oidc_issuer            = string
      oidc_provider_arn      = string
      node_security_group_id = string
    }))
  })
  default  = {}
  nullable = false
  validation {
    condition     = !var.eks_config.public_endpoint || length(var.eks_config.public_cidrs) > 0
    error_message = "eks_config.public_endpoint needs public_cidrs, the ranges that may reach it."
  }
  validation {
    condition     = alltrue([for entry in values(var.eks_config.access) : contains(["admin", "edit", "view"], entry.role)])
    error_message = "eks_config.access[*].role must be admin, edit or view."
  }
  validation {
    condition     = alltrue([for pool in values(var.eks_config.node_pools) : can(regex("^[1-9][0-9]*Gi$", pool.disk))])
    error_message = "eks_config.node_pools[*].disk must be whole Gi, for example 50Gi."
  }
}
