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
  description = "Whether the load balancer refuses to be deleted."
  type        = bool
  default     = true
  nullable    = false
}

variable "existing" {
  description = "ECS cluster that is there already; null makes one."
  type        = object({ name = string, arn = string })
  default     = null
}

variable "labels" {
  description = "Tags of every resource; the labels of an item are laid over them."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "load_balancer" {
  description = "Load balancer in front of the services that have ingress: the ACM certificate of its HTTPS listener, who may connect, where it logs; needed where a service has ingress."
  type = object({
    certificate_arn      = string
    internal             = optional(bool, false)
    ingress_cidrs        = optional(list(string), ["0.0.0.0/0"])
    access_log_bucket    = optional(string)
    ssl_policy           = optional(string, "ELBSecurityPolicy-TLS13-1-2-2021-06")
    idle_timeout_seconds = optional(number, 60)
    web_acl              = optional(object({ arn = string }))
  })
  default = null
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
  description = "Network: tasks stand in the private subnets, a public load balancer in the public ones."
  type = object({
    vpc_id             = string
    public_subnet_ids  = list(string)
    private_subnet_ids = list(string)
  })
  nullable = false
}

variable "services" {
  description = "Fargate services by key; one with `ingress` is reached through the load balancer, one without takes no traffic."
  type = map(object({
    name               = string
    labels             = optional(map(string), {})
    image              = string
    repository_arn     = optional(string)
    command            = optional(list(string), [])
    architecture       = optional(string, "ARM64")
    vcpus              = optional(number, 0.5)
    memory_mb          = optional(number, 1024)
    ephemeral_gb       = optional(number)
    user               = optional(string, "10001")
    port               = optional(number, 8080)
    env                = optional(map(string), {})
    secrets            = optional(map(object({ arn = string, key_arn = optional(string) })), {})
    permissions        = optional(map(object({ actions = set(string), resources = set(string), conditions = optional(map(map(list(string))), {}) })), {})
    replicas           = optional(number, 2)
    spot               = optional(bool, false)
    log_retention_days = optional(number, 30)
    encryption_key     = optional(object({ arn = string }))
    tracing_image      = optional(string)
    stop_seconds       = optional(number, 60)
    health = optional(object({
      path             = optional(string, "/")
      interval_seconds = optional(number, 15)
      grace_seconds    = optional(number, 60)
      command          = optional(list(string))
    }), {})
    ingress = optional(object({
      paths    = set(string)
      hosts    = optional(set(string), [])
      priority = number
    }))
    autoscaling = optional(object({
      min                 = number
      max                 = number
      cpu_percent         = optional(number)
      memory_percent      = optional(number)
      requests_per_minute = optional(number)
      schedules = optional(map(object({
        expression = string
        time_zone  = optional(string, "Etc/UTC")
        min        = number
        max        = number
      })), {})
    }))
  }))
  default  = {}
  nullable = false
  validation {
    condition     = alltrue([for service in values(var.services) : can(regex("^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$", service.name))])
    error_message = "services[*].name must have 1 to 64 letters, digits, hyphens and underscores."
  }
  validation {
    condition     = alltrue([for service in values(var.services) : contains(["ARM64", "X86_64"], service.architecture)])
    error_message = "services[*].architecture must be ARM64 or X86_64."
  }
  validation {
    condition     = alltrue([for service in values(var.services) : service.user != "0" && service.user != "root"])
    error_message = "services[*].user must not be root."
  }
  validation {
    condition     = alltrue([for service in values(var.services) : service.stop_seconds >= 1 && service.stop_seconds <= 120])
    error_message = "services[*].stop_seconds must be 1 to 120."
  }
  validation {
    condition     = alltrue([for service in values(var.services) : service.ephemeral_gb == null ? true : service.ephemeral_gb >= 21 && service.ephemeral_gb <= 200])
    error_message = "services[*].ephemeral_gb must be 21 to 200; left out it is 20."
  }
  validation {
    condition = alltrue([for service in values(var.services) : service.autoscaling == null ? true :
      service.autoscaling.min <= service.autoscaling.max && alltrue([for schedule in values(service.autoscaling.schedules) : schedule.min <= schedule.max])
    ])
    error_message = "services[*].autoscaling, and each of its schedules, needs min <= max."
  }
  validation {
    condition     = alltrue([for service in values(var.services) : try(service.autoscaling.requests_per_minute, null) == null || service.ingress != null])
    error_message = "services[*].autoscaling.requests_per_minute needs ingress: a service without one takes no requests."
  }
  validation {
    condition     = alltrue([for service in values(var.services) : service.ingress == null ? true : length(service.ingress.paths) * 2 + length(service.ingress.hosts) <= 5 && length(service.ingress.paths) > 0 && service.ingress.priority >= 1 && service.ingress.priority <= 50000])
    error_message = "services[*].ingress needs 1 path and up to 3 hosts, or 2 paths and 1 host (a rule of a load balancer takes five values, two for each path), and priority 1 to 50000."
  }
  validation {
    condition     = length(distinct([for service in values(var.services) : service.ingress.priority if service.ingress != null])) == length([for service in values(var.services) : service if service.ingress != null])
    error_message = "services[*].ingress.priority must differ between services."
  }
}
