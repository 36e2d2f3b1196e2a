variable "limits" {
  description = "Longest names that the cloud takes, by kind; longer ones are shortened and end with a hash."
  type = object({
    bucket      = optional(number, 63)
    cache       = optional(number, 63)
    cache_user  = optional(number, 63)
    container   = optional(number, 63)
    database    = optional(number, 63)
    environment = optional(number, 32)
    file_system = optional(number, 63)
    function    = optional(number, 63)
    job         = optional(number, 63)
    key         = optional(number, 63)
    queue       = optional(number, 63)
    role        = optional(number, 63)
    secret      = optional(number, 63)
    site        = optional(number, 63)
    table       = optional(number, 63)
  })
  default  = {}
  nullable = false
  validation {
    condition     = alltrue([for kind, limit in var.limits : limit >= 24])
    error_message = "limits must leave at least 24 characters for each kind of name; found ${join(", ", [for kind, limit in var.limits : "${kind} = ${limit}" if limit < 24])}."
  }
}

variable "unique_suffix" {
  description = "Ending of names that have to be unique in the whole cloud, for example the account's id for buckets; null for none."
  type        = string
  default     = null
  validation {
    condition     = var.unique_suffix == null || can(regex("^[a-z0-9]{1,20}$", var.unique_suffix))
    error_message = "unique_suffix must have 1 to 20 lower-case letters and digits."
  }
}
