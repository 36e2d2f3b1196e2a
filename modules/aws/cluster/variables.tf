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
  validation {
    condition     = alltrue([for entry in var.access_entries : can(regex("^arn:[a-z-]+:iam::[0-9]{12}:(role|user)/.+$", entry.principal_arn))])
    error_message = "access_entries.*.principal_arn must be the ARN of an IAM role or user, not of a session (sts) or an account."
  }
  validation {
    condition     = length(distinct([for entry in var.access_entries : entry.principal_arn])) == length(var.access_entries)
    error_message = "access_entries.*.principal_arn must differ: a cluster keeps one entry per principal."
  }
  validation {
    condition     = alltrue(flatten([for entry in var.access_entries : [for policy in keys(entry.policies) : contains(local.access_policies, policy)]]))
    error_message = "access_entries.*.policies accepts ${join(", ", local.access_policies)}."
  }
  validation {
    condition     = alltrue(flatten([for entry in var.access_entries : [for group in entry.kubernetes_groups : !startswith(group, "system:")]]))
    error_message = "access_entries.*.kubernetes_groups must not start with system:, which EKS refuses; give a policy instead."
  }
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
  description = "EKS add-ons by name, laid over the built-in set; without a version EKS takes its default one when the add-on is made; `identity` gives one its role."
  type = map(object({
    enabled            = optional(bool, true)
    version            = optional(string)
    configuration_json = optional(string)
    identity           = optional(object({ service_account = string, policy_arns = map(string) }))
  }))
  default  = {}
  nullable = false
  validation {
    condition     = alltrue([for addon in var.addons : addon.configuration_json == null || can(jsondecode(addon.configuration_json))])
    error_message = "addons.*.configuration_json must be JSON."
  }
}

variable "control_plane_logs" {
  description = "Control plane logs: which types and how many days they are kept."
  type = object({
    types          = optional(set(string), ["api", "audit", "authenticator", "controllerManager", "scheduler"])
    retention_days = optional(number, 365)
  })
  default  = {}
  nullable = false
  validation {
    condition     = alltrue([for type in var.control_plane_logs.types : contains(["api", "audit", "authenticator", "controllerManager", "scheduler"], type)])
    error_message = "control_plane_logs.types accepts api, audit, authenticator, controllerManager and scheduler."
  }
  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.control_plane_logs.retention_days)
    error_message = "control_plane_logs.retention_days must be a number of days that CloudWatch Logs knows: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653."
  }
}

variable "deletion_protection" {
  description = "Whether the KMS keys, once their deletion is asked for, wait 30 days instead of 7."
  type        = bool
  default     = true
  nullable    = false
}

variable "encryption_keys" {
  description = "KMS keys that are there already: of the Kubernetes secrets and control plane logs, and of the volumes of nodes and pods; null makes one."
  type = object({
    secrets = optional(object({ arn = string }))
    volumes = optional(object({ arn = string }))
  })
  default  = {}
  nullable = false
}

variable "existing" {
  description = "EKS cluster that is there already; then only access entries are made, and node_pools describe the nodes it has; null makes one."
  type = object({
    name                   = string
    endpoint               = string
    ca_certificate         = string
    kubernetes_version     = optional(string)
    oidc_issuer            = optional(string)
    oidc_provider_arn      = optional(string)
    security_group_id      = optional(string)
    node_role_arn          = optional(string)
    node_security_group_id = optional(string)
  })
  default = null
  validation {
    condition     = var.existing == null || try(startswith(var.existing.endpoint, "https://"), false)
    error_message = "existing.endpoint must be the https:// URL of the Kubernetes API."
  }
  validation {
    condition     = var.existing == null || try(can(base64decode(var.existing.ca_certificate)) && length(var.existing.ca_certificate) > 0, false)
    error_message = "existing.ca_certificate must be the certificate authority in base64, as `aws eks describe-cluster` shows it."
  }
  validation {
    condition     = var.existing == null || length(var.addons) == 0
    error_message = "addons must be empty with an existing cluster: its add-ons are not managed here."
  }
}

variable "kubernetes_version" {
  description = "Kubernetes version of the control plane and, unless a pool is held back, of the nodes."
  type        = string
  default     = "1.35"
  nullable    = false
  validation {
    condition     = can(regex("^1\\.[0-9]{2}$", var.kubernetes_version))
    error_message = "kubernetes_version must be a minor version such as 1.35."
  }
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
  validation {
    condition     = length(var.network.private_subnet_ids) >= 2
    error_message = "network.private_subnet_ids must name subnets in at least 2 zones, which EKS needs."
  }
}

variable "node_pools" {
  description = "Managed node groups by name; each starts with desired nodes (min where not set) and scales between min and max."
  type = map(object({
    machine_types           = list(string)
    min                     = optional(number, 1)
    max                     = optional(number, 3)
    desired                 = optional(number)
    spot                    = optional(bool, false)
    spot_taint              = optional(bool, true)
    gpu                     = optional(object({ type = string, count = optional(number, 1) }))
    disk_gb                 = optional(number, 80)
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
  validation {
    condition     = alltrue([for name in keys(var.node_pools) : can(regex("^[a-z]([a-z0-9-]{0,18}[a-z0-9])?$", name))])
    error_message = "node_pools: a name must have 1 to 20 lower-case letters, digits and hyphens, and start with a letter."
  }
  validation {
    condition = alltrue([
      for pool in var.node_pools : pool.min >= 0 && pool.max >= 1 && pool.min <= pool.max &&
      (pool.desired == null || try(pool.min <= pool.desired && pool.desired <= pool.max, false)) &&
      alltrue([for limit in [pool.min, pool.max, coalesce(pool.desired, 0)] : limit == floor(limit)])
    ])
    error_message = "node_pools: every pool needs whole numbers with 0 <= min <= desired <= max and max >= 1."
  }
  validation {
    condition     = alltrue([for pool in var.node_pools : length(pool.machine_types) > 0 && alltrue([for type in pool.machine_types : can(regex("^[a-z0-9-]+\\.[a-z0-9-]+$", type))])])
    error_message = "node_pools.*.machine_types must name at least one EC2 instance type, for example m7i.large."
  }
  validation {
    condition     = alltrue([for pool in var.node_pools : length(distinct([for type in pool.machine_types : can(regex(local.arm_machine, type))])) == 1])
    error_message = "node_pools.*.machine_types: the types of one pool must have the same architecture, all x86_64 or all arm64 (Graviton)."
  }
  validation {
    condition = alltrue(flatten([for pool in var.node_pools : [
      for type in pool.machine_types : pool.gpu == null ? !contains(keys(local.gpu_families), split(".", type)[0]) : try(
        contains(keys(local.gpu_families), split(".", type)[0]) ?
        "nvidia-${local.gpu_families[split(".", type)[0]]}" == pool.gpu.type :
        startswith(pool.gpu.type, "nvidia-") && can(regex("^[gp][0-9]", type)), false
      )
    ]]))
    error_message = "node_pools.*.gpu.type must be the GPU of the pool's machine types, and be set where they have one: ${join(", ", [for family, gpu in local.gpu_families : "${family} has nvidia-${gpu}"])}."
  }
  validation {
    condition = alltrue(flatten([for pool in var.node_pools : [
      for type in pool.machine_types : pool.gpu == null ? true : pool.gpu.count == lookup(local.gpu_counts, type, contains(keys(local.gpu_families), split(".", type)[0]) ? 1 : pool.gpu.count)
    ]]))
    error_message = "node_pools.*.gpu.count must be the number of GPUs of the pool's machine types: 1, but ${join(", ", [for type, count in local.gpu_counts : "${count} on ${type}"])}."
  }
  validation {
    condition     = alltrue([for pool in var.node_pools : pool.disk_gb >= (pool.gpu == null ? 20 : 50) && pool.disk_gb <= 16384])
    error_message = "node_pools.*.disk_gb must be 20 to 16384, and at least 50 with GPUs, whose drivers come on the image."
  }
  validation {
    condition     = alltrue([for pool in var.node_pools : pool.max_unavailable_percent >= 1 && pool.max_unavailable_percent <= 100])
    error_message = "node_pools.*.max_unavailable_percent must be 1 to 100."
  }
  validation {
    condition     = alltrue(flatten([for pool in var.node_pools : [for taint in pool.taints : contains(keys(local.taint_effects), taint.effect)]]))
    error_message = "node_pools.*.taints.*.effect must be ${join(", ", keys(local.taint_effects))}."
  }
  validation {
    condition     = alltrue(flatten([for pool in var.node_pools : [for label in keys(pool.labels) : !can(regex("(^|[./])(kubernetes\\.io|k8s\\.io|eks\\.amazonaws\\.com)/", label)) && !contains(["inferloop.io/pool", "inferloop.io/capacity", "inferloop.io/gpu-type", "inferloop.io/gpu-count"], label)]]))
    error_message = "node_pools.*.labels must not use kubernetes.io/, k8s.io/ or eks.amazonaws.com/, which belong to Kubernetes and EKS, nor inferloop.io/pool, capacity, gpu-type or gpu-count, which are set here."
  }
  validation {
    condition     = alltrue([for pool in var.node_pools : pool.kubernetes_version == null || can(regex("^1\\.[0-9]{2}$", pool.kubernetes_version))])
    error_message = "node_pools.*.kubernetes_version must be a minor version such as 1.35, not newer than that of the control plane."
  }
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
  validation {
    condition     = alltrue([for range in var.public_access_cidrs : can(cidrnetmask(range)) && !endswith(range, "/0")])
    error_message = "public_access_cidrs must hold IPv4 ranges such as 203.0.113.0/24; 0.0.0.0/0 is refused."
  }
}

variable "service_cidr" {
  description = "IPv4 range of Kubernetes services, /12 to /24, outside of the VPC; it cannot be changed later."
  type        = string
  default     = "172.20.0.0/16"
  nullable    = false
  validation {
    condition     = can(cidrnetmask(var.service_cidr)) && try(tonumber(split("/", var.service_cidr)[1]) >= 12 && tonumber(split("/", var.service_cidr)[1]) <= 24, false) && can(regex("^(10\\.|172\\.(1[6-9]|2[0-9]|3[01])\\.|192\\.168\\.)", var.service_cidr))
    error_message = "service_cidr must be a /12 to /24 inside 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16."
  }
}
