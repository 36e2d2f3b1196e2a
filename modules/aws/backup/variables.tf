variable "account" {
  description = "Account that holds everything: its id, its partition and the region."
  type = object({
    id        = string
    partition = optional(string, "aws")
    region    = string
  })
  nullable = false
}

variable "deletion_protection" {
  description = "Whether the vault keeps its recovery points when it is deleted; false lets Terraform delete them with it."
  type        = bool
  default     = true
  nullable    = false
}

variable "encryption_key" {
  description = "KMS key of the vault; null makes one."
  type        = object({ arn = string })
  default     = null
}

variable "existing" {
  description = "Vault that is there already; null makes one."
  type        = object({ name = string, arn = string })
  default     = null
}

variable "labels" {
  description = "Tags of every resource; the labels of an item are laid over them."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "lock" {
  description = "Limits that nobody may shorten: recovery points are kept at least and at most so many days; with grace_days the lock itself becomes final."
  type = object({
    min_retention_days = optional(number, 7)
    max_retention_days = optional(number)
    grace_days         = optional(number)
  })
  default = null
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

variable "plans" {
  description = "Backup plans by key: rules by name, and what they select, by tags (all of them must match) or by ARN; an empty map makes nothing."
  type = map(object({
    labels = optional(map(string), {})
    rules = map(object({
      schedule                  = string
      time_zone                 = optional(string, "Etc/UTC")
      retention_days            = number
      cold_storage_after_days   = optional(number)
      start_window_minutes      = optional(number, 60)
      completion_window_minutes = optional(number, 480)
      continuous                = optional(bool, false)
      copy_to = optional(map(object({
        vault_arn      = string
        retention_days = number
      })), {})
    }))
    select_tags = optional(map(string), {})
    select_arns = optional(map(string), {})
  }))
  default  = {}
  nullable = false
}
