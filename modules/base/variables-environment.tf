variable "environment" {
  description = "Environment that the services run in: who pays for it, where it is, what services share and what is brought instead of made."
  type = object({
    name        = string
    project     = optional(string, "inferloop")
    owner       = string
    cost_center = string
    tags        = optional(map(string), {})
    region      = string
    account = optional(object({
      id        = optional(string)
      partition = optional(string, "aws")
    }), {})
    state = optional(object({
      bucket  = optional(string)
      region  = optional(string)
      kms_key = optional(string)
    }), {})
    dns = object({
      domain               = string
      existing_zone        = optional(string)
      existing_certificate = optional(string)
    })
    network = object({
      cidr           = string
      service_cidr   = optional(string, "172.20.0.0/16")
      reserved_cidrs = optional(list(string), [])
      zones          = list(string)
      nat            = optional(string, "single")
      endpoints      = optional(list(string), ["s3", "ecr", "sts", "secretsmanager", "sqs", "logs", "monitoring"])
      flow_logs = optional(object({
        enabled   = optional(bool, true)
        retention = optional(string, "30d")
      }), {})
      existing = optional(object({
        vpc_id             = string
        cidr               = string
        public_subnet_ids  = list(string)
        private_subnet_ids = list(string)
        data_subnet_ids    = list(string)
      }))
    })
    shared = optional(object({
      database = optional(object({
        engine           = optional(string, "postgres")
        version          = optional(string, "16")
        size             = optional(string, "small")
        storage          = optional(string, "50Gi")
        multi_az         = optional(bool, false)
        replicas         = optional(number, 0)
        backup_retention = optional(string, "7d")
        existing = optional(object({
          host           = string
          port           = optional(number, 5432)
          reader_host    = optional(string)
          secret         = string
          resource_id    = optional(string)
          security_group = optional(string)
        }))
      }), {})
      cache = optional(object({
        engine   = optional(string, "valkey")
        version  = optional(string, "8.0")
        size     = optional(string, "small")
        replicas = optional(number, 0)
        existing = optional(object({
          host           = string
          port           = optional(number, 6379)
          arn            = optional(string)
          security_group = optional(string)
        }))
      }), {})
    }), {})
    sizes = object({
      database = map(string)
      cache    = map(string)
    })
    registry = optional(object({
      existing = optional(string)
    }), {})
    encryption_key      = optional(string)
    deletion_protection = optional(bool, true)
    log_retention       = optional(string, "30d")
    notify              = optional(list(string), [])
    budget = optional(object({
      monthly           = number
      currency          = optional(string, "USD")
      services          = optional(map(number), {})
      anomaly_threshold = optional(number, 50)
      # An account has one monitor of all services, and a region one detector; a second environment there names the first one's.
      existing_monitor = optional(string)
    }))
    security = optional(object({
      threat_detection  = optional(bool, true)
      existing_detector = optional(string)
      audit_trail       = optional(bool, true)
    }), {})
    backup = optional(object({
      enabled    = optional(bool, true)
      schedule   = optional(string, "cron(0 3 * * ? *)")
      retention  = optional(string, "35d")
      cold_after = optional(string)
    }), {})
    pipelines = optional(object({
      issuer         = string
      audience       = optional(string, "sts.amazonaws.com")
      plan_subjects  = list(string)
      apply_subjects = list(string)
      # An account has one provider for an issuer; a second environment in it names the first one's.
      existing_provider = optional(string)
    }))
    identities = optional(map(string), {})
  })
  nullable = false

  # Who and where
  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,14}[a-z0-9])?$", var.environment.name))
    error_message = "environment.name must have 1 to 16 lower-case letters, digits and hyphens, start with a letter and not end with a hyphen; found \"${var.environment.name}\"."
  }
  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,14}[a-z0-9])?$", var.environment.project))
    error_message = "environment.project must have 1 to 16 lower-case letters, digits and hyphens, start with a letter and not end with a hyphen; found \"${var.environment.project}\"."
  }
  validation {
    condition     = can(regex(local.forms.tag_text.pattern, var.environment.owner))
    error_message = "environment.owner must have 1 to 256 letters, digits, spaces and _ . : / = + - @, because it becomes a tag; found \"${var.environment.owner}\"."
  }
  validation {
    condition     = can(regex(local.forms.label_value.pattern, var.environment.cost_center))
    error_message = "environment.cost_center must have at most 63 letters, digits and . _ - and start and end with a letter or digit; found \"${var.environment.cost_center}\"."
  }
  validation {
    condition     = alltrue([for key, value in var.environment.tags : can(regex(local.forms.label_key.pattern, key)) && can(regex(local.forms.label_value.pattern, value)) && !startswith(lower(key), "aws:")])
    error_message = "environment.tags must have keys and values of at most 63 letters, digits and . _ - each."
  }
  validation {
    condition     = length(setintersection([for key in keys(var.environment.tags) : lower(key)], local.reserved_labels)) == 0
    error_message = "environment.tags must not set what the platform writes itself: Project, Environment, ManagedBy, CostCenter, Service, Team, Owner, DataClassification and Name, in any case; found ${join(", ", [for key in keys(var.environment.tags) : key if contains(local.reserved_labels, lower(key))])}."
  }
  validation {
    condition     = can(regex("^[a-z0-9-]+$", var.environment.region))
    error_message = "environment.region must be a region's name, for example us-east-1; found \"${var.environment.region}\"."
  }
  validation {
    condition     = var.environment.account.id == null || can(regex("^[0-9]{12}$", var.environment.account.id))
    error_message = "environment.account.id must be the 12 digits of an account, in quotes."
  }
  validation {
    condition     = contains(["aws", "aws-us-gov"], var.environment.account.partition)
    error_message = "environment.account.partition must be aws or aws-us-gov; found \"${var.environment.account.partition}\"."
  }
  validation {
    condition     = can(regex(local.forms.host.pattern, var.environment.dns.domain)) && length(var.environment.dns.domain) <= 253
    error_message = "environment.dns.domain must be a host name in lower case, for example dev.example.com; found \"${var.environment.dns.domain}\"."
  }

  # Network
  validation {
    condition     = can(cidrnetmask(var.environment.network.cidr)) && try(cidrhost(var.environment.network.cidr, 0) == split("/", var.environment.network.cidr)[0], false) && try(tonumber(split("/", var.environment.network.cidr)[1]) >= 16 && tonumber(split("/", var.environment.network.cidr)[1]) <= 20, false)
    error_message = "environment.network.cidr must be an IPv4 network address with a length of /16 to /20, for example 10.20.0.0/16; found \"${var.environment.network.cidr}\"."
  }
  validation {
    condition     = alltrue([for range in concat([var.environment.network.service_cidr], var.environment.network.reserved_cidrs, var.environment.network.existing == null ? [] : [var.environment.network.existing.cidr]) : can(cidrnetmask(range)) && try(cidrhost(range, 0) == split("/", range)[0], false)])
    error_message = "environment.network.service_cidr, reserved_cidrs and existing.cidr must be IPv4 network addresses with a length, for example 172.20.0.0/16."
  }
  validation {
    condition = alltrue([
      for pair in concat(
        setproduct([try(var.environment.network.existing.cidr, var.environment.network.cidr), var.environment.network.service_cidr], var.environment.network.reserved_cidrs),
        [[try(var.environment.network.existing.cidr, var.environment.network.cidr), var.environment.network.service_cidr]],
      ) :
      try(length(distinct([for range in pair : cidrhost("${split("/", range)[0]}/${min(split("/", pair[0])[1], split("/", pair[1])[1])}", 0)])) == 2, true)
    ])
    error_message = "environment.network.cidr (${try(var.environment.network.existing.cidr, var.environment.network.cidr)}), service_cidr (${var.environment.network.service_cidr}) and reserved_cidrs (${join(", ", var.environment.network.reserved_cidrs)}) must not overlap; choose ranges apart from each other."
  }
  validation {
    condition     = length(var.environment.network.zones) >= 2 && length(var.environment.network.zones) <= 3 && length(distinct(var.environment.network.zones)) == length(var.environment.network.zones)
    error_message = "environment.network.zones must name 2 or 3 different zones, for example us-east-1a; found ${length(var.environment.network.zones)}."
  }
  validation {
    condition     = alltrue([for zone in var.environment.network.zones : startswith(zone, var.environment.region)])
    error_message = "environment.network.zones must be zones of environment.region ${var.environment.region}; found ${join(", ", var.environment.network.zones)}."
  }
  validation {
    condition     = contains(["none", "single", "per-zone"], var.environment.network.nat)
    error_message = "environment.network.nat must be none, single or per-zone; found \"${var.environment.network.nat}\"."
  }
  validation {
    condition     = length(setsubtract(var.environment.network.endpoints, ["s3", "dynamodb", "ecr", "sts", "secretsmanager", "sqs", "logs", "monitoring"])) == 0
    error_message = "environment.network.endpoints accepts s3, dynamodb, ecr, sts, secretsmanager, sqs, logs and monitoring; found ${join(", ", var.environment.network.endpoints)}."
  }
  validation {
    condition     = var.environment.network.existing == null || try(length(var.environment.network.existing.private_subnet_ids) >= 2 && length(var.environment.network.existing.data_subnet_ids) >= 2, false)
    error_message = "environment.network.existing must name at least 2 private_subnet_ids and 2 data_subnet_ids, in different zones."
  }

  # What services share
  validation {
    condition     = contains(["postgres", "aurora-postgresql"], var.environment.shared.database.engine)
    error_message = "environment.shared.database.engine must be postgres or aurora-postgresql; found \"${var.environment.shared.database.engine}\"."
  }
  validation {
    condition     = contains(["redis", "valkey"], var.environment.shared.cache.engine)
    error_message = "environment.shared.cache.engine must be redis or valkey; found \"${var.environment.shared.cache.engine}\"."
  }
  validation {
    condition     = alltrue([for size in concat([var.environment.shared.database.size, var.environment.shared.cache.size], keys(var.environment.sizes.database), keys(var.environment.sizes.cache)) : contains(["small", "medium", "large", "xlarge"], size)])
    error_message = "environment.shared.*.size and the keys of environment.sizes.* must be small, medium, large or xlarge."
  }
  validation {
    condition     = contains(keys(var.environment.sizes.database), var.environment.shared.database.size) && contains(keys(var.environment.sizes.cache), var.environment.shared.cache.size)
    error_message = "environment.sizes must name a machine for the sizes of environment.shared: sizes.database.${var.environment.shared.database.size} and sizes.cache.${var.environment.shared.cache.size}."
  }
  validation {
    condition     = can(regex(local.forms.bytes.pattern, var.environment.shared.database.storage))
    error_message = "environment.shared.database.storage must be a number with Ki, Mi, Gi, Ti, k, M, G or T, for example 50Gi; found \"${var.environment.shared.database.storage}\"."
  }
  validation {
    condition     = var.environment.shared.database.engine == "aurora-postgresql" || var.environment.shared.database.replicas == 0
    error_message = "environment.shared.database.replicas is ${var.environment.shared.database.replicas}; read replicas need engine aurora-postgresql."
  }
  validation {
    condition     = alltrue([for count in [var.environment.shared.database.replicas, var.environment.shared.cache.replicas] : count >= 0 && count <= 5 && floor(count) == count])
    error_message = "environment.shared.*.replicas must be a whole number from 0 to 5."
  }

  # Times
  validation {
    condition     = alltrue([for time in compact([var.environment.network.flow_logs.retention, var.environment.shared.database.backup_retention, var.environment.log_retention, var.environment.backup.retention, var.environment.backup.cold_after]) : can(regex(local.forms.days.pattern, time))])
    error_message = "environment.network.flow_logs.retention, shared.database.backup_retention, log_retention, backup.retention and backup.cold_after must be whole days, for example 30d."
  }
  validation {
    condition     = try(tonumber(trimsuffix(var.environment.shared.database.backup_retention, "d")) <= 35, true)
    error_message = "environment.shared.database.backup_retention must be 1d to 35d; found \"${var.environment.shared.database.backup_retention}\"."
  }
  validation {
    condition     = var.environment.backup.cold_after == null || try(tonumber(trimsuffix(var.environment.backup.retention, "d")) >= tonumber(trimsuffix(var.environment.backup.cold_after, "d")) + 90, true)
    error_message = "environment.backup.retention must be at least 90 days longer than backup.cold_after, because cold storage keeps 90 days; found ${var.environment.backup.retention}."
  }
  validation {
    condition     = can(regex("^(cron|rate)\\(.+\\)$", var.environment.backup.schedule))
    error_message = "environment.backup.schedule must be a cron expression of AWS, for example cron(0 3 * * ? *); found \"${var.environment.backup.schedule}\"."
  }

  # People and money
  validation {
    condition     = alltrue([for address in var.environment.notify : can(regex(local.forms.email.pattern, address))])
    error_message = "environment.notify must hold addresses such as team@example.com."
  }
  validation {
    condition     = var.environment.budget == null || try(var.environment.budget.monthly >= 1 && var.environment.budget.anomaly_threshold >= 1 && alltrue([for limit in values(var.environment.budget.services) : limit >= 1]), false)
    error_message = "environment.budget.monthly, anomaly_threshold and each of services must be at least 1."
  }
  validation {
    condition     = try(var.environment.budget.currency, "USD") == "USD"
    error_message = "environment.budget.currency must be USD."
  }
  validation {
    condition     = var.environment.pipelines == null || can(regex("^https://\\S+$", var.environment.pipelines.issuer))
    error_message = "environment.pipelines.issuer must be a URL that begins with https://."
  }
}
