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

  validation {
    condition     = alltrue([for item in var.caches : can(regex("^[a-z](-?[a-z0-9])*$", item.name)) && length(item.name) <= 40])
    error_message = "caches: name must have 1 to 40 lower-case letters, digits and single hyphens, and start with a letter."
  }
  validation {
    condition     = length(distinct([for item in var.caches : item.name if item.existing == null])) == length([for item in var.caches : 1 if item.existing == null])
    error_message = "caches: every name must be used once."
  }
  validation {
    condition     = alltrue([for item in var.caches : contains(["valkey", "redis"], item.engine)])
    error_message = "caches: engine must be valkey or redis."
  }
  validation {
    # IAM authentication begins with these.
    condition = alltrue([
      for item in var.caches : item.version == null ? true : can(regex(item.engine == "redis" ? "^7\\.[01]$" : "^(7\\.2|8\\.[0-9])$", item.version))
    ])
    error_message = "caches: version must be 7.2 or 8.x for valkey, 7.0 or 7.1 for redis."
  }
  validation {
    condition     = alltrue([for item in var.caches : can(regex("^cache\\.[a-z0-9]+\\.[a-z0-9]+$", item.node_type))])
    error_message = "caches: node_type must be one of ElastiCache, such as cache.t4g.small."
  }
  validation {
    condition     = alltrue([for item in var.caches : item.replicas >= 0 && item.replicas <= 5 && floor(item.replicas) == item.replicas])
    error_message = "caches: replicas must be a whole number from 0 to 5."
  }
  validation {
    condition     = alltrue([for item in var.caches : item.snapshot_retention_days >= 0 && item.snapshot_retention_days <= 35])
    error_message = "caches: snapshot_retention_days must be from 0 (no snapshots) to 35."
  }
  validation {
    condition     = alltrue([for item in var.caches : can(regex("^([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9]$", item.snapshot_window))])
    error_message = "caches: snapshot_window must be two times of day in UTC, such as 01:00-02:00."
  }
  validation {
    condition = alltrue(flatten([
      for item in var.caches : [for service, entry in item.services : can(regex("^[a-z][a-z0-9-]*$", service))]
    ]))
    error_message = "caches: a name in services must have lower-case letters, digits and hyphens only, as it is the prefix of the service's keys."
  }
  validation {
    condition = alltrue(flatten([
      for item in var.caches : [for entry in item.services : can(regex("^[a-z][a-z0-9-]{0,39}$", entry.user)) && entry.user != "default"]
    ]))
    error_message = "caches: user in services must have 1 to 40 lower-case letters, digits and hyphens, start with a letter, and not be default."
  }
  validation {
    condition = length(distinct(flatten([for item in var.caches : [for entry in item.services : entry.user] if item.existing == null]))) == length(
      flatten([for item in var.caches : [for entry in item.services : entry.user] if item.existing == null])
    )
    error_message = "caches: every user in services must be used once, over all caches."
  }
  validation {
    condition = alltrue(flatten([
      for item in var.caches : [for entry in item.services : can(regex("^[-+][a-z@|-]+( [-+][a-z@|-]+)*$", entry.commands))]
    ]))
    error_message = "caches: commands in services must be ACL rules about commands only, such as \"+@all -@dangerous\"; keys and channels are always those of the service."
  }
}

variable "clients" {
  description = "Who may connect on the cache port: a security group per client name, to every cache or only to the caches named."
  type = map(object({
    security_group_id = string
    caches            = optional(set(string))
  }))
  default  = {}
  nullable = false
  validation {
    condition = alltrue(flatten([
      for client in var.clients : [for key in coalesce(client.caches, []) : contains(keys(var.caches), key)]
    ]))
    error_message = "clients: every name in caches must be a key of caches."
  }
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
