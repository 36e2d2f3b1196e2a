# Numbers of what is compared with each other; what has no proper form is null here, and is reported by its form.
locals {
  bytes = { for text in distinct(compact(concat(
    flatten([for asked in local.asked : [asked.resources.memory, asked.resources.requests.memory, asked.resources.limits.memory]]),
    [for dependency in local.dependencies : dependency.memory],
  ))) : text => try(tonumber(regex("^[0-9]+", text)) * local.byte_units[regex("[A-Za-z]+$", text)], null) }

  millicores = { for text in distinct(compact(flatten([for asked in local.asked : [asked.resources.cpu, asked.resources.requests.cpu, asked.resources.limits.cpu]]))) :
    text => try(endswith(text, "m") ? tonumber(trimsuffix(text, "m")) : tonumber(text) * 1000, null)
  }

  seconds = { for text in distinct(compact(concat(
    ["30s", "1m", "5m"],
    flatten([for dependency in local.dependencies : [dependency.timeout, dependency.visibility, dependency.retention]]),
    flatten([for process in local.processes : [process.timeout, process.grace]]),
  ))) : text => try(tonumber(regex("^[0-9]+", text)) * local.second_units[regex("[a-z]$", text)], null) }

  days = { for text in distinct(compact(concat(
    [for dependency in local.dependencies : dependency.backup_retention],
    flatten([for dependency in local.dependencies : values(dependency.lifecycle) if dependency.lifecycle != null]),
  ))) : text => try(tonumber(trimsuffix(text, "d")), null) }
}
