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
}
