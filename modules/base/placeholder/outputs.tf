output "platform" {
  description = "What the first stage will tell, of the same form, with placeholder true."
  value       = local.platform
}
