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
}

variable "cluster" {
  description = "Cluster whose controllers take their roles by pod identity, and its nodes' security group; null makes no controller roles."
  type = object({
    name                   = string
    node_security_group_id = optional(string)
  })
  default = null
}

variable "controllers" {
  description = "Service accounts of the in-cluster controllers that manage load balancers and DNS records; null makes no role for one."
  type = object({
    load_balancer = optional(object({ namespace = string, service_account = string }), { namespace = "kube-system", service_account = "aws-load-balancer-controller" })
    external_dns  = optional(object({ namespace = string, service_account = string }), { namespace = "external-dns", service_account = "external-dns" })
    cert_manager  = optional(object({ namespace = string, service_account = string }))
  })
  default  = {}
  nullable = false
}

variable "deletion_protection" {
  description = "Whether the zone refuses to be deleted while it holds records made by others."
  type        = bool
  default     = true
  nullable    = false
}

variable "domain" {
  description = "Domain of the environment, for example dev.inferloop.io; null makes no zone and no certificate."
  type        = string
  default     = null
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
}

variable "labels" {
  description = "Tags of every resource; the labels of an item are laid over them."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "load_balancer" {
  description = "Who may connect to the load balancer, and the range it may connect to when the nodes' security group is not known."
  type = object({
    ingress_cidrs = optional(set(string), ["0.0.0.0/0"])
    target_cidr   = optional(string)
  })
  default  = {}
  nullable = false
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
}

variable "permissions_boundary_arn" {
  description = "Policy that bounds every role made here; null sets none."
  type        = string
  default     = null
}

variable "rate_limits" {
  description = "Paths with a limit of requests per minute and client address, by any name."
  type = map(object({
    path                = string
    hosts               = optional(set(string), [])
    requests_per_minute = number
  }))
  default  = {}
  nullable = false
}

variable "web_acl" {
  description = "Web application firewall: managed rule groups by name, limits for every path, body size, addresses and countries refused, paths that the managed rules skip, logging; null makes none."
  type = object({
    managed_rules = optional(map(object({
      priority    = number
      vendor      = optional(string, "AWS")
      capacity    = number
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
    unmanaged_paths     = optional(map(string), {})
    log_retention_days  = optional(number, 90)
    redacted_headers    = optional(set(string), ["authorization", "cookie", "x-api-key"])
    encryption_key      = optional(object({ arn = string }))
  })
  default = {}
}
