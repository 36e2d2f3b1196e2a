# The module's own files, with its list of problems in the place of what it gives.
variable "expected" {
  description = "What should be said."
  type        = list(string)
}

output "not_expected" {
  description = "What is said without being expected."
  value       = setsubtract(local.problems, var.expected)
}

output "not_said" {
  description = "What is expected without being said."
  value       = setsubtract(var.expected, local.problems)
}
