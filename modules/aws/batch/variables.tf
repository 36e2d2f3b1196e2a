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
    permissions        = optional(map(object({ actions = set(string), resources = set(string), conditions = optional(map(map(list(string))), {}) })), {})
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
  validation {
    condition     = alltrue([for job in values(var.jobs) : can(regex("^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$", job.name))])
    error_message = "jobs[*].name must have 1 to 64 letters, digits, hyphens and underscores."
  }
  validation {
    condition     = alltrue([for job in values(var.jobs) : job.attempts >= 1 && job.attempts <= 10 && job.timeout_seconds >= 60])
    error_message = "jobs[*] needs attempts 1 to 10 and timeout_seconds of at least 60."
  }
  validation {
    condition     = alltrue([for job in values(var.jobs) : job.vcpus >= 1 && job.vcpus == floor(job.vcpus) && job.memory_mb >= 4 && job.gpus >= 0])
    error_message = "jobs[*] needs whole vcpus of at least 1, memory_mb of at least 4 and gpus of at least 0."
  }
  validation {
    condition     = alltrue([for job in values(var.jobs) : job.user != "0" && job.user != "root"])
    error_message = "jobs[*].user must not be root."
  }
  validation {
    condition     = alltrue([for job in values(var.jobs) : job.schedule == null ? true : can(regex("^(cron|rate|at)\\(.+\\)$", job.schedule.expression)) && (job.schedule.array_size == null ? true : job.schedule.array_size >= 2 && job.schedule.array_size <= 10000)])
    error_message = "jobs[*].schedule needs expression cron(...), rate(...) or at(...), and array_size 2 to 10000."
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
  validation {
    condition     = alltrue([for pool in values(var.pools) : pool.min_vcpus >= 0 && pool.min_vcpus <= pool.max_vcpus && pool.max_vcpus >= 1])
    error_message = "pools[*] needs 0 <= min_vcpus <= max_vcpus, and max_vcpus of at least 1."
  }
  validation {
    condition     = alltrue([for pool in values(var.pools) : contains(["x86_64", "arm64"], pool.architecture) && !(pool.gpu && pool.architecture == "arm64")])
    error_message = "pools[*].architecture must be x86_64 or arm64; gpu needs x86_64."
  }
  validation {
    condition     = alltrue([for pool in values(var.pools) : pool.disk_gb >= 30])
    error_message = "pools[*].disk_gb must be at least 30, the size of the node's image."
  }
}
