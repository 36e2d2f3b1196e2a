# Names are <project>-<environment>-<service>-<dependency>. One that is longer than the cloud allows, or that has hyphens in a row
# (which some services refuse), is shortened and ends with a hash of the whole name, so that it stays the same and stays apart from others.
locals {
  long_name = "${var.environment.project}-${var.environment.name}"
  name      = length(local.long_name) <= var.limits.environment ? local.long_name : "${trim(substr(local.long_name, 0, var.limits.environment - 9), "-")}-${substr(sha256(local.long_name), 0, 8)}"

  long_names = {
    bucket      = { for key in keys(local.bucket_users) : key => "${local.long_name}-${key}" }
    cache       = { for key in keys(local.cache_users) : key => "${local.long_name}-${key}" }
    cache_user  = { for service in keys(local.services) : service => "${local.long_name}-${service}" }
    container   = { for key in keys(local.process_items) : key => "${local.long_name}-${key}" }
    database    = { for key in keys(local.database_users) : key => "${local.long_name}-${key}" }
    file_system = { for key in keys(local.file_system_users) : key => "${local.long_name}-${key}" }
    function    = { for key in keys(local.function_items) : key => "${local.long_name}-${key}" }
    job         = { for key in keys(local.process_items) : key => "${local.long_name}-${key}" }
    key         = { for service in keys(local.services) : service => "${local.long_name}-${service}" }
    queue       = { for key in keys(local.queue_users) : key => "${local.long_name}-${key}" }
    role        = { for service in keys(local.services) : service => "${local.long_name}-${service}" }
    secret      = { for key in keys(local.secret_items) : key => "${local.long_name}-${key}" }
    site        = { for service in keys(local.services) : service => "${local.long_name}-${service}" }
    table       = { for key in keys(local.table_users) : key => "${local.long_name}-${key}" }
  }

  name_limits = merge(var.limits, { bucket = var.limits.bucket - (var.unique_suffix == null ? 0 : length("-${coalesce(var.unique_suffix, "-")}")) })

  names = { for kind, names in local.long_names : kind => {
    for key, name in names : key =>
    length(name) <= local.name_limits[kind] && !strcontains(name, "--") ? name :
    "${trim(substr(replace(name, "/-+/", "-"), 0, local.name_limits[kind] - 9), "-")}-${substr(sha256(name), 0, 8)}"
  } }

  bucket_names = { for key, name in local.names.bucket : key => join("-", compact([name, var.unique_suffix])) }

  # PostgreSQL keeps some names for itself, RDS some more.
  database_names = { for service in keys(local.services) : service =>
    can(regex("^(pg-|rds|none$|platform$|postgres$|public$|template[01]$)", service)) ? "service_${replace(service, "-", "_")}" : replace(service, "-", "_")
  }
}
