# Who may connect to what inside the network: a security group for each kind of client, with the things that its services use.
locals {
  runtimes       = { for key, process in module.base.processes : key => process.runtime }
  functions_made = { for key, function in module.base.functions : key => function if function.existing == null }

  client_services = merge(
    { for name in ["nodes"] : name => distinct([for process in values(module.base.processes) : process.service if process.runtime == "kubernetes"]) if local.make_cluster },
    { for name in ["batch"] : name => distinct([for process in values(local.batch_processes) : process.service]) if length(local.batch_processes) > 0 },
    { for key, process in local.fargate_processes : "fargate-${key}" => [process.service] },
    { for key, function in local.functions_made : "function-${key}" => [function.service] },
  )
  client_groups = merge(
    { for name in ["nodes"] : name => module.cluster[0].node_security_group_id if local.make_cluster },
    { for name in ["batch"] : name => module.batch.security_group_id if length(local.batch_processes) > 0 },
    { for key in keys(local.fargate_processes) : "fargate-${key}" => module.containers.security_group_ids[key] },
    { for key in keys(local.functions_made) : "function-${key}" => module.functions.security_group_ids[key] },
  )

  clients = { for client, services in local.client_services : client => {
    security_group_id = local.client_groups[client]
    databases         = toset([for dependency in local.used[client] : dependency.key if dependency.kind == "database"])
    caches            = toset([for dependency in local.used[client] : dependency.key if dependency.kind == "cache"])
    file_systems      = toset([for dependency in local.used[client] : dependency.key if dependency.kind == "file"])
  } }
  used = { for client, services in local.client_services : client => flatten([for service in services : values(module.base.uses[service].dependencies)]) }
}
