locals {
  # AWS services that use the keys in their own name, besides those of the principals that call them.
  key_users = ["cloudfront", "events", "logs", "s3", "sns"]
}

module "security" {
  source = "../../modules/aws/security"

  name                = local.name
  labels              = local.labels
  account             = local.account
  deletion_protection = local.deletion_protection
  guardduty = !var.environment.security.threat_detection ? null : {
    existing = var.environment.security.existing_detector == null ? null : { detector_id = var.environment.security.existing_detector }
  }
  trail = var.environment.security.audit_trail ? {} : null
  platform_keys = {
    platform = {
      description = "Everything of ${local.name} that has no key of its own"
      services    = local.key_users
      existing    = var.environment.encryption_key == null ? null : { arn = var.environment.encryption_key }
    }
  }
  service_keys = { for service in module.base.key_services : service => {
    name     = module.base.names.key[service]
    labels   = module.base.service_labels[service]
    services = local.key_users
  } }
}

locals {
  platform_key = { arn = module.security.platform_key_arns["platform"] }
  # The key of a thing: that of the service whose own it is, or the platform's.
  service_keys = { for service, arn in module.security.service_key_arns : service => { arn = arn } }
}
