variable "account" {
  description = "Account that holds everything: its id, its partition and the region."
  type = object({
    id        = string
    partition = optional(string, "aws")
    region    = string
  })
  nullable = false
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

variable "producers" {
  description = "AWS services that may send, by any name: the queue (its key), the service principal and the ARN of what sends, for example a bucket."
  type = map(object({
    queue      = string
    principal  = optional(string, "s3.amazonaws.com")
    source_arn = string
  }))
  default  = {}
  nullable = false
  validation {
    condition     = alltrue([for item in var.producers : try(var.queues[item.queue].existing == null, false)])
    error_message = "producers: queue must be the key of a queue made here; the policy of an existing queue belongs to its owner."
  }
  validation {
    condition     = alltrue([for item in var.producers : can(regex("^[a-z0-9.-]+\\.amazonaws\\.com$", item.principal))])
    error_message = "producers: principal must be an AWS service, such as s3.amazonaws.com."
  }
}

variable "queues" {
  description = "Queues by key, each with a dead-letter queue unless dead_letter says `enabled = false`, made here or, with `existing`, only described."
  type = map(object({
    name                        = string
    labels                      = optional(map(string), {})
    fifo                        = optional(bool, false)
    content_based_deduplication = optional(bool, false)
    visibility_seconds          = optional(number, 30)
    retention_seconds           = optional(number, 345600)
    delay_seconds               = optional(number, 0)
    receive_wait_seconds        = optional(number, 20)
    max_message_kb              = optional(number, 256)
    encryption_key              = optional(object({ arn = string }))
    dead_letter = optional(object({
      enabled           = optional(bool, true)
      max_receives      = optional(number, 5)
      retention_seconds = optional(number, 1209600)
    }), {})
    existing = optional(object({
      arn             = string
      url             = string
      dead_letter_arn = optional(string)
      key_arn         = optional(string)
    }))
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for item in var.queues : can(regex("^[a-zA-Z0-9_-]{1,71}$", item.name))])
    error_message = "queues: name must have 1 to 71 letters, digits, hyphens and underscores, so that -dlq and .fifo fit behind it."
  }
  validation {
    condition     = length(distinct([for item in var.queues : item.name if item.existing == null])) == length([for item in var.queues : 1 if item.existing == null])
    error_message = "queues: every name must be used once."
  }
  validation {
    condition     = alltrue([for item in var.queues : item.visibility_seconds >= 0 && item.visibility_seconds <= 43200])
    error_message = "queues: visibility_seconds must be from 0 to 43200 (12 hours)."
  }
  validation {
    condition     = alltrue([for item in var.queues : item.retention_seconds >= 60 && item.retention_seconds <= 1209600])
    error_message = "queues: retention_seconds must be from 60 to 1209600 (14 days)."
  }
  validation {
    condition     = alltrue([for item in var.queues : item.delay_seconds >= 0 && item.delay_seconds <= 900])
    error_message = "queues: delay_seconds must be from 0 to 900."
  }
  validation {
    condition     = alltrue([for item in var.queues : item.receive_wait_seconds >= 0 && item.receive_wait_seconds <= 20])
    error_message = "queues: receive_wait_seconds must be from 0 to 20."
  }
  validation {
    condition     = alltrue([for item in var.queues : item.max_message_kb >= 1 && item.max_message_kb <= 256])
    error_message = "queues: max_message_kb must be from 1 to 256."
  }
  validation {
    condition     = alltrue([for item in var.queues : item.dead_letter.max_receives >= 1 && item.dead_letter.max_receives <= 1000])
    error_message = "queues: max_receives in dead_letter must be from 1 to 1000."
  }
  validation {
    # The age of a message goes on counting in the dead-letter queue.
    condition = alltrue([
      for item in var.queues : !item.dead_letter.enabled || (item.dead_letter.retention_seconds >= item.retention_seconds && item.dead_letter.retention_seconds <= 1209600)
    ])
    error_message = "queues: retention_seconds in dead_letter must be at least that of the queue, and at most 1209600 (14 days)."
  }
  validation {
    condition     = alltrue([for item in var.queues : item.fifo || !item.content_based_deduplication])
    error_message = "queues: content_based_deduplication is for fifo queues only."
  }
}
