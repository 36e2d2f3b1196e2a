variable "account" {
  description = "Account that holds everything: its id, its partition and the region."
  type = object({
    id        = string
    partition = optional(string, "aws")
    region    = string
  })
  nullable = false
}

variable "functions" {
  description = "Lambda functions by key, each from a container image or a package in a bucket, run by a queue, by new objects in a bucket or by a schedule; with `existing` only described."
  type = map(object({
    name   = string
    labels = optional(map(string), {})
    image  = optional(object({ uri = string, repository_arn = optional(string), command = optional(list(string), []) }))
    package = optional(object({
      bucket         = string
      key            = string
      object_version = optional(string)
      runtime        = optional(string, "python3.13")
      handler        = string
    }))
    architecture         = optional(string, "arm64")
    memory_mb            = optional(number, 512)
    ephemeral_storage_mb = optional(number, 512)
    timeout_seconds      = optional(number, 30)
    env                  = optional(map(string), {})
    in_vpc               = optional(bool, true)
    reserved_concurrency = optional(number)
    log_retention_days   = optional(number, 30)
    tracing              = optional(bool, true)
    encryption_key       = optional(object({ arn = string }))
    permissions = optional(map(object({
      actions    = set(string)
      resources  = set(string)
      conditions = optional(map(map(list(string))), {})
    })), {})
    queue = optional(object({
      arn                  = string
      key_arn              = optional(string)
      visibility_seconds   = optional(number)
      batch_size           = optional(number, 10)
      batch_window_seconds = optional(number, 0)
      max_concurrency      = optional(number)
    }))
    bucket = optional(object({
      name   = string
      prefix = optional(string)
      suffix = optional(string)
      events = optional(set(string), ["Object Created"])
    }))
    schedule = optional(object({
      expression = string
      time_zone  = optional(string, "Etc/UTC")
    }))
    async = optional(object({
      max_age_seconds = optional(number, 21600)
      retries         = optional(number, 2)
    }), {})
    existing = optional(object({
      arn               = string
      name              = string
      role_arn          = optional(string)
      security_group_id = optional(string)
    }))
  }))
  default  = {}
  nullable = false
  validation {
    condition     = alltrue([for item in values(var.functions) : item.existing != null || (item.image == null) != (item.package == null)])
    error_message = "Each of functions needs exactly one of image, package and existing."
  }
  validation {
    condition     = alltrue([for item in values(var.functions) : can(regex("^[A-Za-z0-9-_]{1,64}$", item.name))])
    error_message = "functions[*].name must have 1 to 64 letters, digits, hyphens and underscores."
  }
  validation {
    condition     = alltrue([for item in values(var.functions) : item.memory_mb >= 128 && item.memory_mb <= 10240 && item.timeout_seconds >= 1 && item.timeout_seconds <= 900 && item.ephemeral_storage_mb >= 512 && item.ephemeral_storage_mb <= 10240])
    error_message = "functions[*] needs memory_mb 128 to 10240, timeout_seconds 1 to 900 and ephemeral_storage_mb 512 to 10240."
  }
  validation {
    condition     = alltrue([for item in values(var.functions) : contains(["arm64", "x86_64"], item.architecture)])
    error_message = "functions[*].architecture must be arm64 or x86_64."
  }
  validation {
    condition     = alltrue([for item in values(var.functions) : item.queue == null ? true : item.queue.visibility_seconds == null ? true : item.queue.visibility_seconds >= item.timeout_seconds])
    error_message = "functions[*].queue.visibility_seconds must be at least the function's timeout_seconds, or messages come again while they are handled; AWS refuses less."
  }
  validation {
    condition     = alltrue([for item in values(var.functions) : item.queue == null ? true : item.queue.batch_size >= 1 && item.queue.batch_size <= 10000 && (item.queue.batch_size <= 10 || item.queue.batch_window_seconds >= 1) && (item.queue.max_concurrency == null ? true : item.queue.max_concurrency >= 2 && item.queue.max_concurrency <= 1000)])
    error_message = "functions[*].queue needs batch_size 1 to 10000, batch_window_seconds of at least 1 for more than 10, and max_concurrency 2 to 1000."
  }
  validation {
    condition     = alltrue([for item in values(var.functions) : item.schedule == null ? true : can(regex("^(cron|rate|at)\\(.+\\)$", item.schedule.expression))])
    error_message = "functions[*].schedule.expression must be cron(...), rate(...) or at(...)."
  }
  validation {
    condition     = alltrue([for item in values(var.functions) : item.async.retries >= 0 && item.async.retries <= 2 && item.async.max_age_seconds >= 60 && item.async.max_age_seconds <= 21600])
    error_message = "functions[*].async needs retries 0 to 2 and max_age_seconds 60 to 21600."
  }
}

variable "labels" {
  description = "Tags of every resource; the labels of an item are laid over them."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "network" {
  description = "Network of the functions that stand in it: its private subnets."
  type = object({
    vpc_id             = string
    private_subnet_ids = list(string)
  })
  nullable = false
}
