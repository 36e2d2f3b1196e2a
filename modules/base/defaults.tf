# The variable has one type for all dependencies, so their defaults, which depend on the kind, are put in here.
locals {
  dependency_defaults = {
    cache    = { engine = "valkey", replicas = 0, shared = false, size = "small" }
    database = { backup_retention = "7d", engine = "postgres", replicas = 0, shared = false, size = "small", storage = "20Gi" }
    function = { command = [], image = { digest = null, repository = null, tag = null }, memory = "512Mi", timeout = "1m" }
    queue    = { dead_letters = { enabled = true, max_receives = 5 }, fifo = false, retention = "4d", shared = false, visibility = "5m" }
    service  = {}
    storage  = { class = "standard", lifecycle = { archive_after = null, expire_after = null, infrequent_after = null }, shared = false }
  }
  existing_ports = { cache = 6379, database = 5432 }

  services = { for name, service in local.checked_services : name => merge(service, { spec = merge(service.spec, {
    dependencies = { for key, dependency in service.spec.dependencies : key => merge(
      dependency,
      { for field, default in local.dependency_defaults[dependency.type] : field => dependency[field] == null ? default : dependency[field] },
      {
        existing = dependency.existing == null ? null : merge(dependency.existing, {
          port = try(dependency.existing.port != null ? dependency.existing.port : local.existing_ports[dependency.type], null)
        })
        service = dependency.type == "service" ? coalesce(dependency.service, key) : null
      },
    ) }
  }) }) }
}
