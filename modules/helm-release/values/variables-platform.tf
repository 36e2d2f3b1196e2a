variable "platform" {
  description = "What the first stage tells of the environment, its output `platform`; the form is modules/base/platform.schema.json."
  type = object({
    name        = string
    environment = string
    cloud       = string
    region      = string
    account     = string
    placeholder = bool
    labels      = map(string)
    network     = object({ cidr = string })

    cluster = object({
      name           = string
      endpoint       = string
      ca_certificate = string
      version        = string
      auth           = map(string)
      node_pools = map(object({
        min    = number
        max    = number
        spot   = bool
        gpu    = object({ type = string, count = number })
        labels = map(string)
        taints = list(object({ key = string, value = string, effect = string }))
      }))
    })

    dns = object({
      domain       = string
      zone         = string
      certificate  = string
      name_servers = list(string)
    })
    registry = object({
      host         = string
      repositories = map(string)
    })

    # By service and dependency.
    object_storage = object({
      scheme   = string
      endpoint = string
      buckets  = map(map(object({ bucket = string, prefix = string })))
    })
    databases = map(map(object({ host = string, port = number, database = string, user = string, auth = string, secret = string })))
    caches    = map(map(object({ name = string, host = string, port = number, user = string, prefix = string, auth = string, secret = string })))
    queues    = map(map(object({ scheme = string, name = string, url = string, arn = string })))
    tables    = map(map(object({ name = string })))
    files     = map(map(object({ file_system = string, access_point = string, path = string })))
    functions = map(map(object({ name = string, arn = string })))

    secret_store = object({
      kind    = string
      region  = string
      secrets = map(map(string))
    })
    identities = map(object({
      namespace       = string
      service_account = string
      role            = string
      annotations     = map(string)
    }))
    # Cloud identities of the cluster's add-ons, by add-on.
    controllers = map(object({
      namespace       = string
      service_account = string
      role            = string
      annotations     = map(string)
    }))
    backup          = object({ bucket = string })
    storage_classes = map(object({ provisioner = string, parameters = map(string) }))
    load_balancer = object({
      kind           = string
      security_group = string
      web_acl        = string
      hostname       = string
    })
    observability = object({
      log_groups    = map(string)
      notifications = string
      traces        = string
      dashboard     = string
    })
    quotas = map(object({
      cpu_millicores = number
      gpus           = number
      memory_mb      = number
      pods           = number
    }))
    sites = map(list(string))
  })
  nullable = false
}
