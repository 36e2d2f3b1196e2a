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

  validation {
    condition = alltrue([
      for item in var.buckets : can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", item.name)) && !can(regex("^(xn--|sthree-|amzn-s3-demo-)|(-s3alias|--ol-s3|--x-s3|--table-s3)$", item.name))
    ])
    error_message = "buckets: name must have 3 to 63 lower-case letters, digits and hyphens, begin and end with a letter or digit, and have no prefix or suffix that S3 keeps for itself."
  }
  validation {
    condition     = length(distinct([for item in var.buckets : item.name if item.existing == null])) == length([for item in var.buckets : 1 if item.existing == null])
    error_message = "buckets: every name must be used once."
  }
  validation {
    condition = alltrue(flatten([
      for item in var.buckets : [for rule in item.lifecycle : [
        for class, days in rule.transitions : contains(["DEEP_ARCHIVE", "GLACIER", "GLACIER_IR", "INTELLIGENT_TIERING", "ONEZONE_IA", "STANDARD_IA"], class)
      ]]
    ]))
    error_message = "buckets: transitions in lifecycle must name STANDARD_IA, ONEZONE_IA, INTELLIGENT_TIERING, GLACIER_IR, GLACIER or DEEP_ARCHIVE."
  }
  validation {
    condition = alltrue(flatten([
      for item in var.buckets : [for rule in item.lifecycle : [
        for class, days in rule.transitions : days >= (endswith(class, "_IA") ? 30 : 0) && floor(days) == days
      ]]
    ]))
    error_message = "buckets: transitions in lifecycle need whole days, at least 30 for STANDARD_IA and ONEZONE_IA."
  }
  validation {
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-transition-general-considerations.html
    condition = alltrue(flatten([
      for item in var.buckets : [for rule in item.lifecycle : [
        for index, class in local.storage_classes : [
          for colder in slice(local.storage_classes, index + 1, length(local.storage_classes)) :
          rule.transitions[colder] >= rule.transitions[class] + (endswith(class, "_IA") ? 30 : 1)
          if contains(keys(rule.transitions), class) && contains(keys(rule.transitions), colder)
        ]
      ]]
    ]))
    error_message = "buckets: transitions in lifecycle must go to a colder class each time (STANDARD_IA, INTELLIGENT_TIERING, ONEZONE_IA, GLACIER_IR, GLACIER, DEEP_ARCHIVE), 30 days or more after STANDARD_IA and ONEZONE_IA."
  }
  validation {
    condition = alltrue(flatten([
      for item in var.buckets : [for rule in item.lifecycle : rule.expire_days == null ? true : rule.expire_days > max(0, values(rule.transitions)...)]
    ]))
    error_message = "buckets: expire_days in lifecycle must be more than 0 and than the days of every transition."
  }
  validation {
    condition = alltrue(flatten([
      for item in var.buckets : [for rule in item.lifecycle : rule.noncurrent_days >= 1 && rule.abort_multipart_days >= 1 && (rule.noncurrent_versions == null ? true : rule.noncurrent_versions >= 1 && rule.noncurrent_versions <= 100)]
    ]))
    error_message = "buckets: noncurrent_days and abort_multipart_days in lifecycle must be at least 1, noncurrent_versions from 1 to 100."
  }
  validation {
    condition = alltrue(flatten([
      for item in var.buckets : [for rule in item.cors : length(setsubtract(rule.methods, ["DELETE", "GET", "HEAD", "POST", "PUT"])) == 0 && length(rule.methods) > 0 && length(rule.origins) > 0]
    ]))
    error_message = "buckets: every rule in cors needs origins, and methods out of GET, HEAD, PUT, POST and DELETE."
  }
  validation {
    condition     = alltrue([for item in var.buckets : item.existing == null || !item.event_bridge])
    error_message = "buckets: event_bridge must be false for an existing bucket; whoever owns it turns its events on."
  }
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
  validation {
    condition     = alltrue([for key in keys(var.distributions) : try(var.buckets[key].existing == null, false)])
    error_message = "distributions: every key must be that of a bucket made here; the policy of an existing bucket belongs to its owner."
  }
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
  validation {
    condition     = alltrue([for item in var.notifications : try(var.buckets[item.bucket].existing == null, false)])
    error_message = "notifications: bucket must be the key of a bucket made here; the notifications of an existing bucket belong to its owner."
  }
  validation {
    condition     = alltrue(flatten([for item in var.notifications : [for event in item.events : startswith(event, "s3:")]]))
    error_message = "notifications: events must be those of S3, such as s3:ObjectCreated:*."
  }
}
