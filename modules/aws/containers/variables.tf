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
    permissions        = optional(map(object({ actions = set(string), resources = set(string) })), {})
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
}
