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
  description = "Whether a repository refuses to be deleted while it holds images."
  type        = bool
  default     = true
  nullable    = false
}

variable "encryption_key" {
  description = "KMS key of the images; null makes one."
  type        = object({ arn = string })
  default     = null
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

variable "repositories" {
  description = "Repositories by key: name, how many images are kept, and other accounts that may pull; with `existing` only described."
  type = map(object({
    name             = string
    labels           = optional(map(string), {})
    keep_images      = optional(number, 50)
    untagged_days    = optional(number, 7)
    pull_account_ids = optional(set(string), [])
    existing         = optional(object({ arn = optional(string), url = string }))
  }))
  default  = {}
  nullable = false
}
