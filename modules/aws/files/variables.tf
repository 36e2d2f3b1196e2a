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
  validation {
    condition     = alltrue([for item in values(var.file_systems) : contains(["elastic", "bursting", "provisioned"], item.throughput_mode) && (item.throughput_mode == "provisioned") == (item.throughput_mibps != null)])
    error_message = "file_systems[*].throughput_mode must be elastic, bursting or provisioned; provisioned, and only it, takes throughput_mibps."
  }
  validation {
    condition = alltrue(flatten([for item in values(var.file_systems) : [
      for days in [item.infrequent_after_days, item.archive_after_days] : contains([1, 7, 14, 30, 60, 90, 180, 270, 365], days) if days != null
    ]]))
    error_message = "file_systems[*].infrequent_after_days and archive_after_days must be 1, 7, 14, 30, 60, 90, 180, 270 or 365."
  }
  validation {
    condition     = alltrue([for item in values(var.file_systems) : item.archive_after_days == null ? true : item.throughput_mode == "elastic" && item.archive_after_days > coalesce(item.infrequent_after_days, 0)])
    error_message = "file_systems[*].archive_after_days needs throughput_mode elastic, and more days than infrequent_after_days."
  }
  validation {
    condition = alltrue(flatten([for item in values(var.file_systems) : [
      for point in values(item.access_points) : can(regex("^(/[A-Za-z0-9._-]+){1,4}$", point.path)) && can(regex("^0?[0-7]{3}$", point.permissions)) && point.uid > 0 && point.gid > 0
    ]]))
    error_message = "file_systems[*].access_points[*] needs a path such as /models/textnlp (at most 4 parts), octal permissions such as 0750, and a uid and gid above 0."
  }
}

variable "labels" {
  description = "Tags of every resource; the labels of an item are laid over them."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "network" {
  description = "Network of the mount targets, one in each private subnet."
  type = object({
    vpc_id             = string
    private_subnet_ids = list(string)
  })
  nullable = false
}
