# Read whole by the wrapper, with terraform console.
locals {
  outputs = { platform = local.platform }
}

output "platform" {
  description = "What the first stage will tell, of the same form, with placeholder true."
  value       = local.outputs.platform
}
