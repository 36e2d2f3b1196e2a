variable "account" {
  description = "Account that holds everything: its id, its partition and the region."
  type = object({
    id        = string
    partition = optional(string, "aws")
    region    = string
  })
  nullable = false
}

variable "caches" {
  description = "Caches by key, made here or, with `existing`, only described; `services` gives each service a user that sees only the keys under `<service>:`."
  type = map(object({
    name                    = string
    labels                  = optional(map(string), {})
    engine                  = optional(string, "valkey")
    version                 = optional(string)
    node_type               = optional(string, "cache.t4g.small")
    replicas                = optional(number, 1)
    encryption_key          = optional(object({ arn = string }))
    parameters              = optional(map(string), {})
    snapshot_retention_days = optional(number, 1)
    snapshot_window         = optional(string, "01:00-02:00")
    maintenance_window      = optional(string, "sun:03:00-sun:04:00")
    final_snapshot          = optional(bool)
    apply_immediately       = optional(bool, false)
    log_retention_days      = optional(number, 30)
    services = optional(map(object({
      user     = string
      commands = optional(string, "+@all -@dangerous -scan -randomkey +info")
    })), {})
    existing = optional(object({
      host              = string
      port              = optional(number, 6379)
      arn               = optional(string)
      identifier        = optional(string)
      security_group_id = optional(string)
      user_arns         = optional(map(string), {})
    }))
  }))
  default  = {}
  nullable = false
}

variable "clients" {
  description = "Who may connect on the cache port: a security group per client name, to every cache or only to the caches named."
  type = map(object({
    security_group_id = string
    caches            = optional(set(string))
  }))
  default  = {}
  nullable = false
}

variable "deletion_protection" {
  description = "Whether deleting a cache leaves a final snapshot behind; an item may override it with final_snapshot."
  type        = bool
  default     = true
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
  description = "Network of the caches, which stand in the data subnets."
  type = object({
    vpc_id          = string
    data_subnet_ids = list(string)
  })
  nullable = false
}
