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
  description = "GuardDuty: which features watch and how often findings are published; a detector that is there already (an account has one per region) is named by existing; null leaves GuardDuty alone."
  type = object({
    features  = optional(set(string), ["EBS_MALWARE_PROTECTION", "EKS_AUDIT_LOGS", "LAMBDA_NETWORK_LOGS", "RDS_LOGIN_EVENTS", "RUNTIME_MONITORING", "S3_DATA_EVENTS"])
    frequency = optional(string, "FIFTEEN_MINUTES")
    existing  = optional(object({ detector_id = string }))
  })
  default = {}
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
  description = "KMS keys of the platform by purpose: what they are for and which AWS services may use them; with `existing` only described."
  type = map(object({
    description = string
    services    = optional(set(string), [])
    labels      = optional(map(string), {})
    existing    = optional(object({ arn = string }))
  }))
  default  = {}
  nullable = false
}

variable "service_keys" {
  description = "KMS keys of services that ask for one of their own, by service: name and the AWS services that may use it; with `existing` only described."
  type = map(object({
    name     = string
    labels   = optional(map(string), {})
    services = optional(set(string), ["s3", "sqs", "secretsmanager", "rds", "dynamodb", "logs"])
    existing = optional(object({ arn = string }))
  }))
  default  = {}
  nullable = false
}

variable "trail" {
  description = "CloudTrail over all regions into a bucket of its own: how many days it is kept, buckets whose object access is recorded, and whether the bucket is locked; null makes no trail."
  type = object({
    retention_days   = optional(number, 365)
    archive_days     = optional(number, 90)
    data_bucket_arns = optional(map(string), {})
    insights         = optional(bool, false)
    lock             = optional(bool, false)
  })
  default = {}
}
