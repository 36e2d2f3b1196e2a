variable "max_history" {
  description = "How many earlier versions of the release helm keeps, to go back to."
  type        = number
  default     = 10
  nullable    = false
  validation {
    condition     = var.max_history >= 2 && var.max_history <= 100 && floor(var.max_history) == var.max_history
    error_message = "max_history must be a whole number from 2 to 100, as a release goes back to the version before it; found ${var.max_history}."
  }
}
