# Variables of processes and of the migrations, with ${dependencies.NAME.OUTPUT} put in.
locals {
  sources = merge(
    { for key, process in local.runs : key => process.env },
    # Migrations find the database as the service does.
    { for migrations in var.service.spec.service.migrations[*] : "migrations" => merge(var.service.spec.service.env, migrations.env) },
  )

  env = { for key, source in local.sources : key => { for name, variable in source : name => { for way, found in {
    value = variable.value == null ? null : join("", [
      # A text is a row of references and of what stands between them.
      for part in regexall("\\$\\{dependencies\\.([a-z0-9-]+)\\.([A-Za-z]+)\\}|([^$]+|\\$)", variable.value) :
      part[0] == null ? part[2] : try(coalesce(local.dependency_outputs[part[0]][part[1]]), "")
    ])
    secret = variable.secret == null ? null : { name = variable.secret.name, key = variable.secret.key }
  } : way => found if found != null } } }

  references = distinct(flatten([for key, source in local.sources : [for name, variable in source : [
    for found in try(regexall("\\$\\{dependencies\\.([a-z0-9-]+)\\.([A-Za-z]+)\\}", variable.value), []) : { process = key, variable = name, dependency = found[0], output = found[1] }
  ]]]))
}
