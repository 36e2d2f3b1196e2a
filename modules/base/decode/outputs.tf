output "services" {
  description = "The enabled services, as the variable `services` of modules/base and of providers/aws takes them."
  value       = local.services
  precondition {
    condition     = length(local.problems) == 0
    error_message = join("\n", local.problems)
  }
}
