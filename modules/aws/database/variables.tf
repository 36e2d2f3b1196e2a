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
  description = "Function that makes databases and roles inside the instances: authorities to trust (PEM) beside those of RDS that it carries, where it may connect to over HTTPS, and how long it may take."
  type = object({
    ca_certificates    = optional(string, "")
    https_egress_cidrs = optional(list(string), ["0.0.0.0/0"])
    log_retention_days = optional(number, 30)
    timeout_seconds    = optional(number, 300)
  })
  default  = {}
  nullable = false
  validation {
    condition     = var.bootstrap.timeout_seconds >= 60 && var.bootstrap.timeout_seconds <= 900
    error_message = "bootstrap.timeout_seconds must be from 60 to 900."
  }
}

variable "clients" {
  description = "Who may connect on the database port: a security group per client name, to every instance or only to the instances named."
  type = map(object({
    security_group_id = string
    instances         = optional(set(string))
  }))
  default  = {}
  nullable = false
  validation {
    condition = alltrue(flatten([
      for client in var.clients : [for key in coalesce(client.instances, []) : contains(keys(var.instances), key)]
    ]))
    error_message = "clients: every name in instances must be a key of instances."
  }
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
    major_upgrade               = optional(bool, false)
    instance_class              = optional(string, "db.t4g.medium")
    storage_gb                  = optional(number, 20)
    storage_max_gb              = optional(number)
    storage_type                = optional(string)
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
      database          = optional(string)
      reader_host       = optional(string)
      secret_arn        = string
      identifier        = optional(string)
      resource_id       = optional(string)
      security_group_id = optional(string)
    }))
  }))
  default  = {}
  nullable = false

  validation {
    condition = alltrue([
      for item in var.instances : can(regex("^[a-z](-?[a-z0-9])*$", item.name)) && length(item.name) <= 54
    ])
    error_message = "instances: name must have 1 to 54 lower-case letters, digits and single hyphens, and start with a letter."
  }
  validation {
    condition     = alltrue([for item in var.instances : contains(["postgres", "aurora-postgresql"], item.engine)])
    error_message = "instances: engine must be postgres or aurora-postgresql."
  }
  validation {
    # Versions before 14 hash passwords with MD5 where nobody asks for something else, and the bootstrap function wants SCRAM-SHA-256.
    # https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/PostgreSQL_Password_Encryption_configuration.html
    condition     = alltrue([for item in var.instances : can(regex("^1[4-9](\\.[0-9]+)?$", item.version))])
    error_message = "instances: version must be a major version from 14 on, such as 16, or a minor one, such as 16.4."
  }
  validation {
    condition     = alltrue([for item in var.instances : can(regex("^db\\.[a-z0-9-]+\\.[a-z0-9]+$", item.instance_class))])
    error_message = "instances: instance_class must be one of RDS, such as db.t4g.medium; serverless capacity is set by serverless."
  }
  validation {
    # https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Concepts.DBInstanceClass.SupportAurora.html
    condition = alltrue([
      for item in var.instances : item.engine != "aurora-postgresql" || can(regex("^db\\.([rx][a-z0-9-]+\\.|t[a-z0-9]+\\.(medium|large)$)", item.instance_class))
    ])
    error_message = "instances: instance_class must be of a memory-optimised family (r, x), or medium or large of a burstable one (t), for aurora-postgresql."
  }
  validation {
    condition     = alltrue([for item in var.instances : item.storage_gb >= 20 && item.storage_gb <= 65536])
    error_message = "instances: storage_gb must be from 20 to 65536."
  }
  validation {
    condition = alltrue([
      for item in var.instances : item.storage_max_gb == null ? true : item.storage_max_gb >= item.storage_gb * 1.1 && item.storage_max_gb <= 65536
    ])
    error_message = "instances: storage_max_gb must be at least a tenth more than storage_gb, and at most 65536."
  }
  validation {
    condition = alltrue([
      for item in var.instances : item.storage_type == null ? true : contains(item.engine == "postgres" ? ["gp2", "gp3"] : ["aurora", "aurora-iopt1"], item.storage_type)
    ])
    error_message = "instances: storage_type must be gp2 or gp3 for postgres, aurora or aurora-iopt1 for aurora-postgresql."
  }
  validation {
    # https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-secrets-manager.html#rds-secrets-manager-limitations
    condition     = alltrue([for item in var.instances : item.engine != "postgres" || item.replicas == 0])
    error_message = "instances: replicas must be 0 for postgres, as RDS makes no read replica of an instance whose master password it keeps; use engine aurora-postgresql."
  }
  validation {
    condition     = alltrue([for item in var.instances : item.replicas >= 0 && item.replicas <= 15 && floor(item.replicas) == item.replicas])
    error_message = "instances: replicas must be a whole number from 0 to 15."
  }
  validation {
    condition     = alltrue([for item in var.instances : item.engine == "aurora-postgresql" || item.serverless == null])
    error_message = "instances: serverless is for engine aurora-postgresql only."
  }
  validation {
    condition = alltrue([
      for item in var.instances : item.serverless == null ? true : (
        item.serverless.min_capacity >= 0 && item.serverless.min_capacity <= item.serverless.max_capacity &&
        item.serverless.max_capacity >= 1 && item.serverless.max_capacity <= 256 &&
        floor(item.serverless.min_capacity * 2) == item.serverless.min_capacity * 2 &&
        floor(item.serverless.max_capacity * 2) == item.serverless.max_capacity * 2
      )
    ])
    error_message = "instances: serverless needs 0 <= min_capacity <= max_capacity, max_capacity from 1 to 256, both in steps of 0.5."
  }
  validation {
    condition = alltrue([
      for item in var.instances : item.backup_retention_days >= (item.engine == "postgres" ? 0 : 1) && item.backup_retention_days <= 35
    ])
    error_message = "instances: backup_retention_days must be from 0 (1 for aurora-postgresql) to 35."
  }
  validation {
    condition     = alltrue([for item in var.instances : can(regex("^([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9]$", item.backup_window))])
    error_message = "instances: backup_window must be two times of day in UTC, such as 02:00-03:00."
  }
  validation {
    condition = alltrue([
      for item in var.instances : contains(concat([0, 7, 731], [for months in range(1, 24) : months * 31]), item.performance_insights_days)
    ])
    error_message = "instances: performance_insights_days must be 0 (off), 7, a multiple of 31 up to 713, or 731."
  }
  validation {
    condition     = alltrue([for item in var.instances : contains([0, 1, 5, 10, 15, 30, 60], item.monitoring_interval_seconds)])
    error_message = "instances: monitoring_interval_seconds must be 0 (off), 1, 5, 10, 15, 30 or 60."
  }
  validation {
    condition = alltrue([
      for item in var.instances : length(setsubtract(
        coalesce(item.log_exports, []),
        item.engine == "postgres" ? ["postgresql", "upgrade", "iam-db-auth-error"] : ["postgresql", "instance", "iam-db-auth-error"]
      )) == 0
    ])
    error_message = "instances: log_exports may hold postgresql, iam-db-auth-error and, for postgres, upgrade or, for aurora-postgresql, instance."
  }
  validation {
    condition     = alltrue([for item in var.instances : !contains(keys(item.parameters), "rds.force_ssl")])
    error_message = "instances: parameters must not hold rds.force_ssl; TLS is always forced."
  }
  validation {
    condition = alltrue(flatten([
      for item in var.instances : [
        for name in concat([for entry in item.databases : entry.database], [for entry in item.databases : entry.role]) :
        can(regex("^[a-z_][a-z0-9_]{0,62}$", name)) && !can(regex("^(pg_|rds)", name)) &&
        !contains(["none", "platform", "postgres", "public", "template0", "template1"], name)
      ]
    ]))
    error_message = "instances: database and role in databases must have 1 to 63 lower-case letters, digits and underscores, start with a letter or underscore, not with pg_ or rds, and be no reserved name (none, platform, postgres, public, template0, template1)."
  }
  validation {
    condition = alltrue([
      for item in var.instances :
      length(distinct([for entry in item.databases : entry.database])) == length(item.databases) &&
      length(distinct([for entry in item.databases : entry.role])) == length(item.databases)
    ])
    error_message = "instances: every service in databases needs a database and a role of its own."
  }
  validation {
    condition     = length(distinct([for item in var.instances : item.name if item.existing == null])) == length([for item in var.instances : 1 if item.existing == null])
    error_message = "instances: every name must be used once."
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
  description = "Network of the instances (data subnets) and of the function that makes databases and roles (private subnets)."
  type = object({
    vpc_id             = string
    private_subnet_ids = list(string)
    data_subnet_ids    = list(string)
  })
  nullable = false
}
