variable "images" {
  description = "Images that take the place of the configured ones, by service; what is left out stays as configured."
  type = map(object({
    repository = optional(string)
    tag        = optional(string)
    digest     = optional(string)
  }))
  default  = {}
  nullable = false
}
