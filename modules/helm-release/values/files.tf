# File systems that pods share, and where each process has them.
locals {
  driver = local.file_drivers[var.platform.cloud]

  volumes = { for name, used in local.by_kind.file : name => { for field, found in {
    driver       = local.driver.driver
    handle       = join(local.driver.separator, compact([local.files[name].file_system, local.files[name].access_point]))
    mountOptions = local.driver.options
  } : field => found if !contains(local.nothing, jsonencode(found)) } if contains(keys(local.files), name) }

  mounts = { for name in keys(local.volumes) : name => local.files[name].path }
}
