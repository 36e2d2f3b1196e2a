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

variable "sites" {
  description = "Static sites by key: the bucket they come from, the host names they answer on, and what they tell browsers."
  type = map(object({
    name              = string
    labels            = optional(map(string), {})
    bucket            = object({ domain_name = string })
    path              = optional(string, "")
    hosts             = optional(set(string), [])
    root_object       = optional(string, "index.html")
    price_class       = optional(string, "PriceClass_100")
    cache_seconds     = optional(number, 86400)
    content_policy    = optional(string, "default-src 'self'; frame-ancestors 'none'")
    allowed_countries = optional(set(string), [])
    not_found_page    = optional(string)
    log_bucket        = optional(object({ domain_name = string, prefix = optional(string, "") }))
    certificate       = optional(object({ arn = string }))
    web_acl           = optional(object({ arn = string }))
  }))
  default  = {}
  nullable = false
}

variable "web_acl" {
  description = "Web application firewall before sites that bring none: requests per minute and client address; null makes none."
  type = object({
    requests_per_minute = optional(number, 6000)
  })
  default = {}
}

variable "zone" {
  description = "Route 53 zone that holds the sites' host names and proves their certificate; null needs sites without hosts."
  type        = object({ id = string })
  default     = null
}
