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
  description = "OIDC identity of the CI system: issuer, audience, the jobs (exact subjects) that may plan and apply, and the Terraform state they use; an account has one provider per issuer, a second environment names it by existing; null makes no CI roles."
  type = object({
    issuer   = string
    audience = optional(string, "sts.amazonaws.com")
    existing = optional(object({ provider_arn = string }))
    plan = optional(object({
      subjects    = set(string)
      policy_arns = optional(map(string))
    }))
    apply = optional(object({
      subjects    = set(string)
      policy_arns = map(string)
    }))
    state = optional(object({
      bucket_arn = string
      key_prefix = string
      key_arn    = optional(string)
    }))
    session_seconds = optional(number, 3600)
  })
  default = null
  validation {
    condition     = var.ci == null || try(can(regex("^https://[A-Za-z0-9.-]+(:[0-9]+)?(/[A-Za-z0-9._~/-]*)?$", var.ci.issuer)), false)
    error_message = "ci.issuer must be the https:// URL of the OIDC issuer, for example https://token.actions.githubusercontent.com."
  }
  validation {
    condition     = alltrue([for subject in concat(tolist(try(var.ci.plan.subjects, [])), tolist(try(var.ci.apply.subjects, []))) : can(regex("^[^*?]+$", subject))])
    error_message = "ci.plan.subjects and ci.apply.subjects must name whole subjects without * and ?, for example repo:acme/platform:environment:prod."
  }
  validation {
    condition     = alltrue([for role in [try(var.ci.plan, null), try(var.ci.apply, null)] : role == null || try(length(role.subjects) > 0, false)])
    error_message = "ci.plan.subjects and ci.apply.subjects must name at least one subject each."
  }
  validation {
    condition     = var.ci == null || try(can(regex("^[^*?]+$", var.ci.audience)), false)
    error_message = "ci.audience must be one audience without * and ?."
  }
  validation {
    condition     = try(var.ci.apply, null) == null || try(length(var.ci.apply.policy_arns) > 0, false)
    error_message = "ci.apply.policy_arns must name at least one policy: what an apply may change is the account's decision."
  }
  validation {
    condition     = try(var.ci.state, null) == null || try(endswith(var.ci.state.key_prefix, "/") && !startswith(var.ci.state.key_prefix, "/"), false)
    error_message = "ci.state.key_prefix must end with / and not start with it, for example acme/dev/."
  }
  validation {
    condition     = var.ci == null || try(var.ci.session_seconds >= 3600 && var.ci.session_seconds <= 43200, false)
    error_message = "ci.session_seconds must be 3600 to 43200."
  }
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
  validation {
    condition     = contains(["irsa", "pod-identity"], var.mode)
    error_message = "mode must be pod-identity or irsa."
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

variable "permissions_boundary_arn" {
  description = "Policy that bounds every role made here; null sets none."
  type        = string
  default     = null
}

variable "services" {
  description = "Services by key: their service account, what they use, and policies (JSON) for what is not listed here; each gets one role with exactly these permissions, or, with `existing`, brings its own."
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
    keys = optional(map(object({
      arn     = string
      encrypt = optional(bool, true)
      decrypt = optional(bool, true)
    })), {})
    tracing  = optional(bool, false)
    metrics  = optional(object({ namespace = string }))
    policies = optional(map(string), {})
  }))
  default  = {}
  nullable = false
  validation {
    condition     = alltrue([for service in var.services : can(regex("^[A-Za-z0-9+=,.@_-]{1,64}$", service.name))])
    error_message = "services.*.name must be a role name of at most 64 letters, digits and +=,.@_-."
  }
  validation {
    condition     = alltrue([for service in var.services : alltrue([for name in [service.namespace, service.service_account] : can(regex("^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$", name))])])
    error_message = "services.*.namespace and service_account must be one Kubernetes name each, without wildcards."
  }
  validation {
    condition     = length(distinct([for service in var.services : "${service.namespace}/${service.service_account}"])) == length(var.services)
    error_message = "services.*.service_account: a service account takes one role; two services name the same account in the same namespace."
  }
  validation {
    condition     = alltrue([for service in var.services : contains(["irsa", "pod-identity"], coalesce(service.mode, "pod-identity"))])
    error_message = "services.*.mode must be pod-identity or irsa."
  }
  validation {
    condition     = alltrue(flatten([for service in var.services : [for queue in service.queues : queue.send || queue.receive]]))
    error_message = "services.*.queues.* needs send, receive or both."
  }
  validation {
    condition     = alltrue(flatten([for service in var.services : [for item in concat(values(service.buckets), values(service.tables)) : item.read || item.write]]))
    error_message = "services.*.buckets.* and tables.* need read, write or both."
  }
  validation {
    condition     = alltrue(flatten([for service in var.services : [for bucket in service.buckets : !can(regex("[*?$]", bucket.prefix))]]))
    error_message = "services.*.buckets.*.prefix must be a plain path without *, ? and $."
  }
  validation {
    condition     = alltrue([for service in var.services : !contains(keys(service.policies), "dependencies")])
    error_message = "services.*.policies.dependencies is the name of the policy made from what the service uses; choose another name."
  }
  validation {
    condition     = alltrue(flatten([for service in var.services : [for key in service.keys : key.encrypt || key.decrypt]]))
    error_message = "services.*.keys.* needs encrypt, decrypt or both."
  }
}
