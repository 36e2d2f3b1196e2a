variable "callees" {
  description = "Services that this one depends on, by name: where each is in the cluster, and its way in; port is null for one that the cluster does not run."
  type = map(object({
    namespace = string
    port      = number
    ingress   = object({ host = string, path = string })
  }))
  default  = {}
  nullable = false
}

variable "callers" {
  description = "Namespaces of the services that depend on this one, by service."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "image" {
  description = "Image that takes the place of the configured one; what is null stays as configured, and a digest goes before a tag."
  type = object({
    repository = optional(string)
    tag        = optional(string)
    digest     = optional(string)
  })
  default  = {}
  nullable = false
}

variable "ingress" {
  description = "Way in of the service, of modules/base; null where it has none."
  type = object({
    hosts           = list(string)
    path            = string
    rate_limit      = number
    timeout_seconds = number
  })
  default = null
}

variable "labels" {
  description = "Labels of everything that is released, as tags of clouds are."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "name" {
  description = "Name of the service."
  type        = string
}
