output "problems" {
  description = "Everything that is wrong with the services: one sentence each, with path, what was found and what is accepted."
  value = sort(distinct(concat(
    local.form_problems,
    local.choice_problems,
    local.range_problems,
    local.service_problems,
    local.circle_problems,
    local.secret_problems,
    local.process_problems,
    local.resource_problems,
    local.release_problems,
    local.scaling_problems,
    local.env_problems,
    local.image_problems,
    local.function_problems,
    local.source_problems,
    local.dependency_problems,
    local.sharing_problems,
    local.ingress_problems,
  )))
}
