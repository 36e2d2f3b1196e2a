mock_provider "aws" {
  mock_resource "aws_acm_certificate" {
    defaults = {
      arn = "arn:aws:acm:us-east-1:111122223333:certificate/1"
      domain_validation_options = [
        { domain_name = "docs.acme.example", resource_record_name = "_1.docs.acme.example.", resource_record_type = "CNAME", resource_record_value = "_a.acm-validations.aws." },
        { domain_name = "www.docs.acme.example", resource_record_name = "_2.docs.acme.example.", resource_record_type = "CNAME", resource_record_value = "_b.acm-validations.aws." },
      ]
    }
  }
  mock_resource "aws_cloudfront_distribution" {
    defaults = { arn = "arn:aws:cloudfront::111122223333:distribution/E1", id = "E1", domain_name = "d1.cloudfront.net", hosted_zone_id = "Z2FDTNDATAQYW2" }
  }
  mock_resource "aws_wafv2_web_acl" {
    defaults = { arn = "arn:aws:wafv2:us-east-1:111122223333:global/webacl/acme-dev-cdn/1" }
  }
  mock_resource "aws_cloudwatch_log_delivery_destination" {
    defaults = { arn = "arn:aws:logs:us-east-1:111122223333:delivery-destination:acme-dev-docs" }
  }
}

variables {
  name   = "acme-dev"
  labels = { Project = "acme" }
}

run "site_with_hosts_and_site_without" {
  command = apply

  variables {
    zone = { id = "Z1" }
    sites = {
      docs = {
        name              = "acme-dev-docs"
        labels            = { Service = "docs" }
        bucket            = { domain_name = "acme-dev-docs.s3.eu-central-1.amazonaws.com" }
        path              = "/public/"
        hosts             = ["docs.acme.example", "www.docs.acme.example"]
        not_found_page    = "404.html"
        cache_seconds     = 600
        allowed_countries = ["DE", "FR"]
        log_bucket        = { arn = "arn:aws:s3:::acme-logs", prefix = "cdn/" }
      }
      raw = { name = "acme-dev-raw", bucket = { domain_name = "acme-dev-raw.s3.eu-central-1.amazonaws.com" } }
    }
  }

  assert {
    condition     = alltrue([for key, distribution in aws_cloudfront_distribution.this : one(distribution.origin).origin_access_control_id == aws_cloudfront_origin_access_control.this[key].id]) && alltrue([for control in aws_cloudfront_origin_access_control.this : control.signing_behavior == "always" && control.origin_access_control_origin_type == "s3"])
    error_message = "Buckets must be read with signed requests of the distribution."
  }
  assert {
    condition     = one(aws_cloudfront_distribution.this["docs"].origin).domain_name == "acme-dev-docs.s3.eu-central-1.amazonaws.com" && one(aws_cloudfront_distribution.this["docs"].origin).origin_path == "/public" && one(aws_cloudfront_distribution.this["raw"].origin).origin_path == ""
    error_message = "A site must come from its bucket and path."
  }
  assert {
    condition     = aws_cloudfront_distribution.this["docs"].viewer_certificate[0].minimum_protocol_version == "TLSv1.2_2021" && aws_cloudfront_distribution.this["docs"].viewer_certificate[0].ssl_support_method == "sni-only" && aws_cloudfront_distribution.this["docs"].viewer_certificate[0].acm_certificate_arn == "arn:aws:acm:us-east-1:111122223333:certificate/1" && aws_cloudfront_distribution.this["docs"].aliases == toset(["docs.acme.example", "www.docs.acme.example"])
    error_message = "A site with hosts must answer on them with its certificate, over TLS 1.2 at least."
  }
  assert {
    condition     = aws_cloudfront_distribution.this["raw"].viewer_certificate[0].cloudfront_default_certificate && length(aws_acm_certificate.this) == 1 && output.certificate_arns["raw"] == null
    error_message = "A site without hosts must answer with CloudFront's certificate."
  }
  assert {
    condition     = alltrue([for distribution in aws_cloudfront_distribution.this : distribution.default_cache_behavior[0].viewer_protocol_policy == "redirect-to-https" && distribution.web_acl_id == output.web_acl_arn && distribution.enabled])
    error_message = "Sites must answer over TLS only, behind the firewall."
  }
  assert {
    condition     = { for name, record in aws_route53_record.proof : name => one(record.records) } == { "docs.acme.example" = "_a.acm-validations.aws.", "www.docs.acme.example" = "_b.acm-validations.aws." }
    error_message = "Each host must be proved."
  }
  assert {
    condition     = tolist(keys(aws_route53_record.site)) == tolist(["docs.acme.example A", "docs.acme.example AAAA", "www.docs.acme.example A", "www.docs.acme.example AAAA"]) && alltrue([for record in aws_route53_record.site : record.alias[0].name == "d1.cloudfront.net" && record.zone_id == "Z1"])
    error_message = "Each host must point to the distribution, over IPv4 and IPv6."
  }
  assert {
    condition     = aws_cloudfront_cache_policy.this["docs"].default_ttl == 600 && aws_cloudfront_cache_policy.this["raw"].default_ttl == 86400
    error_message = "Content must be cached as long as asked."
  }
  assert {
    condition     = aws_cloudfront_response_headers_policy.this["docs"].security_headers_config[0].strict_transport_security[0].access_control_max_age_sec == 63072000 && aws_cloudfront_response_headers_policy.this["docs"].security_headers_config[0].content_security_policy[0].content_security_policy == "default-src 'self'; frame-ancestors 'none'" && aws_cloudfront_response_headers_policy.this["docs"].security_headers_config[0].content_type_options[0].override
    error_message = "Browsers must be told to stay on TLS, not to guess types, and what content may load."
  }
  assert {
    condition     = toset([for response in aws_cloudfront_distribution.this["docs"].custom_error_response : "${response.error_code} ${response.response_code} ${response.response_page_path}"]) == toset(["403 404 /404.html", "404 404 /404.html"]) && length(aws_cloudfront_distribution.this["raw"].custom_error_response) == 0
    error_message = "What is not there must show the page for it."
  }
  assert {
    condition     = aws_cloudfront_distribution.this["docs"].restrictions[0].geo_restriction[0].restriction_type == "whitelist" && aws_cloudfront_distribution.this["docs"].restrictions[0].geo_restriction[0].locations == toset(["DE", "FR"]) && aws_cloudfront_distribution.this["raw"].restrictions[0].geo_restriction[0].restriction_type == "none"
    error_message = "A site may be limited to countries."
  }
  assert {
    condition     = aws_cloudwatch_log_delivery_source.this["docs"].resource_arn == aws_cloudfront_distribution.this["docs"].arn && one(aws_cloudwatch_log_delivery_destination.this["docs"].delivery_destination_configuration).destination_resource_arn == "arn:aws:s3:::acme-logs/cdn" && length(aws_cloudwatch_log_delivery.this) == 1
    error_message = "Requests must be logged where a bucket is named."
  }
  assert {
    condition     = aws_wafv2_web_acl.this[0].scope == "CLOUDFRONT" && { for rule in aws_wafv2_web_acl.this[0].rule : rule.name => rule.priority } == { rate = 0, AWSManagedRulesAmazonIpReputationList = 1, AWSManagedRulesKnownBadInputsRuleSet = 2 } && one([for rule in aws_wafv2_web_acl.this[0].rule : "${rule.statement[0].rate_based_statement[0].limit} ${rule.statement[0].rate_based_statement[0].evaluation_window_sec}" if rule.name == "rate"]) == "6000 60"
    error_message = "The firewall must limit requests per minute and refuse known bad ones."
  }
  assert {
    condition     = output.urls == { docs = ["https://docs.acme.example/", "https://www.docs.acme.example/"], raw = ["https://d1.cloudfront.net/"] } && output.distribution_arns["docs"] == "arn:aws:cloudfront::111122223333:distribution/E1" && output.distribution_ids["raw"] == "E1" && output.domain_names["raw"] == "d1.cloudfront.net"
    error_message = "The outputs must describe the sites."
  }
  assert {
    condition     = aws_cloudfront_distribution.this["docs"].tags["Service"] == "docs" && aws_cloudfront_distribution.this["docs"].tags["Project"] == "acme"
    error_message = "A site must carry the labels of its service."
  }
}

run "certificate_and_firewall_that_are_brought" {
  command = plan

  variables {
    sites = {
      docs = {
        name        = "acme-dev-docs"
        bucket      = { domain_name = "acme-dev-docs.s3.eu-central-1.amazonaws.com" }
        hosts       = ["docs.acme.example"]
        certificate = { arn = "arn:aws:acm:us-east-1:111122223333:certificate/theirs" }
        web_acl     = { arn = "arn:aws:wafv2:us-east-1:111122223333:global/webacl/theirs/1" }
      }
    }
  }

  assert {
    condition     = length(aws_acm_certificate.this) + length(aws_route53_record.proof) + length(aws_route53_record.site) + length(aws_wafv2_web_acl.this) + length(aws_cloudwatch_log_delivery.this) == 0 && aws_cloudfront_distribution.this["docs"].viewer_certificate[0].acm_certificate_arn == "arn:aws:acm:us-east-1:111122223333:certificate/theirs" && aws_cloudfront_distribution.this["docs"].web_acl_id == "arn:aws:wafv2:us-east-1:111122223333:global/webacl/theirs/1"
    error_message = "What is brought must be used, and nothing made beside it."
  }
}

run "no_sites_make_nothing" {
  command = plan

  assert {
    condition     = length(aws_wafv2_web_acl.this) + length(aws_cloudfront_distribution.this) == 0 && output.web_acl_arn == null
    error_message = "Without sites there must be no firewall."
  }
}

run "things_of_another_region_are_refused" {
  command = plan
  variables {
    sites = {
      docs = { name = "docs", bucket = { domain_name = "b.s3.amazonaws.com" }, hosts = ["docs.acme.example"], certificate = { arn = "arn:aws:acm:eu-central-1:111122223333:certificate/1" } }
      raw  = { name = "raw", bucket = { domain_name = "b.s3.amazonaws.com" }, web_acl = { arn = "arn:aws:wafv2:eu-central-1:111122223333:regional/webacl/1/1" } }
    }
  }
  expect_failures = [aws_cloudfront_distribution.this["docs"], aws_cloudfront_distribution.this["raw"]]
}

run "a_provider_of_another_region_is_refused" {
  command = apply
  override_resource {
    target = aws_acm_certificate.this
    values = {
      arn                       = "arn:aws:acm:eu-central-1:111122223333:certificate/1"
      domain_validation_options = [{ domain_name = "docs.acme.example", resource_record_name = "_1", resource_record_type = "CNAME", resource_record_value = "_a" }]
    }
  }
  variables {
    zone  = { id = "Z1" }
    sites = { other = { name = "docs", bucket = { domain_name = "b.s3.amazonaws.com" }, hosts = ["docs.acme.example"] } }
  }
  expect_failures = [aws_acm_certificate.this["other"]]
}

run "wrong_names_and_limits_are_refused" {
  command = plan
  variables {
    name    = "Acme"
    web_acl = { requests_per_minute = 1 }
    sites   = { docs = { name = "a b", bucket = { domain_name = "b.s3.amazonaws.com" } } }
  }
  expect_failures = [var.name, var.sites, var.web_acl]
}

run "a_wildcard_host_is_refused" {
  command = plan
  variables {
    zone  = { id = "Z1" }
    sites = { docs = { name = "docs", bucket = { domain_name = "b.s3.amazonaws.com" }, hosts = ["*.acme.example"] } }
  }
  expect_failures = [var.sites]
}

run "a_host_of_two_sites_is_refused" {
  command = plan
  variables {
    zone  = { id = "Z1" }
    sites = { a = { name = "a", bucket = { domain_name = "b" }, hosts = ["a.acme.example"] }, b = { name = "b", bucket = { domain_name = "b" }, hosts = ["a.acme.example"] } }
  }
  expect_failures = [var.sites]
}

run "more_hosts_than_a_certificate_has_are_refused" {
  command = plan
  variables {
    zone  = { id = "Z1" }
    sites = { docs = { name = "docs", bucket = { domain_name = "b.s3.amazonaws.com" }, hosts = [for index in range(11) : "h${index}.acme.example"] } }
  }
  expect_failures = [var.sites]
}

run "a_path_without_slash_is_refused" {
  command = plan
  variables {
    sites = { docs = { name = "docs", bucket = { domain_name = "b.s3.amazonaws.com" }, path = "public" } }
  }
  expect_failures = [var.sites]
}

run "an_unknown_price_class_is_refused" {
  command = plan
  variables {
    sites = { docs = { name = "docs", bucket = { domain_name = "b.s3.amazonaws.com" }, price_class = "Cheap" } }
  }
  expect_failures = [var.sites]
}

run "caching_over_a_year_is_refused" {
  command = plan
  variables {
    sites = { docs = { name = "docs", bucket = { domain_name = "b.s3.amazonaws.com" }, cache_seconds = 31536001 } }
  }
  expect_failures = [var.sites]
}

run "a_country_by_its_name_is_refused" {
  command = plan
  variables {
    sites = { docs = { name = "docs", bucket = { domain_name = "b.s3.amazonaws.com" }, allowed_countries = ["Germany"] } }
  }
  expect_failures = [var.sites]
}

run "hosts_without_zone_and_certificate_are_refused" {
  command = plan
  variables {
    sites = { docs = { name = "docs", bucket = { domain_name = "b.s3.amazonaws.com" }, hosts = ["docs.acme.example"] } }
  }
  expect_failures = [var.sites]
}

run "values_that_are_known_after_apply_only_can_be_planned" {
  command = plan

  module {
    source = "./tests/unknown"
  }

  assert {
    condition     = module.cdn.urls["raw"][0] == "https://raw.acme.example/"
    error_message = "Buckets, a zone and a certificate made in the same apply must be usable."
  }
}
