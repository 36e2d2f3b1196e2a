variable "account" {
  description = "Account that holds everything: its id, its partition and the region."
  type = object({
    id        = string
    partition = optional(string, "aws")
    region    = string
  })
  nullable = false
}

variable "encryption_key" {
  description = "KMS key of the nodes' volumes and of the job logs; null leaves both to the keys that AWS keeps."
  type        = object({ arn = string })
  default     = null
}

variable "jobs" {
  description = "Jobs by key: the pool they run in, the container, what it needs and, for recurring ones, the schedule."
  type = map(object({
    name               = string
    labels             = optional(map(string), {})
    pool               = string
    image              = string
    repository_arn     = optional(string)
    command            = optional(list(string), [])
    vcpus              = optional(number, 1)
    memory_mb          = optional(number, 2048)
    gpus               = optional(number, 0)
    shared_memory_mb   = optional(number)
    env                = optional(map(string), {})
    secrets            = optional(map(object({ arn = string, key_arn = optional(string) })), {})
    permissions        = optional(map(object({ actions = set(string), resources = set(string) })), {})
    attempts           = optional(number, 3)
    timeout_seconds    = optional(number, 86400)
    log_retention_days = optional(number, 30)
    user               = optional(string, "10001")
    schedule = optional(object({
      expression = string
      time_zone  = optional(string, "Etc/UTC")
      enabled    = optional(bool, true)
      array_size = optional(number)
    }))
  }))
  default  = {}
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

variable "network" {
  description = "Network of the nodes, which stand in the private subnets."
  type = object({
    vpc_id             = string
    private_subnet_ids = list(string)
  })
  nullable = false
}

variable "pools" {
  description = "Pools of nodes by name: spot first with on-demand behind it, or on-demand alone; a pool makes its compute environments and one job queue."
  type = map(object({
    labels             = optional(map(string), {})
    spot               = optional(bool, true)
    on_demand_fallback = optional(bool, true)
    gpu                = optional(bool, false)
    architecture       = optional(string, "x86_64")
    instance_types     = optional(list(string))
    min_vcpus          = optional(number, 0)
    max_vcpus          = optional(number, 64)
    disk_gb            = optional(number, 100)
    priority           = optional(number, 1)
  }))
  default  = {}
  nullable = false
}
