# Amounts as Kubernetes writes them, and seconds of durations.
locals {
  amounts = merge(
    { for key, process in local.runs : key => {
      cpu = process.cpu_millicores, cpu_limit = process.cpu_limit_millicores, memory = process.memory_mb, memory_limit = process.memory_limit_mb, gpus = process.gpus
    } },
    { for key, process in local.runs : "${key}/ray" => {
      cpu = process.ray.cpu_millicores, cpu_limit = process.ray.cpu_limit_millicores, memory = process.ray.memory_mb, memory_limit = process.ray.memory_limit_mb, gpus = process.ray.gpus
    } if process.ray != null },
  )
  resources = { for key, amount in local.amounts : key => merge(
    {
      limits   = { cpu = amount.cpu_limit % 1000 == 0 ? tostring(amount.cpu_limit / 1000) : "${amount.cpu_limit}m", memory = "${amount.memory_limit}Mi" }
      requests = { cpu = amount.cpu % 1000 == 0 ? tostring(amount.cpu / 1000) : "${amount.cpu}m", memory = "${amount.memory}Mi" }
    },
    { for gpus in [amount.gpus] : "gpus" => gpus if gpus > 0 },
  ) }

  durations = distinct(compact(concat(
    flatten([for probe in values(var.service.spec.service.health) : try([probe.initial_delay, probe.period, probe.timeout], [])]),
    [for migrations in var.service.spec.service.migrations[*] : migrations.timeout],
    [for cors in var.service.spec.networking.ingress.cors[*] : cors.max_age],
    [var.service.spec.networking.service_mesh.timeout],
    flatten([for breaker in var.service.spec.networking.service_mesh.circuit_breaker[*] : [breaker.interval, breaker.ejection_time]]),
  )))
  seconds = { for text in local.durations : text => tonumber(regex("^[0-9]+", text)) * local.second_units[regex("[a-z]$", text)] }
}
