resource "aws_cloudfront_origin_access_control" "this" {
  for_each = var.sites

  name                              = each.value.name
  description                       = "Reads the bucket of ${each.value.name}"
  origin_access_control_origin_type = "s3"
  signing_behavior                  = "always"
  signing_protocol                  = "sigv4"
}

resource "aws_cloudfront_cache_policy" "this" {
  for_each = var.sites

  name        = each.value.name
  comment     = "Static content of ${each.value.name}"
  min_ttl     = 0
  default_ttl = each.value.cache_seconds
  max_ttl     = 31536000

  parameters_in_cache_key_and_forwarded_to_origin {
    enable_accept_encoding_brotli = true
    enable_accept_encoding_gzip   = true
    cookies_config {
      cookie_behavior = "none"
    }
    headers_config {
      header_behavior = "none"
    }
    query_strings_config {
      query_string_behavior = "none"
    }
  }
}

resource "aws_cloudfront_response_headers_policy" "this" {
  for_each = var.sites

  name    = each.value.name
  comment = "What ${each.value.name} tells browsers"

  security_headers_config {
    content_security_policy {
      content_security_policy = each.value.content_policy
      override                = true
    }
    content_type_options {
      override = true
    }
    frame_options {
      frame_option = "DENY"
      override     = true
    }
    referrer_policy {
      referrer_policy = "strict-origin-when-cross-origin"
      override        = true
    }
    strict_transport_security {
      access_control_max_age_sec = 63072000
      include_subdomains         = true
      override                   = true
    }
  }

  remove_headers_config {
    items {
      header = "Server"
    }
  }
}

resource "aws_cloudfront_distribution" "this" {
  for_each = var.sites

  comment             = each.value.name
  enabled             = true
  is_ipv6_enabled     = true
  http_version        = "http2and3"
  aliases             = each.value.hosts
  default_root_object = each.value.root_object
  price_class         = each.value.price_class
  web_acl_id          = each.value.web_acl != null ? each.value.web_acl.arn : one(aws_wafv2_web_acl.this[*].arn)
  tags                = merge(var.labels, each.value.labels, { Name = each.value.name })

  origin {
    origin_id                = "bucket"
    domain_name              = each.value.bucket.domain_name
    origin_path              = trimsuffix(each.value.path, "/")
    origin_access_control_id = aws_cloudfront_origin_access_control.this[each.key].id
  }

  default_cache_behavior {
    target_origin_id           = "bucket"
    allowed_methods            = ["GET", "HEAD", "OPTIONS"]
    cached_methods             = ["GET", "HEAD"]
    viewer_protocol_policy     = "redirect-to-https"
    compress                   = true
    cache_policy_id            = aws_cloudfront_cache_policy.this[each.key].id
    response_headers_policy_id = aws_cloudfront_response_headers_policy.this[each.key].id
  }

  # A bucket that may not be listed says 403 of what it does not have.
  dynamic "custom_error_response" {
    for_each = each.value.not_found_page == null ? [] : [403, 404]
    content {
      error_code            = custom_error_response.value
      response_code         = 404
      response_page_path    = "/${trimprefix(each.value.not_found_page, "/")}"
      error_caching_min_ttl = 60
    }
  }

  restrictions {
    geo_restriction {
      restriction_type = length(each.value.allowed_countries) > 0 ? "whitelist" : "none"
      locations        = each.value.allowed_countries
    }
  }

  # On its own host name CloudFront brings its own certificate, and then takes no other least version than TLSv1.
  viewer_certificate {
    acm_certificate_arn            = local.certificate_arns[each.key]
    cloudfront_default_certificate = length(each.value.hosts) == 0 ? true : null
    minimum_protocol_version       = length(each.value.hosts) == 0 ? "TLSv1" : "TLSv1.2_2021"
    ssl_support_method             = length(each.value.hosts) == 0 ? null : "sni-only"
  }

  lifecycle {
    precondition {
      condition     = each.value.certificate == null || try(strcontains(each.value.certificate.arn, ":us-east-1:"), false)
      error_message = "sites.${each.key}.certificate.arn must be a certificate of us-east-1, the only ones CloudFront takes."
    }
    precondition {
      condition     = each.value.web_acl == null || try(strcontains(each.value.web_acl.arn, ":us-east-1:") && strcontains(each.value.web_acl.arn, ":global/webacl/"), false)
      error_message = "sites.${each.key}.web_acl.arn must be a web ACL of scope CLOUDFRONT, made in us-east-1."
    }
  }
}

resource "aws_route53_record" "site" {
  for_each = var.zone == null ? {} : merge([for key, site in var.sites : merge([
    for host in site.hosts : { for type in ["A", "AAAA"] : "${host} ${type}" => { site = key, host = host, type = type } }
  ]...)]...)

  zone_id = var.zone.id
  name    = each.value.host
  type    = each.value.type

  alias {
    name                   = aws_cloudfront_distribution.this[each.value.site].domain_name
    zone_id                = aws_cloudfront_distribution.this[each.value.site].hosted_zone_id
    evaluate_target_health = false
  }
}
