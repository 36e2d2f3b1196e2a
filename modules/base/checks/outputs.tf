output "problems" {
  description = "Everything that is wrong with the services: one sentence each, with path, what was found and what is accepted."
  value = sort(distinct(concat(
    local.form_problems,
    local.choice_problems,
    local.range_problems,
    [for rule in concat(
      local.service_rules,
      local.circle_rules,
      local.secret_rules,
      local.process_rules,
      local.resource_rules,
      local.release_rules,
      local.scaling_rules,
      local.env_rules,
      local.image_rules,
      local.function_rules,
      local.source_rules,
      local.dependency_rules,
      local.sharing_rules,
      local.ingress_rules,
    ) : rule.message if !rule.holds],
  )))
}
