# What is wrong with the files; values are checked by modules/base, which knows what they are compared with.
locals {
  unknown_types = flatten([for name, items in local.dependency_items : [for index, item in items :
    "services.${name}: spec.dependencies[${try(item.name, index)}].type is \"${try(item.type, "")}\"; it must be ${join(", ", keys(local.dependency_shapes))}."
    if !contains(keys(local.dependency_shapes), try(item.type, "none"))
  ]])

  not_objects = [for object in local.objects : "${object.path} must be an object, as key: value; found a ${local.kinds[substr(jsonencode(object.value), 0, 1)]}."
    if !can(keys(object.value))
  ]

  shaped = [for object in local.objects : {
    path     = object.path
    found    = { for key, value in object.value : key => local.kinds[substr(jsonencode(value), 0, 1)] }
    accepted = contains(keys(local.shapes[object.shape]), "*") ? { for key in keys(object.value) : key => local.shapes[object.shape]["*"] } : local.shapes[object.shape]
  } if can(keys(object.value)) && contains(keys(local.shapes), object.shape)]

  unknown_keys = flatten([for object in local.shaped : [for key in keys(object.found) :
    join("", [
      "${object.path}${strcontains(object.path, ": ") ? "." : ": "}${key} is not known",
      [for near in concat(
        # The same letters in another spelling (rate_limit, ratelimit), or the same beginning.
        [for accepted in keys(object.accepted) : accepted if lower(accepted) == lower(replace(key, "/[-_ ]/", ""))],
        [for accepted in keys(object.accepted) : accepted if startswith(lower(accepted), substr(lower(replace(key, "/[-_ ]/", "")), 0, 4)) || startswith(lower(key), lower(accepted))],
        [""],
      ) : near == "" ? "." : "; did you mean ${near}?"][0],
      " Accepted here: ${join(", ", keys(object.accepted))}.",
    ]) if !contains(keys(object.accepted), key)
  ]])

  wrong_kinds = flatten([for object in local.shaped : [for key, kind in object.found :
    "${object.path}${strcontains(object.path, ": ") ? "." : ": "}${key} must be ${replace(trimsuffix(object.accepted[key], "!"), "|", " or ")}; found ${kind}${kind == "number" && startswith(object.accepted[key], "string") ? ", so put it in quotes" : ""}."
    if contains(keys(object.accepted), key) && kind != "null" && !contains(split("|", trimsuffix(lookup(object.accepted, key, "null"), "!")), kind)
  ]])

  missing_keys = flatten([for object in local.shaped : [for key, kind in object.accepted :
    "${object.path}${strcontains(object.path, ": ") ? "." : ": "}${key} is missing." if endswith(kind, "!") && lookup(object.found, key, "null") == "null"
  ]])

  named_lists = merge(
    { for name, items in local.dependency_items : "services.${name}: spec.dependencies" => [for item in items : try(item.name, null)] },
    { for name, items in local.secret_items : "services.${name}: spec.secrets" => [for item in items : try(item.name, null)] },
    { for name, items in local.worker_items : "services.${name}: spec.workers" => [for item in items : try(item.name, null)] },
    { for path, process in local.with_env : "${path}.env" => try([for item in process.env : try(item.name, null)], []) },
    { for path, process in local.processes : "${path}.autoscaling.schedules" => try([for item in process.value.autoscaling.schedules : try(item.name, null)], []) },
  )
  double_names = flatten([for path, names in local.named_lists : [for name in distinct(compact(names)) :
    "${path} holds ${name} more than once; names are unique in a list." if length([for other in compact(names) : other if other == name]) > 1
  ]])

  heads = flatten([for name, document in local.documents : concat(
    [for version in [try(document.apiVersion, "v1")] : "services.${name}: apiVersion is ${jsonencode(version)}; it must be v1." if version != "v1"],
    [for kind in [try(document.kind, "ServiceConfig")] : "services.${name}: kind is ${jsonencode(kind)}; it must be ServiceConfig." if kind != "ServiceConfig"],
    [for override in [try(document.environments[var.environment], null)] :
      "services.${name}: environments.${var.environment} says something else for this environment, and nothing is merged here; use the inferloop-deploy command, or a file without it." if override != null
    ],
  )])

  problems = concat(local.heads, local.not_objects, local.unknown_types, local.unknown_keys, local.wrong_kinds, local.missing_keys, local.double_names)
}
