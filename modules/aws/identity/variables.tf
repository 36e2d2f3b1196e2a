variable "account" {
  description = "Account that holds everything: its id, its partition and the region."
  type = object({
    id        = string
    partition = optional(string, "aws")
    region    = string
  })
  nullable = false
}

variable "ci" {
  description = "OIDC identity of the CI system: issuer, audience, and the jobs (exact subjects) that may plan or apply; null makes no CI roles."
  type = object({
    issuer   = string
    audience = optional(string, "sts.amazonaws.com")
    existing = optional(object({ provider_arn = string }))
    plan = optional(object({
      subjects    = set(string)
      policy_arns = optional(map(string), {})
    }))
    apply = optional(object({
      subjects    = set(string)
      policy_arns = map(string)
    }))
    state = optional(object({
      bucket_arn = string
      key_prefix = optional(string, "")
      key_arn    = optional(string)
    }))
    session_seconds = optional(number, 3600)
  })
  default = null
}

variable "cluster" {
  description = "Cluster whose service accounts take the roles; the OIDC provider and issuer are needed for mode irsa only."
  type = object({
    name              = string
    arn               = optional(string)
    oidc_issuer       = optional(string)
    oidc_provider_arn = optional(string)
  })
  default = null
}

variable "labels" {
  description = "Tags of every resource; the labels of an item are laid over them."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "mode" {
  description = "How service accounts take their roles: pod-identity or irsa."
  type        = string
  default     = "pod-identity"
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

variable "permissions_boundary_arn" {
  description = "Policy that bounds every role made here; null sets none."
  type        = string
  default     = null
}

variable "services" {
  description = "Services by key: their service account and what they use; each gets one role with exactly these permissions, or, with `existing`, brings its own."
  type = map(object({
    name            = string
    labels          = optional(map(string), {})
    namespace       = string
    service_account = string
    mode            = optional(string)
    existing        = optional(object({ role_arn = string }))
    buckets = optional(map(object({
      arn     = string
      prefix  = optional(string, "")
      read    = optional(bool, true)
      write   = optional(bool, true)
      key_arn = optional(string)
    })), {})
    queues = optional(map(object({
      arn     = string
      send    = optional(bool, false)
      receive = optional(bool, false)
      key_arn = optional(string)
    })), {})
    secrets = optional(map(object({
      arn     = string
      key_arn = optional(string)
    })), {})
    databases = optional(map(object({ connect_arn = string })), {})
    caches = optional(map(object({
      arn      = string
      user_arn = string
    })), {})
    tables = optional(map(object({
      arn     = string
      read    = optional(bool, true)
      write   = optional(bool, true)
      key_arn = optional(string)
    })), {})
    functions = optional(map(object({ arn = string })), {})
    jobs = optional(map(object({
      queue_arn      = string
      definition_arn = string
    })), {})
    files = optional(map(object({
      arn              = string
      access_point_arn = string
      write            = optional(bool, true)
    })), {})
    keys = optional(map(object({
      arn     = string
      encrypt = optional(bool, true)
      decrypt = optional(bool, true)
    })), {})
    tracing = optional(bool, false)
    metrics = optional(object({ namespace = string }))
  }))
  default  = {}
  nullable = false
}
