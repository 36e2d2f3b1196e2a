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
  description = "Whether what holds data refuses to be deleted; an item may override it where it has the field."
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

variable "readers" {
  description = "Roles that alone may read the value of a secret, by secret key; a secret that is not named here is readable by whom IAM allows inside the account."
  type        = map(list(string))
  default     = {}
  nullable    = false
  validation {
    condition     = alltrue([for key in keys(var.readers) : try(var.secrets[key].existing == null, false)])
    error_message = "readers: every key must be that of a secret made here; the policy of an existing secret belongs to its owner."
  }
  validation {
    condition     = alltrue([for roles in var.readers : length(roles) > 0])
    error_message = "readers: every secret named needs at least one role; leave it out to let IAM decide."
  }
}

variable "secrets" {
  description = "Secrets by key, made here without a value or, with `existing`, only described; `rotation` names the function that writes and rotates the value."
  type = map(object({
    name                 = string
    service              = string
    labels               = optional(map(string), {})
    description          = optional(string)
    encryption_key       = optional(object({ arn = string }))
    recovery_window_days = optional(number)
    rotation = optional(object({
      function_arn = string
      days         = optional(number, 30)
    }))
    existing = optional(object({
      arn     = string
      key_arn = optional(string)
    }))
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for item in var.secrets : can(regex("^[a-zA-Z0-9/_+=.@-]{1,512}$", item.name))])
    error_message = "secrets: name must have 1 to 512 letters, digits and characters of /_+=.@-."
  }
  validation {
    condition     = length(distinct([for item in var.secrets : item.name if item.existing == null])) == length([for item in var.secrets : 1 if item.existing == null])
    error_message = "secrets: every name must be used once."
  }
  validation {
    condition     = alltrue([for item in var.secrets : can(regex("^[a-z][a-z0-9-]{0,62}$", item.service))])
    error_message = "secrets: service must have 1 to 63 lower-case letters, digits and hyphens, and start with a letter."
  }
  validation {
    condition = alltrue([
      for item in var.secrets : item.recovery_window_days == null ? true : item.recovery_window_days == 0 || (item.recovery_window_days >= 7 && item.recovery_window_days <= 30)
    ])
    error_message = "secrets: recovery_window_days must be 0 (deleted at once) or from 7 to 30."
  }
  validation {
    condition     = alltrue([for item in var.secrets : item.rotation == null ? true : item.rotation.days >= 1 && item.rotation.days <= 1000])
    error_message = "secrets: days in rotation must be from 1 to 1000."
  }
  validation {
    condition     = alltrue([for item in var.secrets : item.rotation == null || item.existing == null])
    error_message = "secrets: rotation is for secrets made here; whoever owns an existing secret rotates it."
  }
}
