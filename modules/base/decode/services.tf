# The files as modules/base takes services: snake_case, named lists as maps by name. Null stands for the default there.
locals {
  named = { for name, document in local.documents : name => {
    dependencies = { for item in local.dependency_items[name] : item.name => item... if can(tostring(item.name)) }
    secrets      = { for item in local.secret_items[name] : item.name => item... if can(tostring(item.name)) }
    workers      = { for item in local.worker_items[name] : item.name => item... if can(tostring(item.name)) }
  } }

  env = { for path, process in local.with_env : path => { for variable, items in try({ for item in process.env : item.name => item... }, {}) : variable => {
    secret = try(items[0].secret, null) == null ? null : { key = try(items[0].secret.key, null), name = try(items[0].secret.name, null) }
    value  = try(items[0].value, null)
  } } }

  autoscaling = { for path, process in local.processes : path => try(process.value.autoscaling, null) == null ? null : {
    cpu                 = try(process.value.autoscaling.cpu, null)
    max                 = try(process.value.autoscaling.max, null)
    memory              = try(process.value.autoscaling.memory, null)
    min                 = try(process.value.autoscaling.min, null)
    queue               = try(process.value.autoscaling.queue, null)
    queue_length        = try(process.value.autoscaling.queueLength, null)
    requests_per_second = try(process.value.autoscaling.requestsPerSecond, null)
    schedules = { for window, items in try({ for item in process.value.autoscaling.schedules : item.name => item... }, {}) : window => {
      end       = try(items[0].end, null)
      replicas  = try(items[0].replicas, null)
      start     = try(items[0].start, null)
      time_zone = try(items[0].timeZone, null)
    } }
  } }

  placement = { for path, process in local.processes : path => try(process.value.placement, null) == null ? null : {
    node_pool = try(process.value.placement.nodePool, null)
    runtime   = try(process.value.placement.runtime, null)
    spread    = try(process.value.placement.spread, null)
    zones     = try(process.value.placement.zones, null)
  } }

  # gpu: "1" and gpu: 1 are short for gpu: {count: 1}.
  resources = { for path, asked in local.with_resources : path => {
    cpu = try(asked.resources.cpu, null)
    gpu = {
      count = try(tonumber(asked.resources.gpu), asked.resources.gpu.count, null)
      type  = try(asked.resources.gpu.type, null)
    }
    limits   = { cpu = try(asked.resources.limits.cpu, null), memory = try(asked.resources.limits.memory, null) }
    memory   = try(asked.resources.memory, null)
    requests = { cpu = try(asked.resources.requests.cpu, null), memory = try(asked.resources.requests.memory, null) }
  } }

  health = { for name, document in local.documents : name => { for kind in ["liveness", "readiness", "startup"] : kind => try(document.spec.service.health[kind], null) == null ? null : {
    failure_threshold = try(document.spec.service.health[kind].failureThreshold, null)
    initial_delay     = try(document.spec.service.health[kind].initialDelay, null)
    path              = try(document.spec.service.health[kind].path, null)
    period            = try(document.spec.service.health[kind].period, null)
    port              = try(document.spec.service.health[kind].port, null)
    timeout           = try(document.spec.service.health[kind].timeout, null)
  } } }

  workers = { for name, lists in local.named : name => { for worker, items in lists.workers : worker => {
    args         = try(items[0].args, null)
    autoscaling  = local.autoscaling["services.${name}: spec.workers[${worker}]"]
    command      = try(items[0].command, null)
    completions  = try(items[0].completions, null)
    env          = local.env["services.${name}: spec.workers[${worker}]"]
    grace_period = try(items[0].gracePeriod, null)
    parallelism  = try(items[0].parallelism, null)
    placement    = local.placement["services.${name}: spec.workers[${worker}]"]
    priority     = try(items[0].priority, null)
    ray = try(items[0].ray, null) == null ? null : {
      resources = local.resources["services.${name}: spec.workers[${worker}].ray"]
      workers   = try(items[0].ray.workers, null)
    }
    replicas  = try(items[0].autoscaling, null) == null ? try(items[0].replicas, null) : null # the autoscaler owns it
    resources = local.resources["services.${name}: spec.workers[${worker}]"]
    retries   = try(items[0].retries, null)
    schedule  = try(items[0].schedule, null)
    spot      = try(items[0].spot, null)
    time_zone = try(items[0].timeZone, null)
    timeout   = try(items[0].timeout, null)
    type      = try(items[0].type, null)
  } } }

  dependencies = { for name, lists in local.named : name => { for dependency, items in lists.dependencies : dependency => {
    backup_retention = try(items[0].backupRetention, null)
    class            = try(items[0].class, null)
    command          = try(items[0].command, null)
    dead_letters     = try(items[0].deadLetters, null) == null ? null : { enabled = try(items[0].deadLetters.enabled, null), max_receives = try(items[0].deadLetters.maxReceives, null) }
    engine           = try(items[0].engine, null)
    existing = try(items[0].existing, null) == null ? null : {
      arn            = try(items[0].existing.arn, null)
      bucket         = try(items[0].existing.bucket, null)
      database       = try(items[0].existing.database, null)
      encryption_key = try(items[0].existing.encryptionKey, null)
      file_system    = try(items[0].existing.fileSystem, null)
      host           = try(items[0].existing.host, null)
      port           = try(items[0].existing.port, null)
      secret         = try(items[0].existing.secret, null)
      security_group = try(items[0].existing.securityGroup, null)
      table          = try(items[0].existing.table, null)
      url            = try(items[0].existing.url, null)
    }
    fifo  = try(items[0].fifo, null)
    image = try(items[0].image, null) == null ? null : { digest = try(items[0].image.digest, null), repository = try(items[0].image.repository, null), tag = try(items[0].image.tag, null) }
    lifecycle = try(items[0].lifecycle, null) == null ? null : {
      archive_after    = try(items[0].lifecycle.archiveAfter, null)
      expire_after     = try(items[0].lifecycle.expireAfter, null)
      infrequent_after = try(items[0].lifecycle.infrequentAfter, null)
    }
    memory    = try(items[0].memory, null)
    path      = try(items[0].path, null)
    replicas  = try(items[0].replicas, null)
    retention = try(items[0].retention, null)
    service   = try(items[0].service, null)
    shared    = try(items[0].shared, null)
    size      = try(items[0].size, null)
    source    = try(items[0].source, null)
    storage   = try(items[0].storage, null)
    table = try(items[0].table, null) == null ? null : {
      expires       = try(items[0].table.expires, null)
      partition_key = try(items[0].table.partitionKey, null)
      sort_key      = try(items[0].table.sortKey, null)
    }
    timeout    = try(items[0].timeout, null)
    type       = try(items[0].type, null)
    version    = try(items[0].version, null)
    visibility = try(items[0].visibility, null)
  } } }

  services = { for name, document in local.documents : name => {
    metadata = {
      cost_center = try(document.metadata.costCenter, null)
      labels      = try(document.metadata.labels, null)
      name        = try(document.metadata.name, null)
      namespace   = try(document.metadata.namespace, null)
      owner       = try(document.metadata.owner, null)
      team        = try(document.metadata.team, null)
    }
    spec = {
      data = {
        classification = try(document.spec.data.classification, null)
        encryption_key = try(document.spec.data.encryptionKey, null)
        residency      = try(document.spec.data.residency, null)
      }
      dependencies = local.dependencies[name]
      monitoring = {
        logs    = { retention = try(document.spec.monitoring.logs.retention, null) }
        metrics = { enabled = try(document.spec.monitoring.metrics.enabled, null), path = try(document.spec.monitoring.metrics.path, null), port = try(document.spec.monitoring.metrics.port, null) }
        tracing = { enabled = try(document.spec.monitoring.tracing.enabled, null), sampling_rate = try(document.spec.monitoring.tracing.samplingRate, null) }
      }
      networking = {
        ingress = {
          auth = try(document.spec.networking.ingress.auth, null) == null ? null : {
            audience = try(document.spec.networking.ingress.auth.audience, null)
            issuer   = try(document.spec.networking.ingress.auth.issuer, null)
            jwks_uri = try(document.spec.networking.ingress.auth.jwksUri, null)
            secret   = try(document.spec.networking.ingress.auth.secret, null)
            type     = try(document.spec.networking.ingress.auth.type, null)
          }
          cdn = try(document.spec.networking.ingress.cdn, null)
          cors = try(document.spec.networking.ingress.cors, null) == null ? null : {
            credentials = try(document.spec.networking.ingress.cors.credentials, null)
            headers     = try(document.spec.networking.ingress.cors.headers, null)
            max_age     = try(document.spec.networking.ingress.cors.maxAge, null)
            methods     = try(document.spec.networking.ingress.cors.methods, null)
            origins     = try(document.spec.networking.ingress.cors.origins, null)
          }
          enabled    = try(document.spec.networking.ingress.enabled, null)
          hosts      = try(document.spec.networking.ingress.hosts, null)
          path       = try(document.spec.networking.ingress.path, null)
          rate_limit = try(document.spec.networking.ingress.rateLimit, null)
          request_headers = {
            add    = try(document.spec.networking.ingress.requestHeaders.add, null)
            remove = try(document.spec.networking.ingress.requestHeaders.remove, null)
            set    = try(document.spec.networking.ingress.requestHeaders.set, null)
          }
          timeout = try(document.spec.networking.ingress.timeout, null)
          waf     = try(document.spec.networking.ingress.waf, null)
        }
        service_mesh = {
          circuit_breaker = try(document.spec.networking.serviceMesh.circuitBreaker, null) == null ? null : {
            consecutive_errors   = try(document.spec.networking.serviceMesh.circuitBreaker.consecutiveErrors, null)
            ejection_time        = try(document.spec.networking.serviceMesh.circuitBreaker.ejectionTime, null)
            interval             = try(document.spec.networking.serviceMesh.circuitBreaker.interval, null)
            max_connections      = try(document.spec.networking.serviceMesh.circuitBreaker.maxConnections, null)
            max_pending_requests = try(document.spec.networking.serviceMesh.circuitBreaker.maxPendingRequests, null)
          }
          enabled = try(document.spec.networking.serviceMesh.enabled, null)
          retries = try(document.spec.networking.serviceMesh.retries, null)
          timeout = try(document.spec.networking.serviceMesh.timeout, null)
        }
        migration = try(document.spec.networking.migration, null) == null ? null : {
          host   = try(document.spec.networking.migration.host, null)
          port   = try(document.spec.networking.migration.port, null)
          weight = try(document.spec.networking.migration.weight, null)
        }
      }
      secrets = { for secret, items in local.named[name].secrets : secret => {
        existing          = try(items[0].existing, null)
        rotation          = try(items[0].rotation, null)
        rotation_function = try(items[0].rotationFunction, null)
      } }
      service = {
        args        = try(document.spec.service.args, null)
        autoscaling = local.autoscaling["services.${name}: spec.service"]
        canary = try(document.spec.service.canary, null) == null ? null : {
          image    = { digest = try(document.spec.service.canary.image.digest, null), tag = try(document.spec.service.canary.image.tag, null) }
          replicas = try(document.spec.service.canary.replicas, null)
          weight   = try(document.spec.service.canary.weight, null)
        }
        command = try(document.spec.service.command, null)
        disruption_budget = try(document.spec.service.disruptionBudget, null) == null ? null : {
          max_unavailable = try(document.spec.service.disruptionBudget.maxUnavailable, null)
          min_available   = try(document.spec.service.disruptionBudget.minAvailable, null)
        }
        env          = local.env["services.${name}: spec.service"]
        grace_period = try(document.spec.service.gracePeriod, null)
        health       = local.health[name]
        image = {
          digest     = try(document.spec.service.image.digest, null)
          repository = try(document.spec.service.image.repository, null)
          tag        = try(document.spec.service.image.tag, null)
        }
        migrations = try(document.spec.service.migrations, null) == null ? null : {
          args    = try(document.spec.service.migrations.args, null)
          command = try(document.spec.service.migrations.command, null)
          env     = local.env["services.${name}: spec.service.migrations"]
          timeout = try(document.spec.service.migrations.timeout, null)
        }
        placement = local.placement["services.${name}: spec.service"]
        port      = try(document.spec.service.port, null)
        priority  = try(document.spec.service.priority, null)
        replicas  = try(document.spec.service.autoscaling, null) == null ? try(document.spec.service.replicas, null) : null
        resources = local.resources["services.${name}: spec.service"]
        retries   = try(document.spec.service.retries, null)
        schedule  = try(document.spec.service.schedule, null)
        source    = try(document.spec.service.source, null)
        spot      = try(document.spec.service.spot, null)
        time_zone = try(document.spec.service.timeZone, null)
        timeout   = try(document.spec.service.timeout, null)
        type      = try(document.spec.service.type, null)
        volume = try(document.spec.service.volume, null) == null ? null : {
          path          = try(document.spec.service.volume.path, null)
          size          = try(document.spec.service.volume.size, null)
          storage_class = try(document.spec.service.volume.storageClass, null)
        }
      }
      slo = {
        availability = try(document.spec.slo.availability, null)
        latency_p95  = try(document.spec.slo.latencyP95, null)
      }
      workers = local.workers[name]
    }
  } }
}
