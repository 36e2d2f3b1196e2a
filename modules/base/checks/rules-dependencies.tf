# Rules over dependencies: which fields belong to which type, and what several services say about the same thing.
locals {
  dependency_rules = flatten([for path, dependency in local.dependencies : [
    [for field, found in dependency : {
      holds   = found == null || contains(concat(["type", "name", "owner", "kind", "is_shared"], lookup(local.dependency_fields, dependency.type, [field])), field)
      message = "${path}.${field} is not a field of type ${dependency.type}, which takes ${join(", ", lookup(local.dependency_fields, dependency.type, []))}."
    }],
    {
      holds   = dependency.table == null || dependency.kind == "table"
      message = "${path}.table is for engine dynamodb; the engine is ${coalesce(dependency.engine, "postgres")}."
    },
    [for field, found in try({ for field, found in dependency.existing : field => found if found != null }, {}) : {
      holds   = contains(try(concat(local.existing_fields[dependency.kind].required, local.existing_fields[dependency.kind].optional), [field]), field)
      message = "${path}.existing.${field} is not a field of an existing ${dependency.kind}, which takes ${join(", ", try(concat(local.existing_fields[dependency.kind].required, local.existing_fields[dependency.kind].optional), []))}."
    }],
    [for field in try(local.existing_fields[dependency.kind].required, []) : {
      holds   = dependency.existing == null || try(dependency.existing[field] != null, true)
      message = "${path}.existing.${field} is missing; an existing ${dependency.kind} needs ${join(", ", local.existing_fields[dependency.kind].required)}."
    }],
    {
      holds   = dependency.type != "database" || coalesce(dependency.engine, "postgres") != "postgres" || dependency.is_shared || coalesce(dependency.replicas, 0) == 0
      message = "${path}.replicas is ${coalesce(dependency.replicas, 0)}; read replicas need engine aurora-postgresql."
    },
    {
      holds   = try(local.days[dependency.backup_retention] <= 35, true)
      message = "${path}.backup_retention is ${coalesce(dependency.backup_retention, "-")}; it must be 1d to 35d."
    },
    {
      holds   = try(local.days[dependency.lifecycle.infrequent_after] >= 30, true) || dependency.kind == "file"
      message = "${path}.lifecycle.infrequent_after is ${try(coalesce(dependency.lifecycle.infrequent_after), "-")}; objects move to infrequent access after 30d at the earliest."
    },
    {
      holds   = dependency.class != "archive" || try(dependency.lifecycle.infrequent_after == null || dependency.lifecycle.archive_after != null, true)
      message = "${path}.lifecycle.infrequent_after is not for class archive, whose objects are archived at once; leave it out, or say archive_after."
    },
    {
      holds   = dependency.kind != "file" || try(dependency.lifecycle.expire_after == null, true)
      message = "${path}.lifecycle.expire_after is not for class file: a file system deletes nothing by itself."
    },
    {
      holds   = try(local.days[dependency.lifecycle.archive_after] >= local.infrequent_from[path] + 30, true)
      message = "${path}.lifecycle.archive_after is ${try(coalesce(dependency.lifecycle.archive_after), "-")}; it must be ${try(local.infrequent_from[path] + 30, "-")}d or more, as objects stay in infrequent access for 30d and are there from ${try(coalesce(local.infrequent_from[path]), "-")}d on."
    },
    {
      holds   = try(local.days[dependency.lifecycle.expire_after] > local.infrequent_from[path], true)
      message = "${path}.lifecycle.expire_after is ${try(coalesce(dependency.lifecycle.expire_after), "-")}; it must be more than ${try(coalesce(local.infrequent_from[path]), "-")}d, when objects move to infrequent access."
    },
    [for pair in dependency.kind == "file" ? [["infrequent_after", "archive_after"]] : [["archive_after", "expire_after"]] : {
      holds   = try(local.days[dependency.lifecycle[pair[0]]] < local.days[dependency.lifecycle[pair[1]]], true)
      message = "${path}.lifecycle.${pair[0]} must be less than ${pair[1]}; found ${try(coalesce(dependency.lifecycle[pair[0]]), "-")} and ${try(coalesce(dependency.lifecycle[pair[1]]), "-")}."
    }],
    {
      holds   = try(local.seconds[dependency.visibility] <= 43200, true)
      message = "${path}.visibility is ${coalesce(dependency.visibility, "-")}; it must be at most 12h."
    },
    {
      holds   = try(local.seconds[dependency.retention] >= 60 && local.seconds[dependency.retention] <= 1209600, true)
      message = "${path}.retention is ${coalesce(dependency.retention, "-")}; it must be 60s to 14d."
    },
    {
      holds   = dependency.type != "service" || contains(local.service_names, coalesce(dependency.service, dependency.name))
      message = "${path} names the service \"${coalesce(dependency.service, dependency.name)}\"; the services are ${join(", ", local.service_names)}."
    },
    {
      holds   = !contains(["database", "cache"], dependency.kind) || dependency.existing != null || dependency.is_shared || contains(try(keys(var.environment.sizes[dependency.type]), []), coalesce(dependency.size, "small"))
      message = "${path}.size is ${coalesce(dependency.size, "small")}; environment.sizes.${dependency.type} only knows ${join(", ", try(keys(var.environment.sizes[dependency.type]), []))}."
    },
  ]])

  # What several services name must be the same thing for all of them.
  sharing_rules = concat(
    [for group, paths in local.shared_groups : {
      holds   = length(distinct([for path in paths : local.agreed[path]])) == 1
      message = "${join(" and ", paths)} are one shared ${split("/", group)[0]}, but say different things about it; make class, engine, table, backup_retention, fifo, visibility, retention and dead_letters the same in all of them."
    }],
    [for pair in local.prefix_pairs : {
      holds   = !startswith("${pair[1].prefix}/", "${pair[0].prefix}/")
      message = "services.${pair[0].owner} and services.${pair[1].owner} share the storage ${pair[0].name}, and the path of one holds that of the other (/${pair[0].prefix}, /${pair[1].prefix}); give each a path of its own."
    }],
    [for key, users in local.keys : {
      holds   = length(distinct(users[*].thing)) == 1
      message = "${join(" and ", users[*].path)} would have the same name, ${split("/", key)[1]}; rename one of them."
    }],
  )
}
