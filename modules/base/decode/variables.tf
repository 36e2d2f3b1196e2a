variable "environment" {
  description = "Name of the environment; a file that says something else for it under `environments` is refused, because nothing is merged here."
  type        = string
  nullable    = false
  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,14}[a-z0-9])?$", var.environment))
    error_message = "environment must have 1 to 16 lower-case letters, digits and hyphens, start with a letter and not end with a hyphen."
  }
}

variable "services" {
  description = "Services by name: the text of the deployment-config.yaml, usually file(...), and whether the service is wanted."
  type = map(object({
    config  = string
    enabled = optional(bool, true)
  }))
  nullable = false
  validation {
    condition     = alltrue([for service in var.services : can(keys(yamldecode(service.config)))])
    error_message = "services.<name>.config must be the text of a deployment-config.yaml, a YAML mapping; not so in ${join(", ", [for name, service in var.services : "services.${name}" if !can(keys(yamldecode(service.config)))])}. Where YAML is wrong, `terraform console` with yamldecode(file(...)) says the line."
  }
}
