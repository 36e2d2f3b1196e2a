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
  validation {
    condition     = alltrue([for table in values(var.tables) : can(regex("^[A-Za-z0-9_.-]{3,255}$", table.name))])
    error_message = "tables[*].name must have 3 to 255 letters, digits, underscores, hyphens and dots."
  }
  validation {
    condition = alltrue(flatten([for table in values(var.tables) : [
      for attribute in concat(
        [table.hash_key, table.range_key],
        flatten([for index in values(table.indexes) : [index.hash_key, index.range_key]]),
      ) : contains(["S", "N", "B"], attribute.type) if attribute != null
    ]]))
    error_message = "The type of tables[*].hash_key, range_key and those of its indexes must be S, N or B."
  }
  validation {
    condition     = alltrue([for table in values(var.tables) : table.stream == null ? true : contains(["KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES"], table.stream)])
    error_message = "tables[*].stream must be KEYS_ONLY, NEW_IMAGE, OLD_IMAGE or NEW_AND_OLD_IMAGES."
  }
  validation {
    condition = alltrue(flatten([for table in values(var.tables) : [
      for index in values(table.indexes) : contains(["ALL", "KEYS_ONLY", "INCLUDE"], index.projection) && (index.projection == "INCLUDE") == (length(index.non_key_fields) > 0)
    ]]))
    error_message = "tables[*].indexes[*].projection must be ALL, KEYS_ONLY or INCLUDE; INCLUDE, and only it, takes non_key_fields."
  }
  validation {
    condition     = alltrue([for table in values(var.tables) : table.recovery_days >= 1 && table.recovery_days <= 35])
    error_message = "tables[*].recovery_days must be 1 to 35."
  }
}
