# What differs by cloud, by what runs in the cluster, and by night.
variables {
  environment = {
    name        = "dev"
    owner       = "platform@example.com"
    cost_center = "cc-0001"
    region      = "europe-west1"
    dns         = { domain = "dev.example.com" }
    network     = { cidr = "10.20.0.0/16", zones = ["europe-west1-b", "europe-west1-c"] }
    sizes       = { database = { small = "small" }, cache = { small = "small" } }
  }
  cluster = { node_pools = { general = {} } }
  services = {
    tabular = { spec = {
      service      = { autoscaling = { min = 2, max = 4, cpu = 70 } }
      workers      = { generate = { replicas = 3, autoscaling = { min = 0, max = 5, queue_length = 5 } }, steady = { replicas = 3 }, nightly = { type = "cron", schedule = "0 3 * * *" } }
      dependencies = { jobs = { type = "queue" }, files = { type = "storage", class = "file" }, sets = { type = "storage" } }
      networking   = { ingress = { enabled = true, path = "/" }, service_mesh = { enabled = true } }
      monitoring   = { tracing = { enabled = true } }
    } }
  }
}

run "platform_of_aws" {
  command = plan
  module {
    source = "../../base/placeholder"
  }
  variables {
    cloud = "aws"
  }
}

run "platform_of_gcp" {
  command = plan
  module {
    source = "../../base/placeholder"
  }
  variables {
    cloud = "gcp"
  }
}

run "platform_of_azure" {
  command = plan
  module {
    source = "../../base/placeholder"
  }
  variables {
    cloud = "azure"
  }
}

run "platform_of_onprem" {
  command = plan
  module {
    source = "../../base/placeholder"
  }
  variables {
    cloud = "onprem"
  }
}

run "pub_sub_and_workload_identity" {
  command = plan
  module {
    source = "./tests/every"
  }
  variables {
    platform = run.platform_of_gcp.platform
  }
  assert {
    condition     = length(output.problems) == 0
    error_message = "Nothing is wrong; found ${jsonencode(output.problems)}."
  }
  assert {
    condition     = jsonencode(output.values.tabular.processes.generate.autoscaling.triggers[0]) == jsonencode({ authentication = "jobs", metadata = { mode = "SubscriptionSize", subscriptionName = "inferloop-dev-tabular-jobs", value = "5" }, name = "jobs", type = "gcp-pubsub" }) && output.values.tabular.triggerAuthentications == { jobs = { podIdentity = "gcp" } }
    error_message = "Pub/Sub."
  }
  assert {
    condition     = [for rule in output.values.tabular.network.egressTo : "${rule.cidr} ${rule.port}"] == ["0.0.0.0/0 443", "169.254.169.252/32 988", "169.254.169.254/32 80"]
    error_message = "Tokens come from the metadata server."
  }
  assert {
    condition     = output.values.tabular.files.files.driver == "filestore.csi.storage.gke.io"
    error_message = "Filestore."
  }
}

run "service_bus_and_pod_labels" {
  command = plan
  module {
    source = "./tests/every"
  }
  variables {
    platform = run.platform_of_azure.platform
  }
  assert {
    condition     = jsonencode(output.values.tabular.processes.generate.autoscaling.triggers[0].metadata) == jsonencode({ messageCount = "5", namespace = "inferloop-dev", queueName = "inferloop-dev-tabular-jobs" }) && output.values.tabular.processes.generate.autoscaling.triggers[0].type == "azure-servicebus" && output.values.tabular.triggerAuthentications.jobs.podIdentity == "azure-workload"
    error_message = "Service Bus."
  }
  assert {
    condition     = jsonencode(output.values.tabular.serviceAccount) == jsonencode({ labels = { "azure.workload.identity/use" = "true" }, podLabels = { "azure.workload.identity/use" = "true" } })
    error_message = "AKS looks for a label."
  }
  assert {
    condition     = [for rule in output.values.tabular.network.egressTo : rule.port] == [443, 5671]
    error_message = "Service Bus has a port of its own."
  }
}

run "amqp_without_an_identity" {
  command = plan
  module {
    source = "./tests/every"
  }
  variables {
    platform = merge(run.platform_of_onprem.platform, { identities = {}, object_storage = merge(run.platform_of_onprem.platform.object_storage, { endpoint = "http://objects.example.com:9000" }) })
  }
  assert {
    condition     = length(output.problems) == 0
    error_message = "No cloud, no identity; found ${jsonencode(output.problems)}."
  }
  assert {
    condition     = jsonencode(output.values.tabular.processes.generate.autoscaling.triggers[0]) == jsonencode({ metadata = { host = "amqp://inferloop-dev.placeholder.invalid/inferloop-dev-tabular-jobs", mode = "QueueLength", protocol = "auto", queueName = "inferloop-dev-tabular-jobs", value = "5" }, name = "jobs", type = "rabbitmq" }) && !contains(keys(output.values.tabular), "triggerAuthentications")
    error_message = "RabbitMQ."
  }
  assert {
    condition     = [for rule in output.values.tabular.network.egressTo : rule.port] == [5672, 9000]
    error_message = "The queue and the objects have ports of their own."
  }
}

run "the_role_of_a_service_account" {
  command = plan
  module {
    source = "./tests/every"
  }
  variables {
    platform = merge(run.platform_of_aws.platform, { identities = { tabular = merge(run.platform_of_aws.platform.identities["tabular"], {
      annotations = { "eks.amazonaws.com/role-arn" = "arn:aws:iam::123456789012:role/tabular" }
    }) } })
  }
  assert {
    condition     = jsonencode(output.values.tabular.serviceAccount) == jsonencode({ annotations = { "eks.amazonaws.com/role-arn" = "arn:aws:iam::123456789012:role/tabular" } })
    error_message = "The annotations of the identity are those of the service account."
  }
}

run "gateways_and_meshes" {
  command = plan
  module {
    source = "./tests/every"
  }
  variables {
    platform         = run.platform_of_aws.platform
    cluster_services = { gateway = "istio", traces = "none" }
  }
  assert {
    condition     = output.values.tabular.gateway.kind == "istio" && output.values.tabular.gateway.parent.namespace == "istio-system" && output.values.tabular.network.ingressFrom[0].namespace == "istio-system" && output.values.tabular.mesh.kind == "istio" && !contains(keys(output.values.tabular.monitoring), "tracing")
    error_message = "Istio as gateway; without a store of traces none are sent."
  }
}

run "linkerd_and_the_gateway_api" {
  command = plan
  module {
    source = "./tests/every"
  }
  variables {
    platform         = run.platform_of_aws.platform
    cluster_services = { gateway = "gateway-api", mesh = "linkerd" }
  }
  assert {
    condition     = output.values.tabular.gateway.kind == "gateway-api" && output.values.tabular.gateway.parent.namespace == "gateway" && output.values.tabular.mesh.kind == "linkerd" && output.values.tabular.monitoring.tracing.enabled
    error_message = "Linkerd, and the Gateway API."
  }
}

run "by_night_nothing_runs" {
  command = plan
  module {
    source = "./tests/every"
  }
  variables {
    platform         = run.platform_of_aws.platform
    cluster_services = { night = { enabled = true, start = "0 20 * * 1-5", end = "0 6 * * 1-5", time_zone = "Europe/Berlin" } }
  }
  assert {
    condition     = jsonencode(output.values.tabular.processes.main.autoscaling) == jsonencode({ kind = "keda", min = 0, max = 4, cpu = 70, triggers = [{ type = "cron", name = "day", metadata = { timezone = "Europe/Berlin", start = "0 6 * * 1-5", end = "0 20 * * 1-5", desiredReplicas = "2" } }] }) && jsonencode(output.values.tabular.processes.steady.autoscaling) == jsonencode({ kind = "keda", min = 0, max = 3, triggers = [{ type = "cron", name = "day", metadata = { timezone = "Europe/Berlin", start = "0 6 * * 1-5", end = "0 20 * * 1-5", desiredReplicas = "3" } }] }) && !contains(keys(output.values.tabular.processes.steady), "replicas")
    error_message = "By day there are as many as there were before, by night none."
  }
  assert {
    condition     = jsonencode(output.values.tabular.processes.generate.autoscaling.triggers[*].name) == jsonencode(["jobs"]) && !contains(keys(output.values.tabular.processes.nightly), "autoscaling")
    error_message = "What a queue wakes needs no day, and jobs have their own time."
  }
}

run "production_has_no_night" {
  command = plan
  module {
    source = "./tests/every"
  }
  variables {
    platform         = merge(run.platform_of_aws.platform, { environment = "production" })
    cluster_services = { night = { enabled = true, start = "0 20 * * 1-5", end = "0 6 * * 1-5", time_zone = "Europe/Berlin" } }
    environment      = merge(var.environment, { name = "production" })
  }
  assert {
    condition     = output.values.tabular.processes.main.autoscaling == { kind = "hpa", min = 2, max = 4, cpu = 70 } && output.values.tabular.processes.steady.replicas == 3
    error_message = "Production runs by night, too."
  }
}

run "releases" {
  command = plan
  module {
    source = "../services"
  }
  variables {
    platform = run.platform_of_aws.platform
  }
}

run "an_unknown_mesh_is_refused" {
  command = plan
  variables {
    name             = "tabular"
    platform         = run.platform_of_aws.platform
    processes        = run.releases.releases["tabular"].processes
    service          = run.releases.releases["tabular"].service
    cluster_services = { mesh = "consul" }
  }
  expect_failures = [var.cluster_services]
}

run "an_unknown_gateway_is_refused" {
  command = plan
  variables {
    name             = "tabular"
    platform         = run.platform_of_aws.platform
    processes        = run.releases.releases["tabular"].processes
    service          = run.releases.releases["tabular"].service
    cluster_services = { gateway = "nginx" }
  }
  expect_failures = [var.cluster_services]
}

run "a_gateway_without_its_mesh_is_refused" {
  command = plan
  variables {
    name             = "tabular"
    platform         = run.platform_of_aws.platform
    processes        = run.releases.releases["tabular"].processes
    service          = run.releases.releases["tabular"].service
    cluster_services = { gateway = "istio", mesh = "linkerd" }
  }
  expect_failures = [var.cluster_services]
}

run "an_unknown_logs_is_refused" {
  command = plan
  variables {
    name             = "tabular"
    platform         = run.platform_of_aws.platform
    processes        = run.releases.releases["tabular"].processes
    service          = run.releases.releases["tabular"].service
    cluster_services = { logs = "files" }
  }
  expect_failures = [var.cluster_services]
}

run "an_unknown_traces_is_refused" {
  command = plan
  variables {
    name             = "tabular"
    platform         = run.platform_of_aws.platform
    processes        = run.releases.releases["tabular"].processes
    service          = run.releases.releases["tabular"].service
    cluster_services = { traces = "paper" }
  }
  expect_failures = [var.cluster_services]
}

run "an_unknown_policies_is_refused" {
  command = plan
  variables {
    name             = "tabular"
    platform         = run.platform_of_aws.platform
    processes        = run.releases.releases["tabular"].processes
    service          = run.releases.releases["tabular"].service
    cluster_services = { policies = "none" }
  }
  expect_failures = [var.cluster_services]
}

run "an_unknown_nodes_is_refused" {
  command = plan
  variables {
    name             = "tabular"
    platform         = run.platform_of_aws.platform
    processes        = run.releases.releases["tabular"].processes
    service          = run.releases.releases["tabular"].service
    cluster_services = { nodes = "by-hand" }
  }
  expect_failures = [var.cluster_services]
}

run "an_unknown_issuer_is_refused" {
  command = plan
  variables {
    name             = "tabular"
    platform         = run.platform_of_aws.platform
    processes        = run.releases.releases["tabular"].processes
    service          = run.releases.releases["tabular"].service
    cluster_services = { certificates = { issuer = "a-friend" } }
  }
  expect_failures = [var.cluster_services]
}

run "a_retention_without_a_number_is_refused" {
  command = plan
  variables {
    name             = "tabular"
    platform         = run.platform_of_aws.platform
    processes        = run.releases.releases["tabular"].processes
    service          = run.releases.releases["tabular"].service
    cluster_services = { backup = { retention = "for ever" } }
  }
  expect_failures = [var.cluster_services]
}
