variable "access_entries" {
  description = "Who may use the Kubernetes API, by any name: an IAM role or user, EKS access policies (over all or some namespaces) and Kubernetes groups."
  type = map(object({
    principal_arn     = string
    kubernetes_groups = optional(set(string), [])
    policies = optional(map(object({
      namespaces = optional(set(string), [])
    })), {})
  }))
  default  = {}
  nullable = false
}

variable "account" {
  description = "Account that holds everything: its id, its partition and the region."
  type = object({
    id        = string
    partition = optional(string, "aws")
    region    = string
  })
  nullable = false
}

variable "addons" {
  description = "EKS add-ons by name, laid over the built-in set; a null version takes the one EKS recommends when the add-on is made."
  type = map(object({
    enabled            = optional(bool, true)
    version            = optional(string)
    configuration_json = optional(string)
  }))
  default  = {}
  nullable = false
}

variable "autoscaler" {
  description = "Service account that Cluster Autoscaler runs as; null makes no role for it."
  type = object({
    namespace       = optional(string, "kube-system")
    service_account = optional(string, "cluster-autoscaler")
  })
  default = {}
}

variable "control_plane_logs" {
  description = "Control plane logs: which types and how many days they are kept."
  type = object({
    types          = optional(set(string), ["api", "audit", "authenticator", "controllerManager", "scheduler"])
    retention_days = optional(number, 365)
  })
  default  = {}
  nullable = false
}

variable "deletion_protection" {
  description = "Whether the KMS keys, once their deletion is asked for, wait 30 days instead of 7."
  type        = bool
  default     = true
  nullable    = false
}

variable "encryption_keys" {
  description = "KMS keys that are there already: of the Kubernetes secrets and control plane logs, and of the nodes' volumes; null makes one."
  type = object({
    secrets = optional(object({ arn = string }))
    volumes = optional(object({ arn = string }))
  })
  default  = {}
  nullable = false
}

variable "existing" {
  description = "EKS cluster that is there already; null makes one, otherwise nothing is made."
  type = object({
    name                   = string
    arn                    = string
    endpoint               = string
    ca_certificate         = string
    kubernetes_version     = string
    oidc_issuer            = optional(string)
    oidc_provider_arn      = optional(string)
    security_group_id      = optional(string)
    node_role_arn          = optional(string)
    node_security_group_id = optional(string)
    node_pools = optional(map(object({
      min    = optional(number, 0)
      max    = number
      labels = optional(map(string), {})
      taints = optional(map(object({
        key    = string
        value  = optional(string)
        effect = string
      })), {})
      gpu  = optional(object({ type = string, count = optional(number, 1) }))
      spot = optional(bool, false)
    })), {})
  })
  default = null
}

variable "kubernetes_version" {
  description = "Kubernetes version of the control plane and, unless a pool is held back, of the nodes."
  type        = string
  default     = "1.33"
  nullable    = false
}

variable "labels" {
  description = "Tags of every resource; the labels of an item are laid over them."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "name" {
  description = "Base name, for example inferloop-dev; what belongs to no single item is named after it."
  type        = string
  nullable    = false
  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,30}[a-z0-9])?$", var.name))
    error_message = "name must have 1 to 32 lower-case letters, digits and hyphens, and start with a letter."
  }
}

variable "network" {
  description = "Network of the cluster: control plane and nodes stand in the private subnets."
  type = object({
    vpc_id             = string
    private_subnet_ids = list(string)
  })
  nullable = false
}

variable "node_pools" {
  description = "Managed node groups by name; each scales between min and max nodes and starts with desired (min where not set)."
  type = map(object({
    machine_types           = list(string)
    min                     = optional(number, 1)
    max                     = optional(number, 3)
    desired                 = optional(number)
    spot                    = optional(bool, false)
    spot_taint              = optional(bool, true)
    gpu                     = optional(object({ type = string, count = optional(number, 1) }))
    architecture            = optional(string, "x86_64")
    disk_gb                 = optional(number, 80)
    max_pods                = optional(number)
    labels                  = optional(map(string), {})
    tags                    = optional(map(string), {})
    kubernetes_version      = optional(string)
    max_unavailable_percent = optional(number, 33)
    taints = optional(map(object({
      key    = string
      value  = optional(string)
      effect = string
    })), {})
  }))
  default  = {}
  nullable = false
}

variable "permissions_boundary_arn" {
  description = "Policy that bounds every role made here; null sets none."
  type        = string
  default     = null
}

variable "public_access_cidrs" {
  description = "Ranges that may reach the Kubernetes API from the internet; empty keeps the endpoint private."
  type        = set(string)
  default     = []
  nullable    = false
}

variable "service_cidr" {
  description = "IPv4 range of Kubernetes services, /12 to /24, outside of the VPC; it cannot be changed later."
  type        = string
  default     = "172.20.0.0/16"
  nullable    = false
}
