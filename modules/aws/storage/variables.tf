variable "account" {
  description = "Account that holds everything: its id, its partition and the region."
  type = object({
    id        = string
    partition = optional(string, "aws")
    region    = string
  })
  nullable = false
}

variable "buckets" {
  description = "Buckets by key, made here with a KMS key of their own or the one given, or, with `existing`, only described."
  type = map(object({
    name           = string
    labels         = optional(map(string), {})
    encryption_key = optional(object({ arn = string }))
    versioning     = optional(bool, true)
    event_bridge   = optional(bool, false)
    lifecycle = optional(map(object({
      prefix               = optional(string, "")
      transitions          = optional(map(number), {})
      expire_days          = optional(number)
      noncurrent_days      = optional(number, 30)
      noncurrent_versions  = optional(number)
      abort_multipart_days = optional(number, 7)
    })), { default = {} })
    cors = optional(map(object({
      origins         = set(string)
      methods         = optional(set(string), ["GET", "HEAD"])
      headers         = optional(set(string), [])
      expose_headers  = optional(set(string), [])
      max_age_seconds = optional(number, 3600)
    })), {})
    deletion_protection = optional(bool)
    existing = optional(object({
      name    = string
      region  = optional(string)
      key_arn = optional(string)
    }))
  }))
  default  = {}
  nullable = false
}

variable "deletion_protection" {
  description = "Whether what holds data refuses to be deleted; an item may override it where it has the field."
  type        = bool
  default     = true
  nullable    = false
}

variable "distributions" {
  description = "CloudFront distribution that may read the bucket through its origin access control, by bucket key."
  type        = map(object({ arn = string }))
  default     = {}
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

variable "notifications" {
  description = "Messages about objects sent to a queue, by any name: which bucket (its key), which queue, which events and which keys."
  type = map(object({
    bucket    = string
    queue_arn = string
    events    = optional(set(string), ["s3:ObjectCreated:*"])
    prefix    = optional(string)
    suffix    = optional(string)
  }))
  default  = {}
  nullable = false
}
