mock_provider "helm" {}

variables {
  environment      = { name = "staging" }
  platform         = yamldecode(file("./values/tests/platform.yaml"))
  namespaces       = { inferloop = { quota = { cpu_millicores = 12500, gpus = 2, memory_mb = 24576, pods = 14 } } }
  cluster_services = { backup = { bucket = "backups" } }
}

run "the_values_that_are_computed_are_those_that_are_released" {
  command = plan
  assert {
    condition     = helm_release.base.values == tolist([output.values.platform-base]) && helm_release.resources["platform-resources"].values == tolist([output.values.platform-resources])
    error_message = "A release gets the values of the module values, to the letter."
  }
  assert {
    condition     = helm_release.argo_cd["argo-cd"].repository == "https://argoproj.github.io/argo-helm" && helm_release.argo_cd["argo-cd"].version == yamldecode(file("./catalog.yaml")).addons.argo-cd.version
    error_message = "Argo CD comes from where the catalogue says, in its version."
  }
  assert {
    condition     = helm_release.base.atomic && helm_release.argo_cd["argo-cd"].atomic && helm_release.applications["platform-applications"].atomic && helm_release.resources["platform-resources"].atomic && helm_release.observability["platform-observability"].atomic
    error_message = "Nothing stays half-released."
  }
  assert {
    condition     = output.namespaces == tolist(["inferloop"]) && output.secret_store == "platform" && output.night == null
    error_message = "Services learn where they may go and where their secrets are."
  }
}

run "a_cluster_with_its_own_add_ons_gets_only_the_base" {
  command = plan
  variables {
    cluster_services = { managed = false }
  }
  assert {
    condition     = length(helm_release.argo_cd) == 0 && length(helm_release.applications) == 0 && length(helm_release.resources) == 0 && length(helm_release.observability) == 0 && output.secret_store == null
    error_message = "Only the base is released."
  }
}

run "a_problem_stops_before_anything_is_released" {
  command = plan
  variables {
    cluster_services = { backup = { bucket = "backups" }, quotas = { inferloop = { pods = 1 } } }
  }
  expect_failures = [helm_release.base]
}

run "what_is_left_out_is_said" {
  command = plan
  variables {
    cluster_services = { nodes = "karpenter" }
  }
  expect_failures = [check.complete]
}

run "a_name_of_an_environment_that_cannot_be_is_refused" {
  command = plan
  variables {
    environment = { name = "Staging!" }
  }
  expect_failures = [var.environment]
}

run "a_name_of_a_namespace_that_cannot_be_is_refused" {
  command = plan
  variables {
    namespaces = { In_ferloop = { quota = { cpu_millicores = 0, gpus = 0, memory_mb = 0, pods = 0 } } }
  }
  expect_failures = [var.namespaces]
}

run "a_choice_that_is_not_there_is_refused" {
  command = plan
  variables {
    cluster_services = { gateway = "nginx" }
  }
  expect_failures = [var.cluster_services]
}
