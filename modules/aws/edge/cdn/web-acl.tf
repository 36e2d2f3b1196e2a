locals {
  web_acl       = length([for site in var.sites : site if site.web_acl == null]) > 0 ? var.web_acl[*] : []
  managed_rules = { AWSManagedRulesAmazonIpReputationList = 1, AWSManagedRulesKnownBadInputsRuleSet = 2 }
}

resource "aws_wafv2_web_acl" "this" {
  count = length(local.web_acl)

  name        = "${var.name}-cdn"
  description = "Static sites of ${var.name}"
  scope       = "CLOUDFRONT"
  tags        = var.labels

  default_action {
    allow {}
  }

  rule {
    name     = "rate"
    priority = 0
    action {
      block {
        custom_response {
          response_code = 429
          response_header {
            name  = "retry-after"
            value = "60"
          }
        }
      }
    }
    statement {
      rate_based_statement {
        limit                 = local.web_acl[0].requests_per_minute
        evaluation_window_sec = 60
        aggregate_key_type    = "IP"
      }
    }
    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "rate"
      sampled_requests_enabled   = true
    }
  }

  dynamic "rule" {
    for_each = local.managed_rules
    content {
      name     = rule.key
      priority = rule.value
      override_action {
        none {}
      }
      statement {
        managed_rule_group_statement {
          name        = rule.key
          vendor_name = "AWS"
        }
      }
      visibility_config {
        cloudwatch_metrics_enabled = true
        metric_name                = rule.key
        sampled_requests_enabled   = true
      }
    }
  }

  visibility_config {
    cloudwatch_metrics_enabled = true
    metric_name                = "${var.name}-cdn"
    sampled_requests_enabled   = true
  }
}
