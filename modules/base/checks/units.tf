# Numbers of what is compared with each other; what has no proper form is null here, and is reported by its form.
locals {
  bytes = { for text in distinct(compact(concat(
    flatten([for process in local.processes : [process.resources.memory, process.resources.requests.memory, process.resources.limits.memory]]),
    [for dependency in local.dependencies : dependency.memory],
  ))) : text => try(tonumber(regex("^[0-9]+", text)) * local.byte_units[regex("[A-Za-z]+$", text)], null) }

  millicores = { for text in distinct(compact(flatten([for process in local.processes : [process.resources.cpu, process.resources.requests.cpu, process.resources.limits.cpu]]))) :
    text => try(endswith(text, "m") ? tonumber(trimsuffix(text, "m")) : tonumber(text) * 1000, null)
  }

  seconds = { for text in distinct(compact(concat(
    ["5m", "1m"],
    flatten([for dependency in local.dependencies : [dependency.timeout, dependency.visibility, dependency.retention]]),
    [for process in local.processes : process.timeout],
  ))) : text => try(tonumber(regex("^[0-9]+", text)) * local.second_units[regex("[a-z]$", text)], null) }

  days = { for text in distinct(compact(concat(
    [for dependency in local.dependencies : dependency.backup_retention],
    flatten([for dependency in local.dependencies : values(dependency.lifecycle) if dependency.lifecycle != null]),
  ))) : text => try(tonumber(trimsuffix(text, "d")), null) }
}
