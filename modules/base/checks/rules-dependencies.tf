# Rules over dependencies: which fields belong to which type, and what several services say about the same thing.
locals {
  dependency_problems = concat(
    flatten([for path, dependency in local.dependencies : [
      for field in setsubtract([for field, found in dependency : field if found != null], concat(["type", "name", "owner", "kind", "is_shared"], local.dependency_fields[dependency.type])) :
      "${path}.${field} is not a field of type ${dependency.type}, which takes ${join(", ", local.dependency_fields[dependency.type])}."
    ] if can(local.dependency_fields[dependency.type])]),
    [
      for path, dependency in local.dependencies :
      "${path}.table is for engine dynamodb; the engine is ${coalesce(dependency.engine, "postgres")}."
      if dependency.table != null && dependency.kind != "table"
    ],
    flatten([for path, dependency in local.dependencies : [
      for field, found in try({ for field, found in dependency.existing : field => found if found != null }, {}) :
      "${path}.existing.${field} is not a field of an existing ${dependency.kind}, which takes ${join(", ", try(concat(local.existing_fields[dependency.kind].required, local.existing_fields[dependency.kind].optional), []))}."
      if !contains(try(concat(local.existing_fields[dependency.kind].required, local.existing_fields[dependency.kind].optional), [field]), field)
    ]]),
    flatten([for path, dependency in local.dependencies : [
      for field in try(local.existing_fields[dependency.kind].required, []) :
      "${path}.existing.${field} is missing; an existing ${dependency.kind} needs ${join(", ", local.existing_fields[dependency.kind].required)}."
      if dependency.existing != null && try(dependency.existing[field] == null, false)
    ]]),
    [
      for path, dependency in local.dependencies :
      "${path}.replicas is ${coalesce(dependency.replicas, 0)}; read replicas need engine aurora-postgresql."
      if dependency.type == "database" && coalesce(dependency.engine, "postgres") == "postgres" && !dependency.is_shared && coalesce(dependency.replicas, 0) != 0
    ],
    [
      for path, dependency in local.dependencies :
      "${path}.backup_retention is ${coalesce(dependency.backup_retention, "-")}; it must be 1d to 35d."
      if try(local.days[dependency.backup_retention] > 35, false)
    ],
    [
      for path, dependency in local.dependencies :
      "${path}.lifecycle.infrequent_after is ${try(coalesce(dependency.lifecycle.infrequent_after), "-")}; objects move to infrequent access after 30d at the earliest."
      if try(local.days[dependency.lifecycle.infrequent_after] < 30, false) && dependency.kind != "file"
    ],
    [
      for path, dependency in local.dependencies :
      "${path}.lifecycle.infrequent_after is not for class archive, whose objects are archived at once; leave it out, or say archive_after."
      if dependency.class == "archive" && try(dependency.lifecycle.infrequent_after != null && dependency.lifecycle.archive_after == null, false)
    ],
    [
      for path, dependency in local.dependencies :
      "${path}.lifecycle.expire_after is not for class file: a file system deletes nothing by itself."
      if dependency.kind == "file" && try(dependency.lifecycle.expire_after != null, false)
    ],
    [
      for path, dependency in local.dependencies :
      "${path}.lifecycle.archive_after is ${try(coalesce(dependency.lifecycle.archive_after), "-")}; it must be ${try(local.infrequent_from[path] + 30, "-")}d or more, as objects stay in infrequent access for 30d and are there from ${try(coalesce(local.infrequent_from[path]), "-")}d on."
      if try(local.days[dependency.lifecycle.archive_after] < local.infrequent_from[path] + 30, false)
    ],
    [
      for path, dependency in local.dependencies :
      "${path}.lifecycle.expire_after is ${try(coalesce(dependency.lifecycle.expire_after), "-")}; it must be more than ${try(coalesce(local.infrequent_from[path]), "-")}d, when objects move to infrequent access."
      if try(local.days[dependency.lifecycle.expire_after] <= local.infrequent_from[path], false)
    ],
    flatten([for path, dependency in local.dependencies : [
      for pair in dependency.kind == "file" ? [["infrequent_after", "archive_after"]] : [["archive_after", "expire_after"]] :
      "${path}.lifecycle.${pair[0]} must be less than ${pair[1]}; found ${try(coalesce(dependency.lifecycle[pair[0]]), "-")} and ${try(coalesce(dependency.lifecycle[pair[1]]), "-")}."
      if try(local.days[dependency.lifecycle[pair[0]]] >= local.days[dependency.lifecycle[pair[1]]], false)
    ]]),
    [
      for path, dependency in local.dependencies :
      "${path}.visibility is ${coalesce(dependency.visibility, "-")}; it must be at most 12h."
      if try(local.seconds[dependency.visibility] > 43200, false)
    ],
    [
      for path, dependency in local.dependencies :
      "${path}.retention is ${coalesce(dependency.retention, "-")}; it must be 60s to 14d."
      if try(local.seconds[dependency.retention] < 60 || local.seconds[dependency.retention] > 1209600, false)
    ],
    [
      for path, dependency in local.dependencies :
      "${path} names the service \"${coalesce(dependency.service, dependency.name)}\"; the services are ${join(", ", local.service_names)}."
      if dependency.type == "service" && !contains(local.service_names, coalesce(dependency.service, dependency.name))
    ],
    [
      for path, dependency in local.dependencies :
      "${path}.size is ${coalesce(dependency.size, "small")}; environment.sizes.${dependency.type} only knows ${join(", ", try(keys(var.environment.sizes[dependency.type]), []))}."
      if contains(["database", "cache"], dependency.kind) && dependency.existing == null && !dependency.is_shared && !contains(try(keys(var.environment.sizes[dependency.type]), []), coalesce(dependency.size, "small"))
    ],
  )

  # What several services name must be the same thing for all of them.
  sharing_problems = concat(
    [
      for group, paths in local.shared_groups :
      "${join(" and ", paths)} are one shared ${split("/", group)[0]}, but say different things about it; make class, engine, table, backup_retention, fifo, visibility, retention and dead_letters the same in all of them."
      if length(distinct([for path in paths : local.agreed[path]])) != 1
    ],
    [
      for pair in local.prefix_pairs :
      "services.${pair[0].owner} and services.${pair[1].owner} share the storage ${pair[0].name}, and the path of one holds that of the other (/${pair[0].prefix}, /${pair[1].prefix}); give each a path of its own."
      if startswith("${pair[1].prefix}/", "${pair[0].prefix}/")
    ],
    [
      for key, users in local.keys :
      "${join(" and ", users[*].path)} would have the same name, ${split("/", key)[1]}; rename one of them."
      if length(distinct(users[*].thing)) != 1
    ],
  )
}
