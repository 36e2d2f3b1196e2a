variables {
  environment = {
    region = "us-east-1"
    domain = "dev.example.com"
    zones  = ["us-east-1a", "us-east-1b"]
    sizes  = { database = { small = "db.t4g.medium" }, cache = { small = "cache.t4g.micro" } }
  }
  cluster = {
    node_pools = {
      general = {}
      spot    = { spot = true }
      gpu     = { gpu = { type = "nvidia-t4", count = 1 }, spot = true }
    }
  }
}

run "every_fault_is_named_with_its_place_and_what_is_accepted" {
  command = plan
  variables {
    services = { for name, case in yamldecode(file("./tests/faults.yaml")) : name => case.service }
  }
  assert {
    condition     = length(setsubtract(flatten([for case in yamldecode(file("./tests/faults.yaml")) : case.problems]), output.problems)) == 0
    error_message = "Not said: ${join("\n", setsubtract(flatten([for case in yamldecode(file("./tests/faults.yaml")) : case.problems]), output.problems))}"
  }
  assert {
    condition     = length(setsubtract(output.problems, flatten([for case in yamldecode(file("./tests/faults.yaml")) : case.problems]))) == 0
    error_message = "Said, but not expected: ${join("\n", setsubtract(output.problems, flatten([for case in yamldecode(file("./tests/faults.yaml")) : case.problems])))}"
  }
}

run "a_service_that_uses_every_field_is_accepted" {
  command = plan
  variables {
    services = yamldecode(file("./tests/whole.yaml"))
  }
  assert {
    condition     = length(output.problems) == 0
    error_message = join("\n", output.problems)
  }
}

run "services_with_nothing_but_a_name_are_accepted" {
  command = plan
  variables {
    services = { plain = {}, other = { metadata = { name = "other" }, spec = {} } }
  }
  assert {
    condition     = length(output.problems) == 0
    error_message = join("\n", output.problems)
  }
}

run "without_a_cluster_only_what_needs_none_is_accepted" {
  command = plan
  variables {
    cluster = { enabled = false }
    services = {
      api    = { spec = { service = { image = { tag = "1.0" }, placement = { runtime = "fargate" } } } }
      event  = { spec = { service = { type = "function", image = { tag = "1.0" } } } }
      lost   = { spec = { workers = { clean = {} } } }
      report = { spec = { service = { type = "cron", schedule = "0 3 * * *", image = { tag = "1.0" }, placement = { runtime = "batch" } } } }
    }
  }
  assert {
    condition = output.problems == tolist([
      "services.lost.spec.service.placement.runtime is kubernetes, but the environment has no cluster; use fargate (api, worker) or batch (job, cron), or enable the cluster.",
      "services.lost.spec.workers.clean.placement.runtime is kubernetes, but the environment has no cluster; use fargate (api, worker) or batch (job, cron), or enable the cluster.",
    ])
    error_message = join("\n", output.problems)
  }
}

run "spot_needs_a_pool_that_has_it" {
  command = plan
  variables {
    cluster = { node_pools = { general = {} } }
    services = {
      tabular = { spec = { service = { spot = true } } }
      batch   = { spec = { service = { type = "job", spot = true, image = { tag = "1.0" }, placement = { runtime = "batch" } } } }
    }
  }
  assert {
    condition     = output.problems == tolist(["services.tabular.spec.service.spot is true, but no node pool has spot capacity; add a pool with spot, or leave spot out."])
    error_message = join("\n", output.problems)
  }
}

run "a_gpu_needs_a_pool_that_offers_one" {
  command = plan
  variables {
    cluster  = { node_pools = { general = {} } }
    services = { textnlp = { spec = { service = { resources = { gpu = { count = 1 } } } } } }
  }
  assert {
    condition     = output.problems == tolist(["services.textnlp.spec.service.resources.gpu asks for a GPU, which no node pool offers; the pools offer none."])
    error_message = join("\n", output.problems)
  }
}

run "a_circle_is_found_over_many_services" {
  command = plan
  variables {
    services = { for i in range(40) : "s${i}" => { spec = { dependencies = { "s${(i + 1) % 40}" = { type = "service" } } } } }
  }
  assert {
    condition     = length(output.problems) == 1 && strcontains(output.problems[0], "depend on each other in a circle")
    error_message = "A circle of 40 services must be found."
  }
}

run "a_long_chain_is_no_circle" {
  command = plan
  variables {
    services = { for i in range(40) : "s${i}" => { spec = { dependencies = i < 39 ? { "s${i + 1}" = { type = "service" } } : {} } } }
  }
  assert {
    condition     = length(output.problems) == 0
    error_message = join("\n", output.problems)
  }
}
