variable "account" {
  description = "Account that holds everything: its id, its partition and the region."
  type = object({
    id        = string
    partition = optional(string, "aws")
    region    = string
  })
  nullable = false
}

variable "bootstrap" {
  description = "Function that makes databases and roles inside the instances: where it may connect to over HTTPS, and how long it may take."
  type = object({
    https_egress_cidrs = optional(list(string), ["0.0.0.0/0"])
    log_retention_days = optional(number, 30)
    timeout_seconds    = optional(number, 300)
  })
  default  = {}
  nullable = false
}

variable "clients" {
  description = "Who may connect on the database port: a security group per client name, to every instance or only to the instances named."
  type = map(object({
    security_group_id = string
    instances         = optional(set(string))
  }))
  default  = {}
  nullable = false
}

variable "deletion_protection" {
  description = "Whether what holds data refuses to be deleted; an item may override it where it has the field."
  type        = bool
  default     = true
  nullable    = false
}

variable "instances" {
  description = "Database instances by key, made here or, with `existing`, only described; `databases` gives each service its database and its role."
  type = map(object({
    name                        = string
    labels                      = optional(map(string), {})
    engine                      = optional(string, "postgres")
    version                     = optional(string, "16")
    instance_class              = optional(string, "db.t4g.medium")
    storage_gb                  = optional(number, 20)
    storage_max_gb              = optional(number)
    storage_type                = optional(string, "gp3")
    multi_az                    = optional(bool, true)
    replicas                    = optional(number, 0)
    serverless                  = optional(object({ min_capacity = number, max_capacity = number }))
    backup_retention_days       = optional(number, 7)
    backup_window               = optional(string, "02:00-03:00")
    maintenance_window          = optional(string, "sun:04:00-sun:05:00")
    deletion_protection         = optional(bool)
    final_snapshot              = optional(bool)
    apply_immediately           = optional(bool, false)
    encryption_key              = optional(object({ arn = string }))
    performance_insights_days   = optional(number, 7)
    monitoring_interval_seconds = optional(number, 60)
    log_exports                 = optional(set(string))
    log_retention_days          = optional(number, 30)
    parameters                  = optional(map(string), {})
    databases = optional(map(object({
      database = string
      role     = string
    })), {})
    existing = optional(object({
      host              = string
      port              = optional(number, 5432)
      reader_host       = optional(string)
      secret_arn        = string
      identifier        = optional(string)
      resource_id       = optional(string)
      security_group_id = optional(string)
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
  description = "Network of the instances (data subnets) and of the function that makes databases and roles (private subnets)."
  type = object({
    vpc_id             = string
    private_subnet_ids = list(string)
    data_subnet_ids    = list(string)
  })
  nullable = false
}
