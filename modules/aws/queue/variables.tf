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
}

variable "queues" {
  description = "Queues by key, each with a dead-letter queue unless dead_letter is null, made here or, with `existing`, only described."
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
}
