variable "environment" {
  description = "What services must fit into: region, domain, zones and the sizes that the environment has machines for."
  type = object({
    region = string
    domain = string
    zones  = list(string)
    sizes = object({
      database = map(string)
      cache    = map(string)
    })
  })
  nullable = false
}
