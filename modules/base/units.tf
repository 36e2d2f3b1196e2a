# Numbers of all quantities and durations, by the text that they are written as.
locals {
  bytes = { for text in distinct(compact(concat(
    [local.default_requests.memory, var.environment.shared.database.storage],
    flatten([for service in local.services : [for resources in concat([service.spec.service.resources], flatten([for worker in service.spec.workers : concat([worker.resources], worker.ray[*].resources)])) : [resources.memory, resources.requests.memory, resources.limits.memory]]]),
    flatten([for service in local.services : [for dependency in service.spec.dependencies : [dependency.memory, dependency.storage]]]),
  ))) : text => tonumber(regex("^[0-9]+", text)) * local.byte_units[regex("[A-Za-z]+$", text)] }

  # Kubernetes rounds thousandths of a core up; the text is split because binary fractions would round 0.1 wrongly.
  millicores = { for text in distinct(compact(concat(
    [local.default_requests.cpu],
    flatten([for service in local.services : [for resources in concat([service.spec.service.resources], flatten([for worker in service.spec.workers : concat([worker.resources], worker.ray[*].resources)])) : [resources.cpu, resources.requests.cpu, resources.limits.cpu]]]),
    ))) : text => endswith(text, "m") ? tonumber(trimsuffix(text, "m")) : (
    tonumber(split(".", text)[0]) * 1000
    + tonumber(substr("${try(split(".", text)[1], "")}000", 0, 3))
    + (can(regex("\\.[0-9]{3}0*[1-9]", text)) ? 1 : 0)
  ) }

  seconds = { for text in distinct(compact(concat(
    [for service in local.services : service.spec.networking.ingress.timeout],
    flatten([for service in local.services : [for process in concat([service.spec.service], values(service.spec.workers)) : [process.timeout, process.grace_period]]]),
    flatten([for service in local.services : [for dependency in service.spec.dependencies : [dependency.timeout, dependency.visibility, dependency.retention]]]),
  ))) : text => tonumber(regex("^[0-9]+", text)) * local.second_units[regex("[a-z]$", text)] }

  days = { for text in distinct(compact(concat(
    [var.environment.backup.cold_after, var.environment.backup.retention, var.environment.log_retention, var.environment.network.flow_logs.retention, var.environment.shared.database.backup_retention],
    [for service in local.services : service.spec.monitoring.logs.retention],
    flatten([for service in local.services : values(service.spec.secrets)[*].rotation]),
    flatten([for service in local.services : [for dependency in service.spec.dependencies : concat([dependency.backup_retention], try(values(dependency.lifecycle), []))]]),
  ))) : text => tonumber(trimsuffix(text, "d")) }

  gibibyte = local.byte_units.Gi
  mebibyte = local.byte_units.Mi

  # What a process asks for that says nothing.
  default_requests = { cpu = "500m", memory = "1Gi" }
}
