variables {
  environment = "dev"
}

run "names_become_snake_case_and_named_lists_maps" {
  command = plan
  variables {
    services = {
      tabular = { config = <<-YAML
        apiVersion: v1
        kind: ServiceConfig
        metadata: {name: tabular, costCenter: cc-1}
        spec:
          service:
            image: {tag: "1.0"}
            replicas: 5
            autoscaling: {max: 3, requestsPerSecond: 20}
            disruptionBudget: {minAvailable: 1}
            resources: {cpu: 2, gpu: "1"}
          workers:
            - {name: generate, replicas: 2, resources: {gpu: 4}, placement: {nodePool: gpu}}
          dependencies:
            - {name: jobs, type: queue, deadLetters: {maxReceives: 3}}
            - {name: runs, type: database, engine: dynamodb, table: {partitionKey: run}}
          slo: {latencyP95: 300ms}
      YAML
      }
      unwanted = { enabled = false, config = "not: {even: a service}" }
    }
  }
  assert {
    condition     = keys(output.services) == ["tabular"]
    error_message = "A service that is not enabled must not be decoded."
  }
  assert {
    condition = alltrue([
      output.services.tabular.metadata.cost_center == "cc-1",
      output.services.tabular.spec.service.autoscaling.requests_per_second == 20,
      output.services.tabular.spec.service.disruption_budget.min_available == 1,
      output.services.tabular.spec.workers.generate.placement.node_pool == "gpu",
      output.services.tabular.spec.dependencies.jobs.dead_letters.max_receives == 3,
      output.services.tabular.spec.dependencies.runs.table.partition_key == "run",
      output.services.tabular.spec.slo.latency_p95 == "300ms",
    ])
    error_message = "Names must become snake_case, and lists of named items maps by name."
  }
  assert {
    condition     = output.services.tabular.spec.service.resources.gpu.count == 1 && output.services.tabular.spec.workers.generate.resources.gpu.count == 4
    error_message = "gpu: \"1\" and gpu: 4 are short for gpu: {count: ...}."
  }
  assert {
    condition     = output.services.tabular.spec.service.replicas == null && output.services.tabular.spec.workers.generate.replicas == 2
    error_message = "Where there is autoscaling, replicas is left out."
  }
}

run "every_fault_is_named_with_the_nearest_key" {
  command = plan
  module {
    source = "./tests/problems"
  }
  variables {
    expected = flatten([for case in yamldecode(file("./tests/faults.yaml")) : case.problems])
    services = { for name, case in yamldecode(file("./tests/faults.yaml")) : name => { config = case.config } }
  }
  assert {
    condition     = length(output.not_said) == 0
    error_message = "Not said: ${join("\n", output.not_said)}"
  }
  assert {
    condition     = length(output.not_expected) == 0
    error_message = "Said, but not expected: ${join("\n", output.not_expected)}"
  }
}

run "a_faulty_file_is_refused" {
  command = plan
  variables {
    services = { tabular = { config = "kind: Service" } }
  }
  expect_failures = [output.services]
}

run "text_that_is_no_yaml_mapping_is_refused" {
  command = plan
  variables {
    services = { list = { config = "- a" }, tab = { config = "a:\n\tb: 1" }, empty = { config = "" } }
  }
  expect_failures = [var.services]
}

run "the_environment_must_be_a_name" {
  command = plan
  variables {
    environment = "Dev!"
    services    = {}
  }
  expect_failures = [var.environment]
}
