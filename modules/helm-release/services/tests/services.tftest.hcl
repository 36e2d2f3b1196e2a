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
  services = {
    tabular = {
      metadata = { team = "data" }
      spec = {
        workers      = { generate = { resources = { cpu = "2", memory = "1Gi" } }, nightly = { type = "cron", schedule = "0 3 * * *", placement = { runtime = "batch" } } }
        service      = { image = { tag = "1" } }
        dependencies = { nlp = { type = "service" }, rim = { type = "service", service = "edge" }, postgres = { type = "database", shared = true } }
        networking   = { ingress = { enabled = true, auth = { type = "jwt", issuer = "https://login.example.com" } } }
      }
    }
    nlp  = { metadata = { team = "language" }, spec = { service = { port = 9000 }, networking = { ingress = { enabled = true, auth = { type = "jwt", issuer = "https://login.example.com" } }, service_mesh = { enabled = true }, migration = { host = "old.example.com" } } } }
    edge = { spec = { service = { image = { tag = "1" }, placement = { runtime = "fargate" } }, networking = { ingress = { enabled = true, hosts = ["edge.dev.example.com"] } }, dependencies = { nlp = { type = "service" } } } }
    lone = { metadata = { namespace = "science" } }
  }
}

run "platform" {
  command = plan
  module {
    source = "../../base/placeholder"
  }
}

run "each_release_knows_what_is_its_own" {
  command = plan
  variables {
    platform = run.platform.platform
  }
  assert {
    condition     = keys(output.releases) == ["lone", "nlp", "tabular"]
    error_message = "A service that only runs elsewhere is no release."
  }
  assert {
    condition     = keys(output.releases.tabular.processes) == ["tabular", "tabular-generate"] && output.releases.tabular.uses.dependencies.postgres.kind == "database" && output.releases.tabular.labels.Team == "data" && output.releases.lone.namespace == "science"
    error_message = "Processes in the cluster, dependencies, labels and namespace."
  }
  assert {
    condition     = jsonencode(output.releases.tabular.callees) == jsonencode({ nlp = { namespace = "inferloop", port = 9000, migration = { host = "old.example.com", port = 443, weight = 10 }, ingress = { host = "dev.example.com", path = "/api/nlp" } }, edge = { namespace = "inferloop", port = null, migration = null, ingress = { host = "edge.dev.example.com", path = "/api/edge" } } })
    error_message = "Who is called in the cluster has a port, who runs elsewhere has a way in; found ${jsonencode(output.releases.tabular.callees)}."
  }
  assert {
    condition     = output.releases.nlp.callers == { tabular = "inferloop" } && length(output.releases.tabular.callers) == 0
    error_message = "Callers are those of the cluster."
  }
  assert {
    condition     = output.releases.tabular.ingress.path == "/api/tabular" && output.releases.lone.ingress == null && output.releases.tabular.ingress.same_issuer == { nlp = true } && output.releases.nlp.ingress.same_issuer == { tabular = false }
    error_message = "The way in, where there is one, and who else trusts the issuer of its tokens."
  }
  assert {
    condition     = keys(output.namespaces) == ["inferloop", "science"] && join(" ", output.namespaces.inferloop.teams) == "data language" && output.namespaces.inferloop.quota.pods == 3 && output.namespaces.inferloop.quota.cpu_millicores == 3000
    error_message = "Namespaces with what their services can ask for, and whose these are; found ${jsonencode(output.namespaces)}."
  }
}

run "a_cluster_that_there_is_not_runs_nothing" {
  command = plan
  variables {
    platform = merge(run.platform.platform, { cluster = null })
    services = { edge = { spec = { service = { image = { tag = "1" }, placement = { runtime = "fargate" } } } } }
  }
  assert {
    condition     = length(output.releases) == 0 && length(output.namespaces) == 0
    error_message = "Nothing to release."
  }
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
    platform = run.platform.platform
  }
  expect_failures = [var.environment]
}
