variables {
  environment = {
    name        = "dev"
    owner       = "platform@example.com"
    cost_center = "cc-0001"
    region      = "us-east-1"
    account     = { id = "123456789012" }
    dns         = { domain = "dev.example.com" }
    network     = { cidr = "10.20.0.0/16", zones = ["us-east-1a", "us-east-1b"] }
    sizes       = { database = { small = "db.t4g.medium" }, cache = { small = "cache.t4g.small" } }
  }
  cluster = { node_pools = { general = {}, gpu = { gpu = { type = "nvidia-t4", count = 2 }, spot = true } } }
  services = {
    tabular = { spec = {
      dependencies = {
        postgres = { type = "database", shared = true }
        old      = { type = "database", existing = { host = "old.example.com", port = 6543, database = "old", secret = "arn:aws:secretsmanager:us-east-1:123456789012:secret:old" } }
        redis    = { type = "cache", shared = true }
        partner  = { type = "cache", existing = { host = "cache.example.com" } }
        jobs     = { type = "queue" }
        brought  = { type = "queue", existing = { arn = "arn:aws:sqs:us-east-1:123456789012:q", url = "https://sqs.us-east-1.amazonaws.com/123456789012/q" } }
        datasets = { type = "storage", path = "/sets" }
        bucket   = { type = "storage", existing = { bucket = "our-bucket" } }
        files    = { type = "storage", class = "file", path = "/files" }
        runs     = { type = "database", engine = "dynamodb" }
        notify   = { type = "function", source = "jobs", image = { tag = "1" } }
      }
      secrets = { signing = {}, partner = { existing = "arn:aws:secretsmanager:us-east-1:123456789012:secret:partner" } }
    } }
    edge = { spec = { service = { image = { tag = "1" }, placement = { runtime = "fargate" } } } }
  }
}

run "what_is_known_stands_as_it_will_be" {
  command = plan
  assert {
    condition     = output.platform.placeholder && output.platform.name == "inferloop-dev" && output.platform.network.cidr == "10.20.0.0/16" && output.platform.cluster.version == "1.35"
    error_message = "Who it stands for."
  }
  assert {
    condition     = output.platform.object_storage.buckets.tabular == { datasets = { bucket = "inferloop-dev-tabular-datasets-123456789012", prefix = "sets" }, bucket = { bucket = "our-bucket", prefix = "" } } && output.platform.tables.tabular.runs.name == "inferloop-dev-tabular-runs" && output.platform.files.tabular.files.path == "/files"
    error_message = "Names, prefixes and paths."
  }
  assert {
    condition     = output.platform.databases.tabular.postgres == { auth = "iam", database = "tabular", host = "inferloop-dev-shared.placeholder.invalid", port = 5432, secret = null, user = "tabular" }
    error_message = "A database that will be made has an address that never resolves; found ${jsonencode(output.platform.databases.tabular.postgres)}."
  }
  assert {
    condition     = output.platform.databases.tabular.old.host == "old.example.com" && output.platform.databases.tabular.old.port == 6543 && output.platform.databases.tabular.old.auth == "secret" && output.platform.caches.tabular.partner.host == "cache.example.com" && output.platform.caches.tabular.partner.auth == "secret" && output.platform.queues.tabular.brought.url == "https://sqs.us-east-1.amazonaws.com/123456789012/q"
    error_message = "What is brought is known."
  }
  assert {
    condition     = output.platform.queues.tabular.jobs.arn == "arn:aws:sqs:us-east-1:123456789012:inferloop-dev-tabular-jobs" && output.platform.functions.tabular.notify.arn == "arn:aws:lambda:us-east-1:123456789012:function:inferloop-dev-tabular-notify" && output.platform.secret_store.secrets.tabular == { signing = "arn:aws:secretsmanager:us-east-1:123456789012:secret:inferloop-dev-tabular-signing", partner = "arn:aws:secretsmanager:us-east-1:123456789012:secret:partner" }
    error_message = "Identities are put together from names."
  }
  assert {
    condition     = keys(output.platform.identities) == ["tabular"] && output.platform.identities.tabular.namespace == "inferloop" && keys(output.platform.registry.repositories) == ["edge", "tabular"]
    error_message = "What runs in the cluster has an identity there, and every service a repository."
  }
  assert {
    condition     = output.platform.cluster.node_pools.gpu.labels == { "inferloop.io/capacity" = "spot", "inferloop.io/gpu-count" = "2", "inferloop.io/gpu-type" = "nvidia-t4", "inferloop.io/pool" = "gpu" } && output.platform.cluster.node_pools.gpu.taints[*].key == ["inferloop.io/spot", "nvidia.com/gpu"] && length(output.platform.cluster.node_pools.general.taints) == 0
    error_message = "Pools have the labels and taints of the platform's."
  }
}

run "other_clouds_have_their_own_kinds" {
  command = plan
  variables {
    cloud              = "gcp"
    kubernetes_version = "1.33"
  }
  assert {
    condition     = output.platform.cluster.auth.kind == "gcp-gke" && output.platform.cluster.version == "1.33" && output.platform.queues.tabular.jobs.scheme == "pubsub" && output.platform.object_storage.scheme == "gs" && output.platform.account == "placeholder" && output.platform.secret_store.kind == "gcp-secret-manager"
    error_message = "What differs between clouds."
  }
}

run "without_a_cluster_there_is_none" {
  command = plan
  variables {
    cluster  = { enabled = false }
    services = {}
  }
  assert {
    condition     = output.platform.cluster == null && length(output.platform.storage_classes) == 0 && length(output.platform.identities) == 0
    error_message = "No cluster, nothing for it."
  }
}

run "an_unknown_cloud_is_refused" {
  command = plan
  variables {
    cloud = "mars"
  }
  expect_failures = [var.cloud]
}

run "a_version_that_is_none_is_refused" {
  command = plan
  variables {
    kubernetes_version = "newest"
  }
  expect_failures = [var.kubernetes_version]
}

run "a_name_of_an_environment_that_cannot_be_is_refused" {
  command = plan
  variables {
    environment = {
      name        = "Dev!"
      owner       = "platform@example.com"
      cost_center = "cc-0001"
      region      = "us-east-1"
      dns         = { domain = "dev.example.com" }
      network     = { cidr = "10.20.0.0/16", zones = ["us-east-1a", "us-east-1b"] }
      sizes       = { database = { small = "db.t4g.medium" }, cache = { small = "cache.t4g.small" } }
    }
  }
  expect_failures = [var.environment]
}
