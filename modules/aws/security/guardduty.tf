locals {
  # RUNTIME_MONITORING is offered without its automatic agents: what GuardDuty installs by itself (a VPC endpoint, an add-on) would
  # stand in the way of deleting the network.
  guardduty_features = ["EBS_MALWARE_PROTECTION", "EKS_AUDIT_LOGS", "LAMBDA_NETWORK_LOGS", "RDS_LOGIN_EVENTS", "RUNTIME_MONITORING", "S3_DATA_EVENTS"]
  guardduty_made     = var.guardduty == null ? false : var.guardduty.existing == null
}

resource "aws_guardduty_detector" "this" {
  count = local.guardduty_made ? 1 : 0

  enable                       = true
  finding_publishing_frequency = var.guardduty.frequency
  tags                         = merge(var.labels, { Name = var.name })
}

resource "aws_guardduty_detector_feature" "this" {
  for_each = toset(local.guardduty_made ? local.guardduty_features : [])

  detector_id = aws_guardduty_detector.this[0].id
  name        = each.key
  status      = contains(var.guardduty.features, each.key) ? "ENABLED" : "DISABLED"
}
