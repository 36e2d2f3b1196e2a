# Plain HPA where cpu and memory are all that counts; KEDA for queues, schedules, requests and nights.
locals {
  scaled = { for key, process in local.runs : key => process.autoscaling if process.autoscaling != null && contains(["Deployment", "StatefulSet"], lookup(local.process_kinds, process.type, "-")) }

  # A queue is named where the service has several.
  wanted_queues = { for key, scaling in local.scaled : key => scaling.queue != null ? scaling.queue : try(one(keys(local.by_kind.queue)), null) if scaling.queue_length != null }

  queue_metadata = { for name, queue in local.queues : name => { for scheme, metadata in {
    amqp       = { host = queue.url, mode = "QueueLength", protocol = "auto", queueName = queue.name }
    pubsub     = { mode = "SubscriptionSize", subscriptionName = queue.name }
    servicebus = { namespace = try(regex("^[a-z]+://([^./]+)\\.", queue.url)[0], queue.name), queueName = queue.name }
    # A queue that is brought may be in another region.
    sqs = { awsRegion = try(regex("^https://sqs\\.([a-z0-9-]+)\\.", queue.url)[0], var.platform.region), queueURL = queue.url }
  } : scheme => metadata }[queue.scheme] }

  queue_triggers = { for key, name in local.wanted_queues : key => { for field, found in {
    type           = local.queue_kinds[local.queues[name].scheme].trigger
    name           = name
    authentication = local.queue_kinds[local.queues[name].scheme].identity == null ? null : name
    metadata       = merge(local.queue_metadata[name], { (local.queue_kinds[local.queues[name].scheme].length) = tostring(local.scaled[key].queue_length) })
  } : field => found if found != null } if try(contains(keys(local.queues), name), false) }

  # By day things run, and KEDA's cron holds replicas within its window: the day begins when the night ends.
  days = { for key, process in local.runs : key => process.autoscaling == null ? process.replicas : process.autoscaling.min
    if var.cluster_services.night.enabled && !local.production && lookup(local.process_kinds, process.type, "-") == "Deployment"
    && (process.autoscaling == null ? process.replicas : process.autoscaling.min) > 0
  }

  triggers = { for key in distinct(concat(keys(local.scaled), keys(local.days))) : key => concat(
    [for queue, trigger in local.queue_triggers : trigger if queue == key],
    [for name, window in try(local.scaled[key].schedules, {}) : {
      type     = "cron"
      name     = name
      metadata = { timezone = window.time_zone, start = window.start, end = window.end, desiredReplicas = tostring(window.replicas) }
    }],
    [for day, replicas in local.days : {
      type = "cron"
      name = "day"
      metadata = {
        timezone = var.cluster_services.night.time_zone, start = var.cluster_services.night.end, end = var.cluster_services.night.start, desiredReplicas = tostring(replicas)
      }
    } if day == key],
  ) }

  autoscaling = { for key, triggers in local.triggers : key => { for field, found in {
    kind              = length(triggers) > 0 || try(local.scaled[key].requests_per_second, null) != null ? "keda" : "hpa"
    min               = contains(keys(local.days), key) ? 0 : local.scaled[key].min
    max               = try(local.scaled[key].max, local.runs[key].replicas)
    cpu               = try(local.scaled[key].cpu, null)
    memory            = try(local.scaled[key].memory, null)
    requestsPerSecond = try(local.scaled[key].requests_per_second, null)
    triggers          = triggers
  } : field => found if !contains(local.nothing, jsonencode(found)) } }

  # KEDA asks with its own identity: pods of a service may be none.
  trigger_authentications = { for name in distinct(values(local.queue_triggers)[*].name) : name => { podIdentity = local.queue_kinds[local.queues[name].scheme].identity }
    if local.queue_kinds[local.queues[name].scheme].identity != null
  }
}
