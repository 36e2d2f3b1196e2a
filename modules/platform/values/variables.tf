variable "environment" {
  description = "Name of the environment, and whether what it holds is protected from deletion."
  type = object({
    name                = string
    deletion_protection = optional(bool, true)
  })
  nullable = false
  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,14}[a-z0-9])?$", var.environment.name))
    error_message = "environment.name must have 1 to 16 lower-case letters, digits and hyphens, start with a letter and not end with a hyphen; found \"${var.environment.name}\"."
  }
}

variable "namespaces" {
  description = "Namespaces of services by name: what their processes can ask for together, and the teams whose services they hold."
  type = map(object({
    quota = object({
      cpu_millicores = number
      gpus           = number
      memory_mb      = number
      pods           = number
    })
    teams = optional(list(string), [])
  }))
  default  = {}
  nullable = false
  validation {
    condition     = alltrue([for name in keys(var.namespaces) : can(regex("^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", name))])
    error_message = "namespaces must have names of 1 to 63 lower-case letters, digits and hyphens that begin and end with a letter or digit; found ${join(", ", keys(var.namespaces))}."
  }
}
