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
  description = "Repositories by key: name, how many images are kept, and who beside this account's principals may pull (other accounts, Lambda functions); with `existing` only described."
  type = map(object({
    name             = string
    labels           = optional(map(string), {})
    keep_images      = optional(number, 50)
    untagged_days    = optional(number, 7)
    functions        = optional(bool, false)
    pull_account_ids = optional(set(string), [])
    existing         = optional(object({ arn = optional(string), url = string }))
  }))
  default  = {}
  nullable = false
  validation {
    condition     = alltrue([for repository in var.repositories : can(regex("^[a-z0-9]+([._/-][a-z0-9]+)*$", repository.name)) && length(repository.name) >= 2 && length(repository.name) <= 256])
    error_message = "repositories.*.name must have 2 to 256 lower-case letters and digits, with single . _ - or / between them."
  }
  validation {
    condition     = alltrue([for repository in var.repositories : repository.keep_images >= 1 && repository.untagged_days >= 1])
    error_message = "repositories.*.keep_images and untagged_days must be at least 1."
  }
  validation {
    condition     = alltrue(flatten([for repository in var.repositories : [for id in repository.pull_account_ids : can(regex("^[0-9]{12}$", id))]]))
    error_message = "repositories.*.pull_account_ids must hold 12-digit account ids."
  }
  validation {
    condition     = alltrue([for repository in var.repositories : can(regex("^[^/ ]+/[^ :@]+$", repository.existing.url)) && !strcontains(repository.existing.url, "://") if try(repository.existing.url, null) != null])
    error_message = "repositories.*.existing.url must be host/path without scheme, tag and digest, for example 111122223333.dkr.ecr.eu-central-1.amazonaws.com/text."
  }
}
