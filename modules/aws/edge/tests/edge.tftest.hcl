mock_provider "aws" {
  mock_resource "aws_kms_key" {
    defaults = { arn = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab", key_id = "1234abcd-12ab-34cd-56ef-1234567890ab" }
  }
  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:eu-central-1:111122223333:log-group:aws-waf-logs-acme-dev" }
  }
  mock_resource "aws_wafv2_web_acl" {
    defaults = { arn = "arn:aws:wafv2:eu-central-1:111122223333:regional/webacl/acme-dev/1" }
  }
  mock_resource "aws_wafv2_ip_set" {
    defaults = { arn = "arn:aws:wafv2:eu-central-1:111122223333:regional/ipset/blocked/1" }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::111122223333:role/acme-dev-edge" }
  }
  mock_resource "aws_route53_zone" {
    defaults = { zone_id = "Z0123456789", name_servers = ["ns-1.awsdns-1.org", "ns-2.awsdns-2.net"] }
  }
  mock_resource "aws_acm_certificate" {
    defaults = {
      arn = "arn:aws:acm:eu-central-1:111122223333:certificate/1"
      domain_validation_options = [
        { domain_name = "dev.acme.example", resource_record_name = "_1.dev.acme.example.", resource_record_type = "CNAME", resource_record_value = "_a.acm-validations.aws." },
        { domain_name = "*.dev.acme.example", resource_record_name = "_1.dev.acme.example.", resource_record_type = "CNAME", resource_record_value = "_a.acm-validations.aws." },
        { domain_name = "*.api.dev.acme.example", resource_record_name = "_2.api.dev.acme.example.", resource_record_type = "CNAME", resource_record_value = "_b.acm-validations.aws." },
      ]
    }
  }
}

variables {
  name    = "acme-dev"
  account = { id = "111122223333", region = "eu-central-1" }
  labels  = { Project = "acme" }
  network = { vpc_id = "vpc-1", cidr = "10.20.0.0/16" }
}

run "domain_with_certificate_firewall_and_controllers" {
  command = apply

  variables {
    domain      = "dev.acme.example"
    certificate = { names = ["*.api.dev.acme.example"] }
    cluster     = { name = "acme-dev", node_security_group = { id = "sg-nodes" } }
    rate_limits = {
      text    = { path = "/api/text.v1/", requests_per_minute = 1000 }
      tabular = { path = "/api/tabular", hosts = ["data.dev.acme.example", "dev.acme.example"], requests_per_minute = 60 }
    }
  }

  assert {
    condition     = aws_route53_zone.this[0].name == "dev.acme.example" && aws_route53_zone.this[0].force_destroy == false && output.zone_id == "Z0123456789" && output.name_servers == ["ns-1.awsdns-1.org", "ns-2.awsdns-2.net"]
    error_message = "The zone must be made, kept, and its name servers told."
  }
  assert {
    condition     = aws_acm_certificate.this[0].domain_name == "dev.acme.example" && aws_acm_certificate.this[0].subject_alternative_names == toset(["*.dev.acme.example", "*.api.dev.acme.example"]) && aws_acm_certificate.this[0].validation_method == "DNS"
    error_message = "The certificate must cover the domain, its hosts and the names beside."
  }
  assert {
    condition = { for name, record in aws_route53_record.proof : name => "${record.name} ${record.type} ${one(record.records)}" } == {
      "dev.acme.example" = "_1.dev.acme.example. CNAME _a.acm-validations.aws.", "api.dev.acme.example" = "_2.api.dev.acme.example. CNAME _b.acm-validations.aws."
    }
    error_message = "Each name and its wildcard must be proved by one record."
  }
  assert {
    condition     = aws_acm_certificate_validation.this[0].certificate_arn == output.certificate_arn
    error_message = "The certificate must be issued before it is used."
  }
  assert {
    condition     = { for key, rule in aws_vpc_security_group_ingress_rule.load_balancer : key => "${coalesce(rule.cidr_ipv4, rule.cidr_ipv6)} ${rule.from_port}-${rule.to_port}" } == { "0.0.0.0/0 443" = "0.0.0.0/0 443-443", "0.0.0.0/0 80" = "0.0.0.0/0 80-80", "::/0 443" = "::/0 443-443", "::/0 80" = "::/0 80-80" }
    error_message = "Clients may reach HTTPS, and HTTP to be sent on."
  }
  assert {
    condition     = aws_vpc_security_group_egress_rule.load_balancer.referenced_security_group_id == "sg-nodes" && aws_vpc_security_group_egress_rule.load_balancer.cidr_ipv4 == null && aws_vpc_security_group_ingress_rule.nodes[0].security_group_id == "sg-nodes" && aws_vpc_security_group_ingress_rule.nodes[0].referenced_security_group_id == aws_security_group.load_balancer.id && aws_vpc_security_group_ingress_rule.nodes[0].from_port == 1024
    error_message = "Load balancers must reach the nodes only, and the nodes admit them."
  }
  assert {
    condition     = aws_wafv2_web_acl.this[0].scope == "REGIONAL" && { for rule in aws_wafv2_web_acl.this[0].rule : rule.name => rule.priority } == { AWSManagedRulesAmazonIpReputationList = 1000, AWSManagedRulesKnownBadInputsRuleSet = 1001, AWSManagedRulesCommonRuleSet = 1002, AWSManagedRulesSQLiRuleSet = 1003, body-size = 3, rate-of-all-paths = 4, rate-tabular = 100, rate-text = 101 }
    error_message = "The firewall must hold limits first and managed rules after."
  }
  assert {
    condition     = alltrue([for rule in aws_wafv2_web_acl.this[0].rule : rule.statement[0].rate_based_statement[0].evaluation_window_sec == 60 && rule.statement[0].rate_based_statement[0].aggregate_key_type == "IP" && rule.action[0].block[0].custom_response[0].response_code == 429 if startswith(rule.name, "rate-")])
    error_message = "Rates must be counted per minute and client address, and answered with 429."
  }
  assert {
    condition     = { for rule in aws_wafv2_web_acl.this[0].rule : rule.name => rule.statement[0].rate_based_statement[0].limit if startswith(rule.name, "rate-") } == { rate-of-all-paths = 6000, rate-tabular = 60, rate-text = 1000 }
    error_message = "Each path must have its own limit."
  }
  assert {
    condition     = one([for rule in aws_wafv2_web_acl.this[0].rule : rule.statement[0].rate_based_statement[0].scope_down_statement[0].regex_match_statement[0].regex_string if rule.name == "rate-text"]) == "^/api/text\\.v1(/|$)"
    error_message = "A limit must hold for the path and what is below, not for paths that begin alike."
  }
  assert {
    condition     = [for statement in one([for rule in aws_wafv2_web_acl.this[0].rule : rule.statement[0].rate_based_statement[0].scope_down_statement[0].and_statement[0].statement if rule.name == "rate-tabular"]) : statement.regex_match_statement[0].regex_string] == ["^/api/tabular(/|$)", "^(data\\.dev\\.acme\\.example|dev\\.acme\\.example)(:[0-9]+)?$"]
    error_message = "A limit with hosts must hold on these only."
  }
  assert {
    condition = alltrue([for size, refused in { "0" = false, "5" = false, "104857600" = false, "104857601" = true, "104857610" = true, "104858000" = true, "104860000" = true, "200000000" = true, "99999999" = false, "1048576000" = true, "104857599" = false } :
    can(regex(one([for rule in aws_wafv2_web_acl.this[0].rule : rule.statement[0].regex_match_statement[0].regex_string if rule.name == "body-size"]), size)) == refused])
    error_message = "Bodies over 100 MiB, and no others, must be refused."
  }
  assert {
    condition     = one([for rule in aws_wafv2_web_acl.this[0].rule : one(rule.statement[0].managed_rule_group_statement[0].rule_action_override).name if rule.name == "AWSManagedRulesCommonRuleSet"]) == "SizeRestrictions_BODY" && alltrue([for rule in aws_wafv2_web_acl.this[0].rule : length(rule.override_action[0].none) == 1 && length(rule.override_action[0].count) == 0 if rule.priority >= 1000])
    error_message = "Managed rules must block, but not every body over 8 KB."
  }
  assert {
    condition     = aws_cloudwatch_log_group.web_acl[0].name == "aws-waf-logs-acme-dev" && aws_cloudwatch_log_group.web_acl[0].kms_key_id == aws_kms_key.web_acl_log[0].arn && aws_cloudwatch_log_group.web_acl[0].retention_in_days == 90 && aws_wafv2_web_acl_logging_configuration.this[0].log_destination_configs == toset([aws_cloudwatch_log_group.web_acl[0].arn])
    error_message = "The firewall must log to its encrypted group."
  }
  assert {
    condition     = toset([for field in aws_wafv2_web_acl_logging_configuration.this[0].redacted_fields : field.single_header[0].name]) == toset(["authorization", "cookie", "x-api-key"]) && aws_wafv2_web_acl_logging_configuration.this[0].logging_filter[0].default_behavior == "DROP"
    error_message = "Credentials must not be logged, nor every allowed request."
  }
  assert {
    condition     = tolist(keys(output.controller_policies)) == tolist(["cert-manager", "external-dns", "load-balancer"])
    error_message = "The controllers must be told what they may do."
  }
  assert {
    condition     = [for statement in jsondecode(output.controller_policies["external-dns"]).Statement : statement.Resource] == ["*", "arn:aws:route53:::hostedzone/Z0123456789", "arn:aws:route53:::hostedzone/Z0123456789"]
    error_message = "External DNS may change this zone only."
  }
  assert {
    condition     = alltrue([for statement in jsondecode(output.controller_policies["load-balancer"]).Statement : can(statement.Condition) || statement.Sid == "MakeSecurityGroups" || statement.Sid == "FirewallBeforeLoadBalancers" || statement.Sid == "ListenersAndRules" if statement.Resource != "*"]) && alltrue(flatten([for statement in jsondecode(output.controller_policies["load-balancer"]).Statement : [for action in statement.Action : can(regex(":(Describe|Get|List)", action))] if statement.Resource == "*"]))
    error_message = "The load balancer controller may see everything but change only what belongs to its cluster."
  }
  assert {
    condition     = length(output.controller_policies["load-balancer"]) < 10240
    error_message = "The policy of the load balancer controller must be within IAM's limit."
  }
  assert {
    condition     = output.web_acl_arn == aws_wafv2_web_acl.this[0].arn && output.web_acl_log_group_name == "aws-waf-logs-acme-dev" && output.load_balancer_security_group_id == aws_security_group.load_balancer.id && output.domain == "dev.acme.example"
    error_message = "The outputs must describe what was made."
  }
}

run "everything_brought" {
  command = plan

  variables {
    domain              = "dev.acme.example"
    deletion_protection = false
    existing = {
      zone        = { id = "ZTHEIRS" }
      certificate = { arn = "arn:aws:acm:eu-central-1:111122223333:certificate/theirs" }
      web_acl     = { arn = "arn:aws:wafv2:eu-central-1:111122223333:regional/webacl/theirs/1" }
    }
    cluster       = { name = "acme-dev" }
    load_balancer = { ingress_cidrs = ["203.0.113.0/24"] }
  }

  assert {
    condition     = length(aws_route53_zone.this) + length(aws_acm_certificate.this) + length(aws_route53_record.proof) + length(aws_wafv2_web_acl.this) + length(aws_cloudwatch_log_group.web_acl) + length(aws_kms_key.web_acl_log) == 0
    error_message = "Nothing may be made beside what is brought."
  }
  assert {
    condition     = output.zone_id == "ZTHEIRS" && output.certificate_arn == "arn:aws:acm:eu-central-1:111122223333:certificate/theirs" && output.web_acl_arn == "arn:aws:wafv2:eu-central-1:111122223333:regional/webacl/theirs/1" && length(output.name_servers) == 0
    error_message = "What is brought must be told on."
  }
  assert {
    condition     = jsondecode(output.controller_policies["cert-manager"]).Statement[2].Resource == "arn:aws:route53:::hostedzone/ZTHEIRS" && jsondecode(output.controller_policies["cert-manager"]).Statement[2].Condition["ForAllValues:StringLike"]["route53:ChangeResourceRecordSetsNormalizedRecordNames"] == ["_acme-challenge.*"]
    error_message = "cert-manager may answer challenges in the zone and nothing else."
  }
  assert {
    condition     = aws_vpc_security_group_egress_rule.load_balancer.cidr_ipv4 == "10.20.0.0/16" && length(aws_vpc_security_group_ingress_rule.nodes) == 0 && tolist(keys(aws_vpc_security_group_ingress_rule.load_balancer)) == tolist(["203.0.113.0/24 443", "203.0.113.0/24 80"])
    error_message = "Without the nodes' group load balancers must reach the network only, and only the ranges given reach them."
  }
}

run "no_domain_no_cluster_and_other_rules" {
  command = plan

  variables {
    web_acl = {
      managed_rules     = { AWSManagedRulesLinuxRuleSet = { priority = 7, capacity = 200, count_only = true } }
      blocked_cidrs     = ["198.51.100.0/24", "2001:db8::/32"]
      blocked_countries = ["KP"]
      unmanaged_paths   = ["/upload", "/raw/"]
      max_body_mb       = 1
      log_allowed       = true
      encryption_key    = { arn = "arn:aws:kms:eu-central-1:111122223333:key/theirs" }
    }
  }

  assert {
    condition     = length(aws_route53_zone.this) + length(aws_acm_certificate.this) + length(output.controller_policies) + length(aws_kms_key.web_acl_log) == 0 && output.zone_id == null && output.certificate_arn == null
    error_message = "Without domain and cluster there must be no zone, certificate and policies."
  }
  assert {
    condition     = { for rule in aws_wafv2_web_acl.this[0].rule : rule.name => rule.priority } == { AWSManagedRulesLinuxRuleSet = 1007, blocked-countries = 2, blocked-ipv4 = 0, blocked-ipv6 = 1, body-size = 3, rate-of-all-paths = 4 } && aws_wafv2_ip_set.blocked["IPV4"].addresses == toset(["198.51.100.0/24"]) && aws_wafv2_ip_set.blocked["IPV6"].addresses == toset(["2001:db8::/32"])
    error_message = "Addresses and countries must be refused first."
  }
  assert {
    condition     = one([for rule in aws_wafv2_web_acl.this[0].rule : length(rule.override_action[0].count) if rule.priority == 1007]) == 1 && one([for rule in aws_wafv2_web_acl.this[0].rule : rule.statement[0].managed_rule_group_statement[0].scope_down_statement[0].not_statement[0].statement[0].regex_match_statement[0].regex_string if rule.priority == 1007]) == "^(/raw|/upload)(/|$)"
    error_message = "A group that only counts must not block, and managed rules must skip the paths given."
  }
  assert {
    condition     = can(regex(one([for rule in aws_wafv2_web_acl.this[0].rule : rule.statement[0].regex_match_statement[0].regex_string if rule.name == "body-size"]), "1048577")) && !can(regex(one([for rule in aws_wafv2_web_acl.this[0].rule : rule.statement[0].regex_match_statement[0].regex_string if rule.name == "body-size"]), "1048576"))
    error_message = "The body limit must be the one asked for."
  }
  assert {
    condition     = length(aws_wafv2_web_acl_logging_configuration.this[0].logging_filter) == 0 && aws_cloudwatch_log_group.web_acl[0].kms_key_id == "arn:aws:kms:eu-central-1:111122223333:key/theirs"
    error_message = "With log_allowed every request must be logged, with the key that is brought."
  }
}

run "no_firewall_and_no_wait" {
  command = plan

  variables {
    domain              = "dev.acme.example"
    certificate         = { wait = false }
    deletion_protection = false
    web_acl             = null
  }

  assert {
    condition     = length(aws_wafv2_web_acl.this) + length(aws_cloudwatch_log_group.web_acl) + length(aws_kms_key.web_acl_log) + length(aws_wafv2_web_acl_logging_configuration.this) == 0 && output.web_acl_arn == null
    error_message = "With web_acl = null there must be no firewall."
  }
  assert {
    condition     = length(aws_acm_certificate_validation.this) == 0 && length(aws_acm_certificate.this) == 1 && aws_route53_zone.this[0].force_destroy
    error_message = "Without waiting the certificate must still be asked for."
  }
}

run "wrong_values_are_refused" {
  command = plan
  variables {
    name          = "acme."
    domain        = "Dev.Acme"
    network       = { vpc_id = "vpc-1", cidr = "10.20.0.0" }
    load_balancer = { ingress_cidrs = ["everyone"] }
    rate_limits   = { text = { path = "/api", requests_per_minute = 5 } }
    web_acl       = { requests_per_minute = 5 }
  }
  expect_failures = [var.name, var.domain, var.network, var.load_balancer, var.rate_limits, var.web_acl]
}

run "too_many_limited_paths_are_refused" {
  command = plan
  variables {
    rate_limits = { for index in range(200) : "path-${index}" => { path = "/${index}", requests_per_minute = 100 } }
  }
  expect_failures = [aws_wafv2_web_acl.this]
}

run "other_domains_missing_slashes_and_equal_priorities_are_refused" {
  command = plan
  variables {
    domain      = "dev.acme.example"
    certificate = { names = ["dev.other.example"] }
    rate_limits = { text = { path = "api", requests_per_minute = 100 } }
    web_acl     = { managed_rules = { a = { priority = 1, capacity = 1 }, b = { priority = 1, capacity = 1 } } }
  }
  expect_failures = [var.certificate, var.rate_limits, var.web_acl]
}

run "too_many_names_a_zone_without_domain_and_bodies_of_nothing_are_refused" {
  command = plan
  variables {
    certificate = { names = [for index in range(9) : "n${index}.acme.example"] }
    existing    = { zone = { id = "Z1" } }
    rate_limits = { "a b" = { path = "/api", requests_per_minute = 100 } }
    web_acl     = { max_body_mb = 0 }
  }
  expect_failures = [var.certificate, var.existing, var.rate_limits, var.web_acl]
}

run "wildcard_hosts_and_blocking_everyone_are_refused" {
  command = plan
  variables {
    rate_limits = { text = { path = "/api", hosts = ["*.acme.example"], requests_per_minute = 100 } }
    web_acl     = { blocked_cidrs = ["0.0.0.0/0"] }
  }
  expect_failures = [var.rate_limits, var.web_acl]
}

run "a_country_by_its_name_is_refused" {
  command = plan
  variables {
    web_acl = { blocked_countries = ["Norway"] }
  }
  expect_failures = [var.web_acl]
}

run "an_unmanaged_path_without_slash_is_refused" {
  command = plan
  variables {
    web_acl = { unmanaged_paths = ["upload"] }
  }
  expect_failures = [var.web_acl]
}

run "a_log_retention_that_cloudwatch_does_not_know_is_refused" {
  command = plan
  variables {
    web_acl = { log_retention_days = 31 }
  }
  expect_failures = [var.web_acl]
}

run "values_that_are_known_after_apply_only_can_be_planned" {
  command = plan

  module {
    source = "./tests/unknown"
  }

  assert {
    condition     = module.edge.web_acl_log_group_name == "aws-waf-logs-acme-dev"
    error_message = "A network, cluster and zone made in the same apply must be usable."
  }
}
