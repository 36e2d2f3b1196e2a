variable "account" {
  description = "Account that holds everything: its id, its partition and the region."
  type = object({
    id        = string
    partition = optional(string, "aws")
    region    = string
  })
  nullable = false
}

variable "clients" {
  description = "Who may mount: a security group per client name, every file system or only the file systems named."
  type = map(object({
    security_group_id = string
    file_systems      = optional(set(string))
  }))
  default  = {}
  nullable = false
}

variable "file_systems" {
  description = "File systems by key, made here or, with `existing`, only described; `access_points` gives each service a directory and a POSIX user of its own."
  type = map(object({
    name                  = string
    labels                = optional(map(string), {})
    encryption_key        = optional(object({ arn = string }))
    throughput_mode       = optional(string, "elastic")
    throughput_mibps      = optional(number)
    infrequent_after_days = optional(number, 30)
    archive_after_days    = optional(number)
    backup                = optional(bool, true)
    access_points = optional(map(object({
      path        = string
      uid         = optional(number, 10001)
      gid         = optional(number, 10001)
      permissions = optional(string, "0750")
      labels      = optional(map(string), {})
    })), {})
    existing = optional(object({
      id                = string
      arn               = string
      security_group_id = optional(string)
      access_point_arns = optional(map(string), {})
    }))
  }))
  default  = {}
  nullable = false
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
  description = "Network of the mount targets, one in each private subnet."
  type = object({
    vpc_id             = string
    private_subnet_ids = list(string)
  })
  nullable = false
}
