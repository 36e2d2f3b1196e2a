variable "cloud" {
  description = "Cloud whose platform is stood in for: aws, gcp, azure or onprem."
  type        = string
  default     = "aws"
  nullable    = false
  validation {
    condition     = contains(["aws", "azure", "gcp", "onprem"], var.cloud)
    error_message = "cloud must be aws, azure, gcp or onprem; found \"${var.cloud}\"."
  }
}

variable "kubernetes_version" {
  description = "Version of the cluster that there will be."
  type        = string
  default     = "1.35"
  nullable    = false
  validation {
    condition     = can(regex("^1\\.[0-9]+$", var.kubernetes_version))
    error_message = "kubernetes_version must be a minor version, for example 1.35; found \"${var.kubernetes_version}\"."
  }
}
