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
  description = "Static sites by key: the bucket they come from (its regional domain name), the path in it, the host names they answer on, and what they tell browsers."
  type = map(object({
    name              = string
    labels            = optional(map(string), {})
    bucket            = object({ domain_name = string })
    path              = optional(string, "")
    hosts             = optional(set(string), [])
    root_object       = optional(string, "index.html")
    not_found_page    = optional(string)
    cache_seconds     = optional(number, 86400)
    content_policy    = optional(string, "default-src 'self'; frame-ancestors 'none'")
    allowed_countries = optional(set(string), [])
    price_class       = optional(string, "PriceClass_100")
    log_bucket        = optional(object({ arn = string, prefix = optional(string, "") }))
    certificate       = optional(object({ arn = string }))
    web_acl           = optional(object({ arn = string }))
  }))
  default  = {}
  nullable = false
  validation {
    condition     = alltrue([for site in var.sites : can(regex("^[A-Za-z0-9_-]{1,60}$", site.name))])
    error_message = "sites.*.name must have 1 to 60 letters, digits, hyphens and underscores."
  }
  validation {
    condition     = alltrue(flatten([for site in var.sites : [for host in site.hosts : can(regex("^([a-z0-9]([a-z0-9-]*[a-z0-9])?\\.)+[a-z]{2,}$", host))]])) && length(distinct(flatten([for site in var.sites : tolist(site.hosts)]))) == length(flatten([for site in var.sites : tolist(site.hosts)]))
    error_message = "sites.*.hosts must be host names in lower case without wildcards, and a host belong to one site."
  }
  validation {
    condition     = alltrue([for site in var.sites : length(site.hosts) <= 10])
    error_message = "sites.*.hosts must hold at most 10 names, as many as a certificate has."
  }
  validation {
    condition     = alltrue([for site in var.sites : can(regex("^(/[^ ?#*]+)?$", trimsuffix(site.path, "/")))])
    error_message = "sites.*.path must be empty or start with /, without spaces, ?, # and *."
  }
  validation {
    condition     = alltrue([for site in var.sites : contains(["PriceClass_100", "PriceClass_200", "PriceClass_All"], site.price_class)])
    error_message = "sites.*.price_class must be PriceClass_100, PriceClass_200 or PriceClass_All."
  }
  validation {
    condition     = alltrue([for site in var.sites : site.cache_seconds >= 0 && site.cache_seconds <= 31536000])
    error_message = "sites.*.cache_seconds must be 0 to 31536000, a year."
  }
  validation {
    condition     = alltrue(flatten([for site in var.sites : [for country in site.allowed_countries : can(regex("^[A-Z]{2}$", country))]]))
    error_message = "sites.*.allowed_countries must hold countries by their two capital letters (ISO 3166-1 alpha-2)."
  }
  validation {
    condition     = alltrue([for site in var.sites : length(site.hosts) == 0 || site.certificate != null || var.zone != null])
    error_message = "sites.*.hosts need zone, which proves their certificate, or a certificate that is brought."
  }
}

variable "web_acl" {
  description = "Web application firewall before sites that bring none: requests per minute and client address; null makes none."
  type = object({
    requests_per_minute = optional(number, 6000)
  })
  default = {}
  validation {
    condition     = var.web_acl == null || try(var.web_acl.requests_per_minute >= 10 && var.web_acl.requests_per_minute <= 2000000000, false)
    error_message = "web_acl.requests_per_minute must be 10 to 2000000000."
  }
}

variable "zone" {
  description = "Route 53 zone that gets the sites' host names and proves their certificates; null where DNS is elsewhere."
  type        = object({ id = string })
  default     = null
}
