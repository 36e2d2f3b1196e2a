# Forms of the values, those of the wrapper's models, each with the words that a message needs.
locals {
  forms = {
    arn           = { pattern = "^arn:aws(-cn|-us-gov)?:[a-z0-9-]+:[a-z0-9-]*:[0-9]{0,12}:\\S+$", expected = "an ARN such as arn:aws:iam::123456789012:role/name" }
    bytes         = { pattern = "^[1-9][0-9]{0,11}(Ki|Mi|Gi|Ti|k|M|G|T)$", expected = "a whole number with Ki, Mi, Gi, Ti, k, M, G or T, for example 512Mi or 4Gi" }
    cores         = { pattern = "^([1-9][0-9]{0,6}m|[1-9][0-9]{0,3}(\\.[0-9]+)?|0\\.([1-9][0-9]*|0[1-9][0-9]*|00[1-9][0-9]*))$", expected = "cores such as 500m, 0.5 or 2" }
    cron          = { pattern = "^[0-9*/,A-Z-]+ [0-9*/,A-Z?L-]+ [0-9*/,A-Z?LW-]+ [0-9*/,A-Z-]+ [0-9*/,A-Z?L#-]+$", expected = "five fields such as 0 3 * * 1-5 (minute, hour, day, month, weekday)" }
    days          = { pattern = "^[1-9][0-9]{0,4}d$", expected = "whole days, for example 30d" }
    digest        = { pattern = "^sha256:[0-9a-f]{64}$", expected = "sha256: and 64 hexadecimal digits" }
    duration      = { pattern = "^[1-9][0-9]{0,8}(s|m|h|d)$", expected = "a whole number with s, m, h or d, for example 30s" }
    email         = { pattern = "^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$", expected = "an address such as team@example.com" }
    header        = { pattern = "^[A-Za-z0-9-]{1,128}$", expected = "letters, digits and hyphens" }
    host          = { pattern = "^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])$", expected = "a host name in lower case, for example api.example.com" }
    https         = { pattern = "^https://[^\\s/]+(/\\S*)?$", expected = "a URL that begins with https://" }
    image_tag     = { pattern = "^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$", expected = "at most 128 letters, digits and _ . - that do not begin with . or -" }
    label_key     = { pattern = "^([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$", expected = "at most 63 letters, digits and . _ - after an optional prefix such as example.com/" }
    label_value   = { pattern = "^([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$", expected = "at most 63 letters, digits and . _ - that begin and end with a letter or digit" }
    latency       = { pattern = "^[1-9][0-9]{0,5}(ms|s)$", expected = "a time such as 300ms or 2s" }
    name          = { pattern = "^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$", expected = "1 to 40 lower-case letters, digits and hyphens that begin with a letter and do not end with a hyphen" }
    origin        = { pattern = "^(\\*|https?://(\\*\\.)?[A-Za-z0-9.-]+(:[0-9]{1,5})?)$", expected = "an origin such as https://app.example.com, or *" }
    path          = { pattern = "^/([A-Za-z0-9._~-]+(/[A-Za-z0-9._~-]+)*/?)?$", expected = "a path that begins with /, with letters, digits and . _ ~ - between the slashes" }
    replica_share = { pattern = "^(0|[1-9][0-9]{0,3}|[1-9][0-9]?%|100%)$", expected = "a number such as 1 or a percentage such as 25%" }
    repository    = { pattern = "^[a-z0-9]([a-z0-9._-]*[a-z0-9])?(:[0-9]{1,5})?(/[a-z0-9]+([._-]+[a-z0-9]+)*)*$", expected = "a repository such as registry.example.com/team/service, without tag" }
    tag_text      = { pattern = "^[\\pL\\pZ\\pN_.:/=+@-]{1,256}$", expected = "1 to 256 letters, digits, spaces and _ . : / = + - @, because it becomes a tag" }
    time_zone     = { pattern = "^[A-Za-z]+(/[A-Za-z0-9_+-]+)*$", expected = "an IANA time zone such as Europe/Berlin" }
    variable      = { pattern = "^[A-Za-z_][A-Za-z0-9_]{0,127}$", expected = "letters, digits and _ that do not begin with a digit" }
    version       = { pattern = "^[0-9]+(\\.[0-9]+){0,2}$", expected = "a version such as 16 or 16.4" }
  }
}

# Tags that the platform writes; AWS compares some tag keys without regard to case.
locals {
  reserved_labels = ["costcenter", "dataclassification", "environment", "managedby", "name", "owner", "project", "service", "team"]
}
