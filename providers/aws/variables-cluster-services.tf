variable "cluster_services" {
  description = "What the second stage installs in the cluster, as far as it needs something of the account; of that stage's variable of the same name the rest is not read here."
  type = object({
    # false: the cluster brings everything itself, its identities too.
    managed = optional(bool, true)
    nodes   = optional(string, "cluster-autoscaler")
    certificates = optional(object({
      issuer = optional(string, "acme")
    }), {})
    backup = optional(object({
      enabled = optional(bool, true)
      # A bucket that is there already, instead of one made here.
      bucket = optional(string)
    }), {})
    # Role that an add-on brings, by the add-on's name, instead of one made here.
    controllers = optional(map(string), {})
  })
  default  = {}
  nullable = false
  validation {
    condition     = contains(["cluster-autoscaler", "karpenter", "none"], var.cluster_services.nodes)
    error_message = "cluster_services.nodes must be cluster-autoscaler, karpenter or none; found \"${var.cluster_services.nodes}\"."
  }
  validation {
    condition     = contains(["acme", "own-ca"], var.cluster_services.certificates.issuer)
    error_message = "cluster_services.certificates.issuer must be acme or own-ca; found \"${var.cluster_services.certificates.issuer}\"."
  }
  validation {
    condition     = alltrue([for role in values(var.cluster_services.controllers) : can(regex("^arn:aws(-cn|-us-gov)?:iam::[0-9]{12}:role/\\S+$", role))])
    error_message = "cluster_services.controllers must hold roles, for example arn:aws:iam::123456789012:role/name."
  }
}
