mock_provider "aws" {
  mock_resource "aws_kms_key" {
    defaults = { arn = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab", key_id = "1234abcd-12ab-34cd-56ef-1234567890ab" }
  }
  mock_resource "aws_security_group" {
    defaults = { id = "sg-0123456789abcdef0" }
  }
  mock_resource "aws_elasticache_user" {
    defaults = { arn = "arn:aws:elasticache:eu-central-1:111122223333:user:made" }
  }
  mock_resource "aws_elasticache_replication_group" {
    defaults = {
      arn                      = "arn:aws:elasticache:eu-central-1:111122223333:replicationgroup:acme-dev-shared"
      primary_endpoint_address = "master.acme-dev-shared.abc.euc1.cache.amazonaws.com"
      reader_endpoint_address  = "replica.acme-dev-shared.abc.euc1.cache.amazonaws.com"
    }
  }
}

variables {
  name    = "acme-dev"
  account = { id = "111122223333", region = "eu-central-1" }
  labels  = { Project = "acme" }
  network = { vpc_id = "vpc-1", data_subnet_ids = ["subnet-3", "subnet-4"] }
}

run "caches_of_both_engines_and_one_that_exists" {
  command = apply

  variables {
    clients = {
      nodes = { security_group_id = "sg-nodes" }
      api   = { security_group_id = "sg-api", caches = ["sessions"] }
    }
    caches = {
      shared = {
        name       = "acme-dev-shared"
        labels     = { Service = "platform" }
        parameters = { maxmemory-policy = "allkeys-lru" }
        services   = { tabular = { user = "acme-dev-tabular" }, textnlp = { user = "acme-dev-textnlp", commands = "+@read" } }
      }
      sessions = {
        name           = "acme-dev-sessions"
        engine         = "redis"
        replicas       = 0
        final_snapshot = false
        encryption_key = { arn = "arn:aws:kms:eu-central-1:111122223333:key/brought" }
        services       = { syndoc = { user = "acme-dev-syndoc" } }
      }
      old = {
        name     = "acme-old"
        services = { tabular = { user = "legacy" } }
        existing = { host = "cache.example.com", port = 6380, arn = "arn:aws:elasticache:eu-central-1:111122223333:replicationgroup:old", user_arns = { tabular = "arn:aws:elasticache:eu-central-1:111122223333:user:legacy" } }
      }
    }
  }

  assert {
    condition     = keys(aws_elasticache_replication_group.this) == ["sessions", "shared"]
    error_message = "The one that exists must not be made."
  }
  assert {
    condition = alltrue([
      for group in aws_elasticache_replication_group.this :
      group.transit_encryption_enabled && group.transit_encryption_mode == "required" && tobool(group.at_rest_encryption_enabled) && length(group.user_group_ids) == 1
    ])
    error_message = "Every cache must force TLS, be encrypted at rest and be open to its user group only."
  }
  assert {
    condition = alltrue([
      aws_elasticache_replication_group.this["shared"].num_cache_clusters == 2, aws_elasticache_replication_group.this["shared"].automatic_failover_enabled,
      aws_elasticache_replication_group.this["shared"].multi_az_enabled, aws_elasticache_replication_group.this["shared"].final_snapshot_identifier == "acme-dev-shared-final",
      aws_elasticache_replication_group.this["shared"].engine_version == "8.0", aws_elasticache_parameter_group.this["shared"].family == "valkey8",
      aws_elasticache_replication_group.this["shared"].kms_key_id == aws_kms_key.this["shared"].arn,
    ])
    error_message = "A cache with a replica must fail over to another zone, leave a snapshot and use its own key."
  }
  assert {
    condition = alltrue([
      aws_elasticache_replication_group.this["sessions"].num_cache_clusters == 1, !aws_elasticache_replication_group.this["sessions"].automatic_failover_enabled,
      !aws_elasticache_replication_group.this["sessions"].multi_az_enabled, aws_elasticache_replication_group.this["sessions"].final_snapshot_identifier == null,
      aws_elasticache_replication_group.this["sessions"].engine_version == "7.1", aws_elasticache_parameter_group.this["sessions"].family == "redis7",
      aws_elasticache_replication_group.this["sessions"].kms_key_id == "arn:aws:kms:eu-central-1:111122223333:key/brought",
    ])
    error_message = "A cache without replicas must not ask for failover, and use the key that is brought."
  }
  assert {
    condition = { for key, user in aws_elasticache_user.service : key => user.access_string } == {
      "shared/tabular"  = "on ~tabular:* resetchannels &tabular:* +@all -@dangerous -scan -randomkey +info"
      "shared/textnlp"  = "on ~textnlp:* resetchannels &textnlp:* +@read"
      "sessions/syndoc" = "on ~syndoc:* resetchannels &syndoc:* +@all -@dangerous -scan -randomkey +info"
    }
    error_message = "A service must see its own keys and channels only."
  }
  assert {
    condition = alltrue([
      for user in aws_elasticache_user.service : user.authentication_mode[0].type == "iam" && user.user_id == user.user_name
    ]) && aws_elasticache_user.default[0].user_name == "default" && startswith(aws_elasticache_user.default[0].access_string, "off ")
    error_message = "Services must log in through IAM, and the default user must be off."
  }
  assert {
    condition = { for key, group in aws_elasticache_user_group.this : key => group.user_ids } == {
      shared   = toset(["acme-dev-default", "acme-dev-tabular", "acme-dev-textnlp"])
      sessions = toset(["acme-dev-default", "acme-dev-syndoc"])
    }
    error_message = "A cache must admit its own services and the disabled default user."
  }
  assert {
    condition = { for key, rule in aws_vpc_security_group_ingress_rule.client : key => rule.referenced_security_group_id } == {
      "shared/nodes" = "sg-nodes", "sessions/nodes" = "sg-nodes", "sessions/api" = "sg-api"
    }
    error_message = "A client must be admitted to the caches it names, or to all."
  }
  assert {
    condition     = keys(aws_kms_key.this) == ["shared"] && aws_cloudwatch_log_group.this["sessions/slow-log"].kms_key_id == null
    error_message = "A key that is brought must spare one made here."
  }
  assert {
    condition     = output.member_clusters == { shared = ["acme-dev-shared-001", "acme-dev-shared-002"], sessions = ["acme-dev-sessions-001"] }
    error_message = "The nodes must be named as ElastiCache names them."
  }
  assert {
    condition = alltrue([
      output.hosts.old == "cache.example.com", output.ports == { old = 6380, sessions = 6379, shared = 6379 },
      output.user_arns.old.tabular == "arn:aws:elasticache:eu-central-1:111122223333:user:legacy",
      output.user_names == { old = { tabular = "legacy" }, sessions = { syndoc = "acme-dev-syndoc" }, shared = { tabular = "acme-dev-tabular", textnlp = "acme-dev-textnlp" } },
      output.reader_hosts.shared == "replica.acme-dev-shared.abc.euc1.cache.amazonaws.com",
      output.reader_hosts.sessions == "master.acme-dev-shared.abc.euc1.cache.amazonaws.com",
    ])
    error_message = "A cache that exists must be described like one made here."
  }
  assert {
    condition     = aws_elasticache_replication_group.this["shared"].tags == tomap({ Project = "acme", Service = "platform" })
    error_message = "The labels of the item must be laid over those of the module."
  }
}

run "nothing_asked_for_makes_nothing" {
  command = plan
  assert {
    condition     = length(aws_elasticache_subnet_group.this) + length(aws_elasticache_user.default) == 0
    error_message = "An empty map must make nothing."
  }
}

run "replicas_in_one_zone_are_refused" {
  command = plan
  variables {
    network = { vpc_id = "vpc-1", data_subnet_ids = ["subnet-3"] }
    caches  = { shared = { name = "acme" } }
  }
  expect_failures = [aws_elasticache_replication_group.this]
}

run "a_client_of_an_unknown_cache_is_refused" {
  command = plan
  variables {
    clients = { api = { security_group_id = "sg-1", caches = ["nothing"] } }
  }
  expect_failures = [var.clients]
}

run "a_bad_base_name_is_refused" {
  command = plan
  variables {
    name = "Acme"
  }
  expect_failures = [var.name]
}

run "a_long_name_is_refused" {
  command = plan
  variables {
    caches = { x = { name = "acme-production-with-a-name-of-more-than-40" } }
  }
  expect_failures = [var.caches]
}

run "one_name_for_two_caches_is_refused" {
  command = plan
  variables {
    caches = { x = { name = "acme" }, y = { name = "acme" } }
  }
  expect_failures = [var.caches]
}

run "another_engine_is_refused" {
  command = plan
  variables {
    caches = { x = { name = "acme", engine = "memcached" } }
  }
  expect_failures = [var.caches]
}

run "a_version_without_iam_is_refused" {
  command = plan
  variables {
    caches = { x = { name = "acme", engine = "redis", version = "6.2" } }
  }
  expect_failures = [var.caches]
}

run "a_class_of_another_service_is_refused" {
  command = plan
  variables {
    caches = { x = { name = "acme", node_type = "db.t4g.small" } }
  }
  expect_failures = [var.caches]
}

run "too_many_replicas_are_refused" {
  command = plan
  variables {
    caches = { x = { name = "acme", replicas = 6 } }
  }
  expect_failures = [var.caches]
}

run "too_long_a_retention_is_refused" {
  command = plan
  variables {
    caches = { x = { name = "acme", snapshot_retention_days = 36 } }
  }
  expect_failures = [var.caches]
}

run "a_window_that_is_none_is_refused" {
  command = plan
  variables {
    caches = { x = { name = "acme", snapshot_window = "at night" } }
  }
  expect_failures = [var.caches]
}

run "a_prefix_that_is_a_pattern_is_refused" {
  command = plan
  variables {
    caches = { x = { name = "acme", services = { "*" = { user = "all" } } } }
  }
  expect_failures = [var.caches]
}

run "the_default_user_is_refused_as_a_service" {
  command = plan
  variables {
    caches = { x = { name = "acme", services = { tabular = { user = "default" } } } }
  }
  expect_failures = [var.caches]
}

run "one_user_in_two_caches_is_refused" {
  command = plan
  variables {
    caches = { x = { name = "acme", services = { tabular = { user = "tab" } } }, y = { name = "other", services = { tabular = { user = "tab" } } } }
  }
  expect_failures = [var.caches]
}

run "commands_that_open_other_keys_are_refused" {
  command = plan
  variables {
    caches = { x = { name = "acme", services = { tabular = { user = "tab", commands = "+@all ~*" } } } }
  }
  expect_failures = [var.caches]
}

run "values_that_are_known_after_apply_only_can_be_planned" {
  command = plan

  module {
    source = "./tests/unknown"
  }

  assert {
    condition     = module.cache.ports == { shared = 6379, theirs = 6379 }
    error_message = "What is made in the same apply must be usable."
  }
}
