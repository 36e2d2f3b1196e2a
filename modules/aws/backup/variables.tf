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
  validation {
    condition     = alltrue([for plan in values(var.plans) : length(plan.rules) > 0 && length(plan.select_tags) + length(plan.select_arns) > 0])
    error_message = "Each of plans needs at least one of rules, and select_tags or select_arns."
  }
  validation {
    condition     = alltrue(flatten([for plan in values(var.plans) : [for rule in values(plan.rules) : can(regex("^(cron|rate)\\(.+\\)$", rule.schedule))]]))
    error_message = "plans[*].rules[*].schedule must be cron(...) or rate(...), for example cron(0 3 * * ? *)."
  }
  validation {
    condition = alltrue(flatten([for plan in values(var.plans) : [
      for rule in values(plan.rules) : rule.retention_days >= 1 && (rule.cold_storage_after_days == null ? true : rule.retention_days >= rule.cold_storage_after_days + 90)
    ]]))
    error_message = "plans[*].rules[*].retention_days must be at least 1, and at least 90 more than cold_storage_after_days: AWS keeps what went cold for 90 days."
  }
  validation {
    condition     = alltrue(flatten([for plan in values(var.plans) : [for rule in values(plan.rules) : !rule.continuous || (rule.retention_days <= 35 && rule.cold_storage_after_days == null)]]))
    error_message = "plans[*].rules[*] with continuous must keep at most 35 days and use no cold storage."
  }
  validation {
    condition     = alltrue(flatten([for plan in values(var.plans) : [for rule in values(plan.rules) : rule.start_window_minutes >= 60 && rule.completion_window_minutes >= rule.start_window_minutes + 60]]))
    error_message = "plans[*].rules[*].start_window_minutes must be at least 60, and completion_window_minutes at least 60 more."
  }
}
