variable "cluster" {
  description = "Kubernetes cluster that services may run on: whether there is one, and the pools of nodes that it offers."
  type = object({
    enabled = optional(bool, true)
    node_pools = optional(map(object({
      min  = optional(number, 1)
      max  = optional(number, 3)
      spot = optional(bool, false)
      gpu  = optional(object({ type = string, count = optional(number, 1) }))
    })), {})
  })
  default  = {}
  nullable = false
}
