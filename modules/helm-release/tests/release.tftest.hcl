mock_provider "helm" {
  mock_resource "helm_release" {
    defaults = {
      metadata = {
        app_version = "1.0", chart = "inferloop-service", first_deployed = 0, last_deployed = 0, name = "tabular", namespace = "inferloop", notes = "", revision = 1,
        values      = "{}", version = "0.1.0"
      }
    }
  }
}

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
  cluster = { node_pools = { general = {} } }
  services = {
    tabular = { spec = {
      service = { image = { tag = "1.0" }, replicas = 2, health = { startup = { path = "/health", failure_threshold = 30 } }, migrations = { command = ["migrate"], timeout = "5m" } }
    } }
  }
  name = "tabular"
}

run "platform" {
  command = plan
  module {
    source = "../base/placeholder"
  }
}

run "releases" {
  command = plan
  module {
    source = "./services"
  }
  variables {
    platform = run.platform.platform
  }
}

run "a_service_is_one_release" {
  variables {
    platform  = run.platform.platform
    labels    = run.releases.releases["tabular"].labels
    processes = run.releases.releases["tabular"].processes
    service   = run.releases.releases["tabular"].service
    uses      = run.releases.releases["tabular"].uses
  }
  assert {
    condition     = helm_release.this.name == "tabular" && helm_release.this.namespace == "inferloop" && output.name == "tabular" && output.namespace == "inferloop" && output.revision == 1
    error_message = "The release has the service's name and namespace."
  }
  assert {
    condition     = yamlencode(yamldecode(helm_release.this.values[0])) == yamlencode(output.values) && output.values_yaml == helm_release.this.values[0] && output.values.processes.main.replicas == 2
    error_message = "Helm is given the values that the output shows."
  }
  assert {
    condition     = helm_release.this.atomic && helm_release.this.wait && helm_release.this.wait_for_jobs && helm_release.this.cleanup_on_fail && helm_release.this.lint && !helm_release.this.create_namespace && helm_release.this.max_history == 10
    error_message = "All of it or nothing, in a namespace that is there."
  }
  assert {
    condition     = helm_release.this.timeout == 300 + 2 * 300 + 300
    error_message = "It may take as long as its pods and its migrations take."
  }
  assert {
    condition     = helm_release.this.chart == "./chart" && can(regex("^inferloop-service [0-9a-f]{12}$", helm_release.this.description))
    error_message = "A change of the chart's templates changes the release."
  }
}

run "a_problem_stops_the_release" {
  command = plan
  variables {
    platform  = merge(run.platform.platform, { environment = "prod" })
    processes = run.releases.releases["tabular"].processes
    service   = run.releases.releases["tabular"].service
  }
  expect_failures = [helm_release.this]
}

run "a_digest_in_production_does_not" {
  command = plan
  variables {
    platform  = merge(run.platform.platform, { environment = "prod" })
    processes = run.releases.releases["tabular"].processes
    service   = run.releases.releases["tabular"].service
    image     = { digest = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" }
  }
  assert {
    condition     = length(output.problems) == 0 && !strcontains(output.values_yaml, "\"tag\"")
    error_message = "The digest takes the place of the tag."
  }
}

run "a_history_of_nothing_is_refused" {
  command = plan
  variables {
    platform    = run.platform.platform
    processes   = run.releases.releases["tabular"].processes
    service     = run.releases.releases["tabular"].service
    max_history = 1
  }
  expect_failures = [var.max_history]
}

run "an_unknown_mesh_is_refused" {
  command = plan
  variables {
    platform         = run.platform.platform
    processes        = run.releases.releases["tabular"].processes
    service          = run.releases.releases["tabular"].service
    cluster_services = { mesh = "consul" }
  }
  expect_failures = [var.cluster_services]
}
