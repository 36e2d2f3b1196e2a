variable "account" {
  description = "Account that holds everything: its id, its partition and the region."
  type = object({
    id        = string
    partition = optional(string, "aws")
    region    = string
  })
  nullable = false
}

variable "certificate" {
  description = "Certificate of the load balancer: names beside the domain and *.domain, and whether to wait until it is issued (which needs the zone to be delegated)."
  type = object({
    names = optional(set(string), [])
    wait  = optional(bool, true)
  })
  default  = {}
  nullable = false
  validation {
    condition     = length(var.certificate.names) <= 8
    error_message = "certificate.names must hold at most 8 names: a certificate has 10 with the domain and *.domain."
  }
  validation {
    condition     = alltrue([for name in var.certificate.names : can(regex("^(\\*\\.)?([a-z0-9]([a-z0-9-]*[a-z0-9])?\\.)+[a-z]{2,}$", name)) && (var.domain == null || endswith(name, ".${coalesce(var.domain, "-")}"))])
    error_message = "certificate.names must be host names below the domain, whose zone proves the certificate."
  }
}

variable "cluster" {
  description = "Cluster whose controllers act here, and the security group of its nodes, which then admit the load balancer; null writes no policies for controllers."
  type = object({
    name                = string
    node_security_group = optional(object({ id = string }))
  })
  default = null
}

variable "deletion_protection" {
  description = "Whether the zone refuses to be deleted while it holds records made by others, and the log key waits 30 days instead of 7."
  type        = bool
  default     = true
  nullable    = false
}

variable "domain" {
  description = "Domain of the environment, for example dev.inferloop.io; null makes no zone and no certificate."
  type        = string
  default     = null
  validation {
    condition     = var.domain == null || can(regex("^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z]{2,}$", var.domain)) && try(length(var.domain) <= 64, false)
    error_message = "domain must be a host name in lower case of at most 64 characters, for example dev.inferloop.io."
  }
}

variable "existing" {
  description = "Zone, certificate and web ACL that are there already, each instead of one made here."
  type = object({
    zone        = optional(object({ id = string }))
    certificate = optional(object({ arn = string }))
    web_acl     = optional(object({ arn = string }))
  })
  default  = {}
  nullable = false
  validation {
    condition     = var.existing.zone == null || var.domain != null
    error_message = "existing.zone needs domain, the name the zone stands for."
  }
}

variable "labels" {
  description = "Tags of every resource; the labels of an item are laid over them."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "load_balancer" {
  description = "Load balancers in front of the cluster: the ranges that may connect, IPv4 or IPv6."
  type = object({
    ingress_cidrs = optional(set(string), ["0.0.0.0/0", "::/0"])
  })
  default  = {}
  nullable = false
  validation {
    condition     = alltrue([for range in var.load_balancer.ingress_cidrs : can(cidrhost(range, 0))])
    error_message = "load_balancer.ingress_cidrs must hold IPv4 or IPv6 ranges, for example 203.0.113.0/24."
  }
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
  description = "Network of the load balancer."
  type = object({
    vpc_id = string
    cidr   = string
  })
  nullable = false
  validation {
    condition     = can(cidrnetmask(var.network.cidr))
    error_message = "network.cidr must be the IPv4 range of the VPC."
  }
}

variable "rate_limits" {
  description = "Paths (with all below them) that have a limit of requests per minute and client address, by any name, on all hosts or some."
  type = map(object({
    path                = string
    hosts               = optional(set(string), [])
    requests_per_minute = number
  }))
  default  = {}
  nullable = false
  validation {
    condition     = alltrue([for name in keys(var.rate_limits) : can(regex("^[A-Za-z0-9_-]{1,100}$", name))])
    error_message = "rate_limits: a name must have 1 to 100 letters, digits, hyphens and underscores."
  }
  validation {
    condition     = alltrue([for limit in var.rate_limits : limit.requests_per_minute >= 10 && limit.requests_per_minute <= 2000000000 && limit.requests_per_minute == floor(limit.requests_per_minute)])
    error_message = "rate_limits.*.requests_per_minute must be a whole number from 10, the least AWS WAF counts, to 2000000000."
  }
  validation {
    condition     = alltrue([for limit in var.rate_limits : can(regex("^/[^ ?#]*$", limit.path)) && length(limit.path) <= 200])
    error_message = "rate_limits.*.path must start with / and have at most 200 characters without spaces, ? and #."
  }
  validation {
    condition     = alltrue([for limit in var.rate_limits : length(join("|", limit.hosts)) <= 400 && alltrue([for host in limit.hosts : can(regex("^[a-z0-9.-]+$", host))])])
    error_message = "rate_limits.*.hosts must be host names in lower case, at most 400 characters together."
  }
}

variable "web_acl" {
  description = "Web application firewall: managed rule groups by name (with the capacity units each takes), limits for every path, addresses and countries refused, paths that the managed rules skip, and its log of what was blocked or counted; null makes none."
  type = object({
    managed_rules = optional(map(object({
      priority    = number
      capacity    = number
      vendor      = optional(string, "AWS")
      count_only  = optional(bool, false)
      count_rules = optional(set(string), [])
      })), {
      AWSManagedRulesAmazonIpReputationList = { priority = 0, capacity = 25 }
      AWSManagedRulesKnownBadInputsRuleSet  = { priority = 1, capacity = 200 }
      AWSManagedRulesCommonRuleSet          = { priority = 2, capacity = 700, count_rules = ["SizeRestrictions_BODY"] }
      AWSManagedRulesSQLiRuleSet            = { priority = 3, capacity = 200 }
    })
    requests_per_minute = optional(number, 6000)
    max_body_mb         = optional(number, 100)
    blocked_cidrs       = optional(set(string), [])
    blocked_countries   = optional(set(string), [])
    unmanaged_paths     = optional(set(string), [])
    log_retention_days  = optional(number, 90)
    log_allowed         = optional(bool, false)
    redacted_headers    = optional(set(string), ["authorization", "cookie", "x-api-key"])
    encryption_key      = optional(object({ arn = string }))
  })
  default = {}
  validation {
    condition     = length(distinct([for rule in try(var.web_acl.managed_rules, {}) : rule.priority])) == length(try(var.web_acl.managed_rules, {})) && alltrue([for rule in try(var.web_acl.managed_rules, {}) : rule.priority >= 0 && rule.capacity >= 1])
    error_message = "web_acl.managed_rules.*.priority must be 0 or more and differ, and capacity be the group's capacity units."
  }
  validation {
    condition     = var.web_acl == null || try(var.web_acl.requests_per_minute >= 10 && var.web_acl.requests_per_minute <= 2000000000, false)
    error_message = "web_acl.requests_per_minute must be 10 to 2000000000."
  }
  validation {
    condition     = var.web_acl == null || try(var.web_acl.max_body_mb >= 1 && var.web_acl.max_body_mb <= 100000 && var.web_acl.max_body_mb == floor(var.web_acl.max_body_mb), false)
    error_message = "web_acl.max_body_mb must be a whole number of mebibytes from 1 to 100000."
  }
  validation {
    condition     = alltrue([for range in try(var.web_acl.blocked_cidrs, []) : can(cidrhost(range, 0)) && !endswith(range, "/0")])
    error_message = "web_acl.blocked_cidrs must hold IPv4 or IPv6 ranges, and none that holds every address."
  }
  validation {
    condition     = alltrue([for country in try(var.web_acl.blocked_countries, []) : can(regex("^[A-Z]{2}$", country))])
    error_message = "web_acl.blocked_countries must hold countries by their two capital letters (ISO 3166-1 alpha-2)."
  }
  validation {
    condition     = alltrue([for path in try(var.web_acl.unmanaged_paths, []) : can(regex("^/[^ ?#]*$", path))]) && length(join("|", try(var.web_acl.unmanaged_paths, []))) <= 400
    error_message = "web_acl.unmanaged_paths must start with /, without spaces, ? and #, and have at most 400 characters together."
  }
  validation {
    condition     = var.web_acl == null || try(contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.web_acl.log_retention_days), false)
    error_message = "web_acl.log_retention_days must be a number of days that CloudWatch Logs knows: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653."
  }
}
