# Values that must have a form: path => [form, value]; null is no value.
locals {
  formed = merge(concat(
    [for name, service in var.services : {
      "services.${name}, its name"                                                  = ["name", name]
      "services.${name}.metadata.namespace"                                         = ["name", service.metadata.namespace]
      "services.${name}.metadata.team"                                              = ["label_value", service.metadata.team]
      "services.${name}.metadata.cost_center"                                       = ["label_value", service.metadata.cost_center]
      "services.${name}.metadata.owner"                                             = ["tag_text", service.metadata.owner]
      "services.${name}.spec.service.disruption_budget.min_available"               = ["replica_share", try(service.spec.service.disruption_budget.min_available, null)]
      "services.${name}.spec.service.disruption_budget.max_unavailable"             = ["replica_share", try(service.spec.service.disruption_budget.max_unavailable, null)]
      "services.${name}.spec.networking.ingress.path"                               = ["path", service.spec.networking.ingress.path]
      "services.${name}.spec.networking.ingress.timeout"                            = ["duration", service.spec.networking.ingress.timeout]
      "services.${name}.spec.networking.ingress.cors.max_age"                       = ["duration", try(service.spec.networking.ingress.cors.max_age, null)]
      "services.${name}.spec.networking.ingress.auth.issuer"                        = ["https", try(service.spec.networking.ingress.auth.issuer, null)]
      "services.${name}.spec.networking.ingress.auth.jwks_uri"                      = ["https", try(service.spec.networking.ingress.auth.jwks_uri, null)]
      "services.${name}.spec.networking.service_mesh.timeout"                       = ["duration", service.spec.networking.service_mesh.timeout]
      "services.${name}.spec.networking.service_mesh.circuit_breaker.interval"      = ["duration", try(service.spec.networking.service_mesh.circuit_breaker.interval, null)]
      "services.${name}.spec.networking.service_mesh.circuit_breaker.ejection_time" = ["duration", try(service.spec.networking.service_mesh.circuit_breaker.ejection_time, null)]
      "services.${name}.spec.service.volume.size"                                   = ["bytes", try(service.spec.service.volume.size, null)]
      "services.${name}.spec.service.volume.storage_class"                          = ["name", try(service.spec.service.volume.storage_class, null)]
      "services.${name}.spec.service.volume.path"                                   = ["path", try(service.spec.service.volume.path, null)]
      "services.${name}.spec.service.migrations.timeout"                            = ["duration", try(service.spec.service.migrations.timeout, null)]
      "services.${name}.spec.networking.migration.host"                             = ["host", try(service.spec.networking.migration.host, null)]
      "services.${name}.spec.monitoring.metrics.path"                               = ["path", service.spec.monitoring.metrics.path]
      "services.${name}.spec.monitoring.logs.retention"                             = ["days", service.spec.monitoring.logs.retention]
      "services.${name}.spec.slo.latency_p95"                                       = ["latency", service.spec.slo.latency_p95]
    }],
    [for name, service in var.services : { for key, text in service.metadata.labels : "services.${name}.metadata.labels.${key}" => ["label_value", text] }],
    [for name, service in var.services : { for key in keys(service.metadata.labels) : "services.${name}.metadata.labels.${key}, its key" => ["label_key", key] }],
    [for name, service in var.services : { for key in keys(service.spec.workers) : "services.${name}.spec.workers.${key}, its name" => ["name", key] }],
    [for path, ingress in local.ingresses : { for index, host in ingress.hosts : "${path}.hosts[${index}]" => ["host", host] }],
    [for path, ingress in local.ingresses : { for index, origin in try(ingress.cors.origins, []) : "${path}.cors.origins[${index}]" => ["origin", origin] }],
    [for path, ingress in local.ingresses : { for index, header in try(ingress.cors.headers, []) : "${path}.cors.headers[${index}]" => ["header", header] }],
    [for path, ingress in local.ingresses : { for header in keys(ingress.request_headers.add) : "${path}.request_headers.add.${header}, its key" => ["header", header] }],
    [for path, ingress in local.ingresses : { for header in keys(ingress.request_headers.set) : "${path}.request_headers.set.${header}, its key" => ["header", header] }],
    [for path, ingress in local.ingresses : { for index, header in ingress.request_headers.remove : "${path}.request_headers.remove[${index}]" => ["header", header] }],
    [for path, process in local.processes : {
      "${path}.schedule"     = ["cron", process.schedule]
      "${path}.time_zone"    = ["time_zone", process.time_zone]
      "${path}.timeout"      = ["duration", process.timeout]
      "${path}.grace_period" = ["duration", process.grace]
    }],
    [for path, asked in local.asked : {
      "${path}.cpu"             = ["cores", asked.resources.cpu]
      "${path}.memory"          = ["bytes", asked.resources.memory]
      "${path}.requests.cpu"    = ["cores", asked.resources.requests.cpu]
      "${path}.requests.memory" = ["bytes", asked.resources.requests.memory]
      "${path}.limits.cpu"      = ["cores", asked.resources.limits.cpu]
      "${path}.limits.memory"   = ["bytes", asked.resources.limits.memory]
    }],
    flatten([for path, scaling in local.autoscaling : [for key, window in scaling.schedules : {
      "${path}.schedules.${key}, its name" = ["name", key]
      "${path}.schedules.${key}.start"     = ["cron", window.start]
      "${path}.schedules.${key}.end"       = ["cron", window.end]
      "${path}.schedules.${key}.time_zone" = ["time_zone", window.time_zone]
    }]]),
    [for path, source in local.env : { "${path}, its name" = ["variable", source.name] }],
    [for path, probe in local.probes : {
      "${path}.path"          = ["path", probe.path]
      "${path}.initial_delay" = ["duration", probe.initial_delay]
      "${path}.period"        = ["duration", probe.period]
      "${path}.timeout"       = ["duration", probe.timeout]
    }],
    [for path, image in local.images : {
      "${path}.repository" = ["repository", image.repository]
      "${path}.tag"        = ["image_tag", image.tag]
      "${path}.digest"     = ["digest", image.digest]
    }],
    [for path, dependency in local.dependencies : {
      "${path}, its name"                  = ["name", dependency.name]
      "${path}.version"                    = ["version", dependency.version]
      "${path}.storage"                    = ["bytes", dependency.storage]
      "${path}.memory"                     = ["bytes", dependency.memory]
      "${path}.timeout"                    = ["duration", dependency.timeout]
      "${path}.visibility"                 = ["duration", dependency.visibility]
      "${path}.retention"                  = ["duration", dependency.retention]
      "${path}.path"                       = ["path", dependency.path]
      "${path}.backup_retention"           = ["days", dependency.backup_retention]
      "${path}.lifecycle.infrequent_after" = ["days", try(dependency.lifecycle.infrequent_after, null)]
      "${path}.lifecycle.archive_after"    = ["days", try(dependency.lifecycle.archive_after, null)]
      "${path}.lifecycle.expire_after"     = ["days", try(dependency.lifecycle.expire_after, null)]
      "${path}.table.partition_key"        = ["variable", try(dependency.table.partition_key, null)]
      "${path}.table.sort_key"             = ["variable", try(dependency.table.sort_key, null)]
      "${path}.table.expires"              = ["variable", try(dependency.table.expires, null)]
      "${path}.existing.arn"               = ["arn", try(dependency.existing.arn, null)]
      "${path}.existing.secret"            = ["arn", try(dependency.existing.secret, null)]
      "${path}.existing.encryption_key"    = ["arn", try(dependency.existing.encryption_key, null)]
      "${path}.existing.url"               = ["https", try(dependency.existing.url, null)]
    }],
    [for path, secret in local.secrets : {
      "${path}, its name"         = ["name", secret.name]
      "${path}.existing"          = ["arn", secret.existing]
      "${path}.rotation"          = ["days", secret.rotation]
      "${path}.rotation_function" = ["arn", secret.rotation_function]
    }],
  )...)

  form_problems = [
    for path, entry in local.formed : "${path} is \"${entry[1]}\"; it must be ${local.forms[entry[0]].expected}."
    if entry[1] != null && !can(regex(local.forms[entry[0]].pattern, entry[1]))
  ]
}
