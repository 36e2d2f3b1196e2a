# Which fields a dependency and its `existing` take, by type.
locals {
  dependency_fields = {
    cache    = ["shared", "engine", "version", "size", "replicas", "existing"]
    database = ["shared", "engine", "version", "size", "storage", "replicas", "backup_retention", "table", "existing"]
    function = ["source", "image", "command", "memory", "timeout", "existing"]
    queue    = ["shared", "fifo", "visibility", "retention", "dead_letters", "existing"]
    service  = ["service"]
    storage  = ["shared", "class", "path", "lifecycle", "existing"]
  }
  existing_fields = {
    cache    = { required = ["host"], optional = ["port", "secret"] }
    database = { required = ["host", "database", "secret"], optional = ["port"] }
    file     = { required = ["file_system"], optional = ["security_group"] }
    function = { required = ["arn"], optional = [] }
    queue    = { required = ["arn", "url"], optional = ["encryption_key"] }
    service  = { required = [], optional = [] }
    storage  = { required = ["bucket"], optional = ["encryption_key"] }
    table    = { required = ["table"], optional = ["port"] }
  }
}

# What ${dependencies.NAME.OUTPUT} may ask for.
locals {
  dependency_outputs = {
    cache    = ["host", "name", "port", "prefix", "user"]
    database = ["database", "host", "port", "user"]
    file     = ["path"]
    function = ["arn", "name"]
    queue    = ["arn", "url"]
    service  = ["host", "port", "url"]
    storage  = ["bucket", "prefix"]
    table    = ["table"]
  }
}
