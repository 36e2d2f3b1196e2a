variable "cluster_services" {
  description = "What runs in the cluster beside the services: mesh, gateway, logs, traces, policies, certificates, backups, and who may do what."
  type = object({
    # false: the cluster brings everything that is named here itself.
    managed  = optional(bool, true)
    mesh     = optional(string, "istio")
    gateway  = optional(string, "kong")
    logs     = optional(string, "loki")
    traces   = optional(string, "tempo")
    policies = optional(string, "builtin")
    nodes    = optional(string, "cluster-autoscaler")
    certificates = optional(object({
      issuer = optional(string, "acme")
      email  = optional(string)
      server = optional(string)
    }), {})
    backup = optional(object({
      enabled   = optional(bool, true)
      schedule  = optional(string, "0 2 * * *")
      retention = optional(string, "30d")
      # Bucket that takes the backups; without one the cluster is not backed up, which is said.
      bucket = optional(string)
    }), {})
    # Times at which what is not production is scaled down.
    night = optional(object({
      enabled   = optional(bool, false)
      start     = optional(string, "0 20 * * MON-FRI")
      end       = optional(string, "0 6 * * MON-FRI")
      time_zone = optional(string, "Etc/UTC")
    }), {})
    registry = optional(string)
    versions = optional(map(string), {})
    # What the services of a namespace may ask for together, in place of the sums of what they ask for; by namespace.
    quotas = optional(map(object({
      cpu    = optional(string)
      memory = optional(string)
      pods   = optional(number)
      gpus   = optional(number)
    })), {})
    # Classes of volumes that the cluster has beside those of the platform.
    storage_classes = optional(list(string), [])
    # Cloud identity of each add-on by its name, where the platform does not know it.
    controllers = optional(map(string), {})
    # Where the store of secrets is, for those that have an address of their own (Vault, Azure Key Vault).
    secret_store = optional(object({
      server = string
      path   = optional(string, "secret")
      role   = optional(string, "external-secrets")
    }))
    access = optional(object({
      team      = optional(list(string), [])
      operator  = optional(list(string), [])
      read_only = optional(list(string), [])
      ci        = optional(list(string), [])
    }), {})
  })
  default  = {}
  nullable = false
  validation {
    condition     = contains(["istio", "linkerd", "none"], var.cluster_services.mesh)
    error_message = "cluster_services.mesh must be istio, linkerd or none; found \"${var.cluster_services.mesh}\"."
  }
  validation {
    condition     = contains(["kong", "istio", "gateway-api"], var.cluster_services.gateway)
    error_message = "cluster_services.gateway must be kong, istio or gateway-api; found \"${var.cluster_services.gateway}\"."
  }
  validation {
    condition     = var.cluster_services.gateway != "istio" || var.cluster_services.mesh == "istio"
    error_message = "cluster_services.gateway is istio, which needs mesh istio; the mesh is ${var.cluster_services.mesh}."
  }
  validation {
    condition     = contains(["loki", "elastic", "none"], var.cluster_services.logs)
    error_message = "cluster_services.logs must be loki, elastic or none; found \"${var.cluster_services.logs}\"."
  }
  validation {
    condition     = contains(["tempo", "jaeger", "none"], var.cluster_services.traces)
    error_message = "cluster_services.traces must be tempo, jaeger or none; found \"${var.cluster_services.traces}\"."
  }
  validation {
    condition     = contains(["builtin", "kyverno"], var.cluster_services.policies)
    error_message = "cluster_services.policies must be builtin or kyverno; found \"${var.cluster_services.policies}\"."
  }
  validation {
    condition     = contains(["cluster-autoscaler", "karpenter", "none"], var.cluster_services.nodes)
    error_message = "cluster_services.nodes must be cluster-autoscaler, karpenter or none; found \"${var.cluster_services.nodes}\"."
  }
  validation {
    condition     = contains(["acme", "own-ca"], var.cluster_services.certificates.issuer)
    error_message = "cluster_services.certificates.issuer must be acme or own-ca; found \"${var.cluster_services.certificates.issuer}\"."
  }
  validation {
    condition     = can(regex("^[1-9][0-9]{0,4}(h|d)$", var.cluster_services.backup.retention))
    error_message = "cluster_services.backup.retention must be whole hours or days, for example 30d; found \"${var.cluster_services.backup.retention}\"."
  }
}
