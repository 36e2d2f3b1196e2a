locals {
  web_acl = var.existing.web_acl == null ? var.web_acl[*] : []
  acl     = one(local.web_acl)

  special = "/([.+*?()\\[\\]{}|^$\\\\])/"
  paths   = { for name, limit in var.rate_limits : name => limit.path == "/" ? "^/" : "^${replace(trimsuffix(limit.path, "/"), local.special, "\\$1")}(/|$)" }
  hosts   = { for name, limit in var.rate_limits : name => "^(${join("|", [for host in limit.hosts : replace(host, ".", "\\.")])})(:[0-9]+)?$" if length(limit.hosts) > 0 }

  unmanaged = [for paths in [try(local.acl.unmanaged_paths, [])] : "^(${join("|", [for path in paths : replace(trimsuffix(path, "/"), local.special, "\\$1")])})(/|$)" if length(paths) > 0]

  # AWS WAF sees only the start of a body, so its size is judged by the header, and a number is compared digit by digit: larger is a
  # longer number, or one that is equal up to a digit and has a higher one there.
  max_body = split("", format("%d", try(local.acl.max_body_mb, 1) * 1048576))
  larger_body = "^(${join("|", concat(["[0-9]{${length(local.max_body) + 1},}"], [
    for index, digit in local.max_body :
    "${join("", slice(local.max_body, 0, index))}[${tonumber(digit) + 1}-9]${index + 1 < length(local.max_body) ? "[0-9]{${length(local.max_body) - index - 1}}" : ""}"
    if digit != "9"
  ]))})$"

  blocked = { for version in ["IPV4", "IPV6"] : version => [for range in try(local.acl.blocked_cidrs, []) : range if strcontains(range, ":") == (version == "IPV6")] }

  rate_order = sort(keys(var.rate_limits))

  # Units as AWS WAF counts them: 2 for a rate, 3 for an expression, 10 for a text transformation, 1 for addresses and countries.
  capacity = sum(concat([0],
    [for rule in values(try(local.acl.managed_rules, {})) : rule.capacity + (length(local.unmanaged) > 0 ? 24 : 0)],
    [for name in keys(var.rate_limits) : 25 + (contains(keys(local.hosts), name) ? 14 : 0)],
    [2, 3, 2, 1],
  ))
}

resource "aws_wafv2_ip_set" "blocked" {
  for_each = { for version, ranges in local.blocked : version => ranges if length(ranges) > 0 && length(local.web_acl) > 0 }

  name               = "${var.name}-blocked-${lower(each.key)}"
  description        = "Addresses that ${var.name} refuses"
  scope              = "REGIONAL"
  ip_address_version = each.key
  addresses          = each.value
  tags               = var.labels
}

resource "aws_wafv2_web_acl" "this" {
  count = length(local.web_acl)

  name        = var.name
  description = "Load balancers of ${var.name}"
  scope       = "REGIONAL"
  tags        = var.labels

  default_action {
    allow {}
  }

  dynamic "rule" {
    for_each = aws_wafv2_ip_set.blocked
    content {
      name     = "blocked-${lower(rule.key)}"
      priority = rule.key == "IPV4" ? 0 : 1
      action {
        block {}
      }
      statement {
        ip_set_reference_statement {
          arn = rule.value.arn
        }
      }
      visibility_config {
        cloudwatch_metrics_enabled = true
        metric_name                = "blocked-${lower(rule.key)}"
        sampled_requests_enabled   = true
      }
    }
  }

  dynamic "rule" {
    for_each = length(local.acl.blocked_countries) > 0 ? [local.acl.blocked_countries] : []
    content {
      name     = "blocked-countries"
      priority = 2
      action {
        block {}
      }
      statement {
        geo_match_statement {
          country_codes = sort(rule.value)
        }
      }
      visibility_config {
        cloudwatch_metrics_enabled = true
        metric_name                = "blocked-countries"
        sampled_requests_enabled   = true
      }
    }
  }

  rule {
    name     = "body-size"
    priority = 3
    action {
      block {
        custom_response {
          response_code = 413
        }
      }
    }
    statement {
      regex_match_statement {
        regex_string = local.larger_body
        field_to_match {
          single_header {
            name = "content-length"
          }
        }
        text_transformation {
          priority = 0
          type     = "NONE"
        }
      }
    }
    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "body-size"
      sampled_requests_enabled   = true
    }
  }

  rule {
    name     = "rate-of-all-paths"
    priority = 4
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
        limit                 = local.acl.requests_per_minute
        evaluation_window_sec = 60
        aggregate_key_type    = "IP"
      }
    }
    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "rate-of-all-paths"
      sampled_requests_enabled   = true
    }
  }

  dynamic "rule" {
    for_each = local.rate_order
    content {
      name     = "rate-${rule.value}"
      priority = 100 + rule.key
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
          limit                 = var.rate_limits[rule.value].requests_per_minute
          evaluation_window_sec = 60
          aggregate_key_type    = "IP"
          scope_down_statement {
            dynamic "regex_match_statement" {
              for_each = contains(keys(local.hosts), rule.value) ? [] : [local.paths[rule.value]]
              content {
                regex_string = regex_match_statement.value
                field_to_match {
                  uri_path {}
                }
                text_transformation {
                  priority = 0
                  type     = "URL_DECODE"
                }
                text_transformation {
                  priority = 1
                  type     = "NORMALIZE_PATH"
                }
              }
            }
            dynamic "and_statement" {
              for_each = contains(keys(local.hosts), rule.value) ? [local.hosts[rule.value]] : []
              content {
                statement {
                  regex_match_statement {
                    regex_string = local.paths[rule.value]
                    field_to_match {
                      uri_path {}
                    }
                    text_transformation {
                      priority = 0
                      type     = "URL_DECODE"
                    }
                    text_transformation {
                      priority = 1
                      type     = "NORMALIZE_PATH"
                    }
                  }
                }
                statement {
                  regex_match_statement {
                    regex_string = and_statement.value
                    field_to_match {
                      single_header {
                        name = "host"
                      }
                    }
                    text_transformation {
                      priority = 0
                      type     = "LOWERCASE"
                    }
                  }
                }
              }
            }
          }
        }
      }
      visibility_config {
        cloudwatch_metrics_enabled = true
        metric_name                = "rate-${rule.value}"
        sampled_requests_enabled   = true
      }
    }
  }

  dynamic "rule" {
    for_each = local.acl.managed_rules
    content {
      name     = rule.key
      priority = 1000 + rule.value.priority
      override_action {
        dynamic "count" {
          for_each = rule.value.count_only ? [1] : []
          content {}
        }
        dynamic "none" {
          for_each = rule.value.count_only ? [] : [1]
          content {}
        }
      }
      statement {
        managed_rule_group_statement {
          name        = rule.key
          vendor_name = rule.value.vendor
          dynamic "rule_action_override" {
            for_each = rule.value.count_rules
            content {
              name = rule_action_override.value
              action_to_use {
                count {}
              }
            }
          }
          dynamic "scope_down_statement" {
            for_each = local.unmanaged
            content {
              not_statement {
                statement {
                  regex_match_statement {
                    regex_string = scope_down_statement.value
                    field_to_match {
                      uri_path {}
                    }
                    text_transformation {
                      priority = 0
                      type     = "URL_DECODE"
                    }
                    text_transformation {
                      priority = 1
                      type     = "NORMALIZE_PATH"
                    }
                  }
                }
              }
            }
          }
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
    metric_name                = var.name
    sampled_requests_enabled   = true
  }

  lifecycle {
    precondition {
      condition     = local.capacity <= 5000
      error_message = "web_acl and rate_limits need ${local.capacity} capacity units and AWS WAF allows 5000: about 100 limited paths beside the default managed rules."
    }
  }
}
