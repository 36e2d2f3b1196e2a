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
  description = "Whether the trail's bucket refuses to be deleted while it holds objects, and keys wait 30 days instead of 7."
  type        = bool
  default     = true
  nullable    = false
}

variable "guardduty" {
  description = "GuardDuty: which features watch (the others are switched off) and how often findings are published; an account has one detector per region, and one that is there is named by existing and left as it is; null leaves GuardDuty alone."
  type = object({
    features  = optional(set(string), ["EBS_MALWARE_PROTECTION", "EKS_AUDIT_LOGS", "LAMBDA_NETWORK_LOGS", "RDS_LOGIN_EVENTS", "S3_DATA_EVENTS"])
    frequency = optional(string, "FIFTEEN_MINUTES")
    existing  = optional(object({ detector_id = string }))
  })
  default = {}
  validation {
    condition     = var.guardduty == null || alltrue([for feature in try(var.guardduty.features, []) : contains(local.guardduty_features, feature)])
    error_message = "guardduty.features accepts ${join(", ", local.guardduty_features)}."
  }
  validation {
    condition     = var.guardduty == null || try(contains(["FIFTEEN_MINUTES", "ONE_HOUR", "SIX_HOURS"], var.guardduty.frequency), false)
    error_message = "guardduty.frequency must be FIFTEEN_MINUTES, ONE_HOUR or SIX_HOURS."
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

variable "platform_keys" {
  description = "KMS keys of the platform by purpose: what they are for and which AWS services use them in their own name; with `existing` only described."
  type = map(object({
    description = string
    services    = optional(set(string), [])
    labels      = optional(map(string), {})
    existing    = optional(object({ arn = string }))
  }))
  default  = {}
  nullable = false
  validation {
    condition     = alltrue([for purpose in keys(var.platform_keys) : can(regex("^[a-z][a-z0-9-]{0,30}$", purpose))])
    error_message = "platform_keys: a purpose must have 1 to 31 lower-case letters, digits and hyphens, and start with a letter."
  }
  validation {
    condition     = alltrue(flatten([for key in var.platform_keys : [for service in key.services : contains(keys(local.key_users), service)]]))
    error_message = "platform_keys.*.services accepts ${join(", ", keys(local.key_users))}; other services use a key in the name of their caller, which IAM decides."
  }
  validation {
    condition     = alltrue([for key in var.platform_keys : can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/", key.existing.arn)) if try(key.existing.arn, null) != null])
    error_message = "platform_keys.*.existing.arn must be the ARN of a KMS key, not an alias."
  }
}

variable "service_keys" {
  description = "KMS keys of services that ask for one of their own, by service: name and the AWS services that use it in their own name; with `existing` only described."
  type = map(object({
    name     = string
    labels   = optional(map(string), {})
    services = optional(set(string), ["cloudfront", "events", "logs", "s3", "sns"])
    existing = optional(object({ arn = string }))
  }))
  default  = {}
  nullable = false
  validation {
    condition     = alltrue([for key in var.service_keys : can(regex("^[A-Za-z0-9/_-]{1,250}$", key.name)) && !startswith(key.name, "aws/")])
    error_message = "service_keys.*.name must be an alias of at most 250 letters, digits and /_- that does not start with aws/."
  }
  validation {
    condition     = alltrue(flatten([for key in var.service_keys : [for service in key.services : contains(keys(local.key_users), service)]]))
    error_message = "service_keys.*.services accepts ${join(", ", keys(local.key_users))}; other services use a key in the name of their caller, which IAM decides."
  }
  validation {
    condition     = alltrue([for key in var.service_keys : can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/", key.existing.arn)) if try(key.existing.arn, null) != null])
    error_message = "service_keys.*.existing.arn must be the ARN of a KMS key, not an alias."
  }
}

variable "trail" {
  description = "CloudTrail over all regions into a bucket of its own: when its files are deleted and, if at all, archived before, buckets whose object access is recorded too, unusual call rates, and whether files are locked until they are deleted; null makes no trail."
  type = object({
    retention_days   = optional(number, 365)
    archive_days     = optional(number)
    data_bucket_arns = optional(map(string), {})
    insights         = optional(bool, false)
    lock             = optional(bool, false)
  })
  default = {}
  validation {
    condition     = var.trail == null || try(var.trail.retention_days >= 90 && var.trail.retention_days <= 3653, false)
    error_message = "trail.retention_days must be 90 to 3653."
  }
  validation {
    condition     = try(var.trail.archive_days, null) == null || try(var.trail.archive_days >= 1 && var.trail.archive_days < var.trail.retention_days, false)
    error_message = "trail.archive_days must be at least 1 and less than trail.retention_days, or be left out."
  }
}
