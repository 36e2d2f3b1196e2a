# Processes outside of the cluster, and functions. What runs in the cluster is released by the second stage.
locals {
  batch_processes   = { for key, process in module.base.processes : key => process if process.runtime == "batch" }
  fargate_processes = { for key, process in module.base.processes : key => process if process.runtime == "fargate" }

  images = { for service, config in module.base.services : service => join("", [
    config.spec.service.image.repository != null ? config.spec.service.image.repository : module.registry.urls[service],
    config.spec.service.image.digest != null ? "@${config.spec.service.image.digest}" : ":${coalesce(config.spec.service.image.tag, "latest")}",
  ]) }
  # Only images of the environment's own registry need leave to be pulled.
  repositories = { for service, config in module.base.services : service => config.spec.service.image.repository != null ? null : module.registry.arns[service] }

  fargate_ingresses = [for key, process in local.fargate_processes : key if process.worker == null && contains(keys(module.base.ingresses), process.service)]

  # A load balancer takes the first rule that fits, so paths with more parts come first. The place among those with as many parts comes
  # from a hash, so that a new service moves no other: AWS refuses a priority that is still taken. Those with the same hash follow each other.
  rule_bands = { for key in local.fargate_ingresses : key => max(0, 9 - length(compact(split("/", module.base.ingresses[key].path)))) }
  rule_slots = { for key in local.fargate_ingresses : key => parseint(substr(sha256(jsonencode([sort(module.base.ingresses[key].hosts), module.base.ingresses[key].path])), 0, 6), 16) % 500 }
  rule_priorities = { for key in local.fargate_ingresses : key => 1 + 5000 * local.rule_bands[key] + 10 * local.rule_slots[key] + index(
    [for other in local.fargate_ingresses : other if local.rule_bands[other] == local.rule_bands[key] && local.rule_slots[other] == local.rule_slots[key]], key,
  ) }

  # Fargate has fixed steps of processors and memory; what is asked for is rounded up.
  fargate_vcpus = { for key, process in local.fargate_processes : key => min([
    for vcpus, memory in { 0.25 = 2048, 0.5 = 4096, 1 = 8192, 2 = 16384, 4 = 30720, 8 = 61440, 16 = 122880 } :
    tonumber(vcpus) if tonumber(vcpus) * 1000 >= process.cpu_limit_millicores && memory >= process.memory_limit_mb
  ]...) }
  fargate_memory_mb = { for key, process in local.fargate_processes : key => (
    local.fargate_vcpus[key] == 0.25 ? min([for memory in [512, 1024, 2048] : memory if memory >= process.memory_limit_mb]...) :
    max(local.fargate_vcpus[key] * 2048, ceil(process.memory_limit_mb / local.fargate_steps[local.fargate_vcpus[key]]) * local.fargate_steps[local.fargate_vcpus[key]])
  ) }
  fargate_steps = { 0.5 = 1024, 1 = 1024, 2 = 1024, 4 = 1024, 8 = 4096, 16 = 8192 }

  # What runs in the cluster is started there, by cron's own rules.
  schedules = merge(
    { for key, process in local.batch_processes : key => process.schedule if process.schedule != null },
    { for key, function in module.base.functions : key => function.schedule if function.schedule != null },
  )
  aws_schedules = { for key, schedule in local.schedules : key => {
    expression = local.aws_cron[schedule.expression]
    time_zone  = schedule.time_zone
  } }
  autoscaling_windows = merge([for key, process in local.fargate_processes : {
    for name, window in try(process.autoscaling.schedules, {}) : "${key}/${name}" => merge(window, { process = key, name = name })
  }]...)
  cron_texts = distinct(concat(
    values(local.schedules)[*].expression,
    values(local.autoscaling_windows)[*].start,
    values(local.autoscaling_windows)[*].end,
  ))

  # A cron expression of five fields (weekdays 0 to 7 from Sunday) as AWS writes it: six fields, weekdays by name, and one of day and weekday
  # open. https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html#cron-based
  weekday_names = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"]
  cron_fields   = { for text in local.cron_texts : text => split(" ", text) }
  cron_weekdays = { for text, fields in local.cron_fields : text => contains(["*", "?"], fields[4]) ? "?" : join(",", flatten([
    for part in split(",", fields[4]) :
    can(regex("^[0-7]$", part)) ? [local.weekday_names[part]] :
    can(regex("^[0-7]-[0-7](/[1-7])?$", part)) ? [
      for day in range(tonumber(substr(part, 0, 1)), tonumber(substr(part, 2, 1)) + 1, tonumber(try(split("/", part)[1], "1"))) : local.weekday_names[day]
    ] :
    can(regex("^\\*/[1-7]$", part)) ? [for day in range(0, 7, tonumber(split("/", part)[1])) : local.weekday_names[day]] :
    can(regex("^[0-7][#L]", part)) ? ["${local.weekday_names[substr(part, 0, 1)]}${substr(part, 1, -1)}"] : [part]
  ])) }
  aws_cron = { for text, fields in local.cron_fields : text =>
    "cron(${fields[0]} ${fields[1]} ${local.cron_weekdays[text] == "?" ? replace(fields[2], "?", "*") : "?"} ${fields[3]} ${local.cron_weekdays[text]} *)"
  }
  # AWS takes a day of the month or a weekday; cron takes both, and means either.
  double_days = [for text, fields in local.cron_fields : text if !contains(["*", "?"], fields[2]) && !contains(["*", "?"], fields[4])]
}

module "functions" {
  source = "../../modules/aws/functions"

  labels  = local.labels
  account = local.account
  network = local.network
  functions = { for key, function in module.base.functions : key => {
    name   = function.name
    labels = function.labels
    image = function.existing != null ? null : {
      uri = join("", [
        function.image.repository != null ? function.image.repository : module.registry.urls[function.service],
        function.image.digest != null ? "@${function.image.digest}" : ":${coalesce(function.image.tag, "latest")}",
      ])
      command = function.command
    }
    architecture       = "x86_64"
    memory_mb          = function.memory_mb
    timeout_seconds    = function.timeout_seconds
    env                = merge(local.env[function.service].plain, { for name, secret in local.env[function.service].secrets : "${name}_SECRET_ARN" => secret.arn })
    encryption_key     = local.key_of.function[key]
    log_retention_days = module.base.retention_days.services[function.service]
    tracing            = module.base.services[function.service].spec.monitoring.tracing.enabled
    permissions        = { for name, permission in local.permissions[function.service] : name => permission if name != "traces" } # it has its own
    async              = { retries = function.retries }
    queue = try(function.source.kind, null) != "queue" ? null : {
      arn                = module.queue.arns[function.source.key]
      key_arn            = module.queue.key_arns[function.source.key]
      visibility_seconds = module.base.queues[function.source.key].visibility_seconds
    }
    bucket = try(function.source.kind, null) != "storage" ? null : {
      name   = module.storage.names[function.source.key]
      prefix = function.source.prefix == "" ? null : "${function.source.prefix}/"
    }
    schedule = try(local.aws_schedules[key], null)
    existing = function.existing == null ? null : { arn = function.existing.arn, name = element(split(":", function.existing.arn), 6) }
  } }
}

module "batch" {
  source = "../../modules/aws/batch"

  name    = local.name
  labels  = local.labels
  account = local.account
  network = local.network
  # A pool for each mix of what the processes ask for; without such processes there is none.
  pools = { for key in distinct([for process in values(local.batch_processes) : local.batch_pool[process.spot ? "spot" : "steady"][process.gpus > 0 ? "gpu" : "general"]]) : key => {
    spot = !startswith(key, "steady")
    gpu  = endswith(key, "gpu")
    max_vcpus = max(64, [
      for process in values(local.batch_processes) : ceil(process.cpu_limit_millicores / 1000) if local.batch_pool[process.spot ? "spot" : "steady"][process.gpus > 0 ? "gpu" : "general"] == key
    ]...)
  } }
  jobs = { for key, process in local.batch_processes : key => {
    name               = process.name
    labels             = process.labels
    pool               = local.batch_pool[process.spot ? "spot" : "steady"][process.gpus > 0 ? "gpu" : "general"]
    image              = local.images[process.service]
    repository_arn     = local.repositories[process.service]
    command            = concat(process.command, process.args)
    vcpus              = ceil(process.cpu_limit_millicores / 1000)
    memory_mb          = process.memory_limit_mb
    gpus               = process.gpus
    env                = local.env[key].plain
    secrets            = local.env[key].secrets
    permissions        = local.permissions[process.service]
    attempts           = process.retries + 1
    timeout_seconds    = process.timeout_seconds
    log_retention_days = module.base.retention_days.services[process.service]
    schedule           = try(local.aws_schedules[key], null)
  } }
}

locals {
  batch_pool = { spot = { general = "spot", gpu = "spot-gpu" }, steady = { general = "steady", gpu = "steady-gpu" } }
}

module "containers" {
  source = "../../modules/aws/containers"

  name                = local.name
  labels              = local.labels
  account             = local.account
  network             = local.network
  deletion_protection = local.deletion_protection
  load_balancer = length(local.fargate_ingresses) == 0 ? null : {
    certificate_arn = module.edge.certificate_arn
    web_acl         = !local.firewall ? null : { arn = module.edge.web_acl_arn }
  }
  services = { for key, process in local.fargate_processes : key => {
    name               = process.name
    labels             = process.labels
    image              = local.images[process.service]
    repository_arn     = local.repositories[process.service]
    command            = concat(process.command, process.args)
    architecture       = "X86_64"
    vcpus              = local.fargate_vcpus[key]
    memory_mb          = local.fargate_memory_mb[key]
    port               = module.base.services[process.service].spec.service.port
    env                = local.env[key].plain
    secrets            = local.env[key].secrets
    permissions        = local.container_permissions[process.service]
    replicas           = process.replicas
    spot               = process.spot
    log_retention_days = module.base.retention_days.services[process.service]
    health             = { path = try(module.base.services[process.service].spec.service.health.readiness.path, "/") }
    ingress = !contains(local.fargate_ingresses, key) ? null : {
      paths    = [module.base.ingresses[process.service].path]
      hosts    = module.base.ingresses[process.service].hosts
      priority = local.rule_priorities[key]
    }
    autoscaling = process.autoscaling == null ? null : {
      min                 = process.autoscaling.min
      max                 = process.autoscaling.max
      cpu_percent         = process.autoscaling.cpu
      memory_percent      = process.autoscaling.memory
      requests_per_minute = try(process.autoscaling.requests_per_second * 60, null)
      schedules = merge([for name, window in process.autoscaling.schedules : {
        "${name}-start" = { expression = local.aws_cron[window.start], time_zone = window.time_zone, min = window.replicas, max = max(window.replicas, process.autoscaling.max) }
        "${name}-end"   = { expression = local.aws_cron[window.end], time_zone = window.time_zone, min = process.autoscaling.min, max = process.autoscaling.max }
      }]...)
    }
  } }
}

# Hosts of Fargate services inside the environment's domain lead to their load balancer.
locals {
  fargate_hosts = toset(flatten([for key in local.fargate_ingresses : [
    for host in module.base.ingresses[local.fargate_processes[key].service].hosts : host if endswith(host, var.environment.dns.domain)
  ]]))
}

resource "aws_route53_record" "fargate" {
  for_each = local.fargate_hosts

  zone_id = module.edge.zone_id
  name    = each.value
  type    = "A"
  alias {
    name                   = module.containers.load_balancer_dns_name
    zone_id                = module.containers.load_balancer_zone_id
    evaluate_target_health = true
  }
}
