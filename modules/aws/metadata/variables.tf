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

variable "tables" {
  description = "DynamoDB tables by key, made here or, with `existing`, only described; an attribute's type is S, N or B."
  type = map(object({
    name           = string
    service        = string
    labels         = optional(map(string), {})
    encryption_key = optional(object({ arn = string }))
    hash_key       = optional(object({ name = string, type = optional(string, "S") }), { name = "id" })
    range_key      = optional(object({ name = string, type = optional(string, "S") }))
    ttl_attribute  = optional(string)
    stream         = optional(string)
    indexes = optional(map(object({
      hash_key       = object({ name = string, type = optional(string, "S") })
      range_key      = optional(object({ name = string, type = optional(string, "S") }))
      projection     = optional(string, "ALL")
      non_key_fields = optional(set(string), [])
    })), {})
    max_read_units      = optional(number)
    max_write_units     = optional(number)
    recovery_days       = optional(number, 35)
    deletion_protection = optional(bool)
    existing = optional(object({
      name       = string
      arn        = string
      stream_arn = optional(string)
      key_arn    = optional(string)
    }))
  }))
  default  = {}
  nullable = false
}
