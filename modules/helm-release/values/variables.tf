variable "callees" {
  description = "Services that this one depends on, by name: where each is in the cluster, and its way in, and the former deployment that still takes a share of its calls; port is null for one that the cluster does not run."
  type = map(object({
    namespace = string
    port      = number
    ingress   = object({ host = string, path = string })
    migration = object({ host = string, port = number, weight = number })
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
    # Services that trust the same issuer of tokens, and whether each takes part in the mesh.
    same_issuer = map(bool)
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
