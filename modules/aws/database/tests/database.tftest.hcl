mock_provider "aws" {
  mock_resource "aws_kms_key" {
    defaults = { arn = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab", key_id = "1234abcd-12ab-34cd-56ef-1234567890ab" }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::111122223333:role/made" }
  }
  mock_resource "aws_security_group" {
    defaults = { id = "sg-0123456789abcdef0" }
  }
  mock_resource "aws_db_instance" {
    defaults = {
      arn                = "arn:aws:rds:eu-central-1:111122223333:db:acme-dev-shared"
      address            = "acme-dev-shared.abc.eu-central-1.rds.amazonaws.com"
      resource_id        = "db-ABCDEFGHIJKLMNOP"
      master_user_secret = [{ kms_key_id = "key", secret_arn = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:rds!db-1", secret_status = "active" }]
    }
  }
  mock_resource "aws_rds_cluster" {
    defaults = {
      arn                 = "arn:aws:rds:eu-central-1:111122223333:cluster:acme-dev-docs"
      id                  = "acme-dev-docs"
      endpoint            = "acme-dev-docs.cluster-abc.eu-central-1.rds.amazonaws.com"
      reader_endpoint     = "acme-dev-docs.cluster-ro-abc.eu-central-1.rds.amazonaws.com"
      cluster_resource_id = "cluster-ABCDEFGHIJKLMNOP"
      master_user_secret  = [{ kms_key_id = "key", secret_arn = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:rds!cluster-1", secret_status = "active" }]
    }
  }
}

variables {
  name    = "acme-dev"
  account = { id = "111122223333", region = "eu-central-1" }
  labels  = { Project = "acme" }
  network = {
    vpc_id             = "vpc-1"
    private_subnet_ids = ["subnet-1", "subnet-2"]
    data_subnet_ids    = ["subnet-3", "subnet-4"]
  }
}

run "instances_of_both_engines_and_one_that_exists" {
  command = apply

  variables {
    clients = {
      nodes = { security_group_id = "sg-nodes" }
      api   = { security_group_id = "sg-api", instances = ["docs"] }
    }
    instances = {
      shared = {
        name           = "acme-dev-shared"
        labels         = { Service = "platform" }
        storage_max_gb = 100
        parameters     = { work_mem = "16384" }
        databases = {
          tabular = { database = "tabular", role = "tabular" }
          textnlp = { database = "textnlp", role = "textnlp_app" }
        }
      }
      docs = {
        name                  = "acme-dev-docs"
        engine                = "aurora-postgresql"
        version               = "16.4"
        serverless            = { min_capacity = 0.5, max_capacity = 8 }
        backup_retention_days = 14
        deletion_protection   = false
        databases             = { syndoc = { database = "syndoc", role = "syndoc" } }
      }
      old = {
        name      = "acme-old"
        databases = { tabular = { database = "legacy", role = "reader" } }
        existing  = { host = "db.example.com", port = 6432, database = "theirs", secret_arn = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:old", resource_id = "db-OLD" }
      }
    }
  }

  assert {
    condition     = keys(aws_db_instance.this) == ["shared"] && keys(aws_rds_cluster.this) == ["docs"]
    error_message = "The one that exists must not be made, and each engine must make its own kind."
  }
  assert {
    condition = alltrue([
      aws_db_instance.this["shared"].storage_encrypted, !aws_db_instance.this["shared"].publicly_accessible,
      aws_db_instance.this["shared"].manage_master_user_password, aws_db_instance.this["shared"].iam_database_authentication_enabled,
      aws_db_instance.this["shared"].multi_az, aws_db_instance.this["shared"].deletion_protection,
      !aws_db_instance.this["shared"].skip_final_snapshot, aws_db_instance.this["shared"].final_snapshot_identifier == "acme-dev-shared-final",
      aws_db_instance.this["shared"].kms_key_id == aws_kms_key.this["shared"].arn,
      aws_db_instance.this["shared"].master_user_secret_kms_key_id == aws_kms_key.this["shared"].arn,
      aws_db_instance.this["shared"].max_allocated_storage == 100,
    ])
    error_message = "An instance must be encrypted, private, protected, with its password in Secrets Manager and IAM authentication."
  }
  assert {
    condition = alltrue([
      aws_rds_cluster.this["docs"].storage_encrypted, aws_rds_cluster.this["docs"].manage_master_user_password,
      aws_rds_cluster.this["docs"].iam_database_authentication_enabled, !aws_rds_cluster.this["docs"].deletion_protection,
      aws_rds_cluster.this["docs"].skip_final_snapshot, aws_rds_cluster.this["docs"].backup_retention_period == 14,
      aws_rds_cluster.this["docs"].serverlessv2_scaling_configuration[0].max_capacity == 8,
    ])
    error_message = "A cluster must be encrypted, with its password in Secrets Manager, and follow its own deletion rule."
  }
  assert {
    condition     = { for key, member in aws_rds_cluster_instance.this : key => member.instance_class } == { "docs/1" = "db.serverless", "docs/2" = "db.serverless" }
    error_message = "multi_az must give a cluster a reader beside its writer."
  }
  assert {
    condition = alltrue([
      for group in [aws_db_parameter_group.this["shared"], aws_rds_cluster_parameter_group.this["docs"]] :
      contains([for parameter in group.parameter : "${parameter.name}=${parameter.value}"], "rds.force_ssl=1")
    ])
    error_message = "TLS must be forced on both engines."
  }
  assert {
    condition     = aws_db_parameter_group.this["shared"].family == "postgres16" && aws_rds_cluster_parameter_group.this["docs"].family == "aurora-postgresql16"
    error_message = "The family must be the engine and its major version."
  }
  assert {
    condition     = contains([for parameter in aws_db_parameter_group.this["shared"].parameter : "${parameter.name}=${parameter.value}"], "work_mem=16384")
    error_message = "Parameters of the item must be set."
  }
  assert {
    condition = { for key, rule in aws_vpc_security_group_ingress_rule.client : key => rule.referenced_security_group_id } == {
      "shared/nodes" = "sg-nodes", "docs/nodes" = "sg-nodes", "docs/api" = "sg-api"
    }
    error_message = "A client must be admitted to the instances it names, or to all."
  }
  assert {
    condition     = alltrue([for rule in aws_vpc_security_group_ingress_rule.client : rule.from_port == 5432 && rule.to_port == 5432 && rule.cidr_ipv4 == null])
    error_message = "Only port 5432 may be open, and only to security groups."
  }
  assert {
    condition = alltrue([
      jsondecode(aws_lambda_invocation.databases["shared"].input).host == aws_db_instance.this["shared"].address,
      jsondecode(aws_lambda_invocation.databases["shared"].input).secret_arn == "arn:aws:secretsmanager:eu-central-1:111122223333:secret:rds!db-1",
      jsondecode(aws_lambda_invocation.databases["shared"].input).databases == [{ database = "tabular", role = "tabular" }, { database = "textnlp", role = "textnlp_app" }],
      aws_lambda_invocation.databases["shared"].triggers.resource_id == "db-ABCDEFGHIJKLMNOP",
      keys(aws_lambda_invocation.databases) == ["docs", "shared"],
    ])
    error_message = "Every instance made here must get its databases and roles, and again when it is made anew."
  }
  assert {
    condition = jsondecode(aws_iam_role_policy.bootstrap[0].policy).Statement[0].Resource == [
      "arn:aws:secretsmanager:eu-central-1:111122223333:secret:rds!cluster-1", "arn:aws:secretsmanager:eu-central-1:111122223333:secret:rds!db-1"
      ] && jsondecode(aws_iam_role_policy.bootstrap[0].policy).Statement[2].Resource == [
      "arn:aws:rds-db:eu-central-1:111122223333:dbuser:cluster-ABCDEFGHIJKLMNOP/platform", "arn:aws:rds-db:eu-central-1:111122223333:dbuser:db-ABCDEFGHIJKLMNOP/platform"
    ]
    error_message = "The function may read the master secrets of these instances only, and connect as the master user only."
  }
  assert {
    condition     = { for key, group in aws_cloudwatch_log_group.this : key => group.name } == { "shared/postgresql" = "/aws/rds/instance/acme-dev-shared/postgresql", "shared/upgrade" = "/aws/rds/instance/acme-dev-shared/upgrade", "docs/postgresql" = "/aws/rds/cluster/acme-dev-docs/postgresql" }
    error_message = "The log groups must be those that RDS writes to."
  }
  assert {
    condition = output.connect_arns == {
      shared = { tabular = "arn:aws:rds-db:eu-central-1:111122223333:dbuser:db-ABCDEFGHIJKLMNOP/tabular", textnlp = "arn:aws:rds-db:eu-central-1:111122223333:dbuser:db-ABCDEFGHIJKLMNOP/textnlp_app" }
      docs   = { syndoc = "arn:aws:rds-db:eu-central-1:111122223333:dbuser:cluster-ABCDEFGHIJKLMNOP/syndoc" }
      old    = { tabular = "arn:aws:rds-db:eu-central-1:111122223333:dbuser:db-OLD/reader" }
    }
    error_message = "connect_arns must name the resource and the role of each service."
  }
  assert {
    condition     = output.hosts.old == "db.example.com" && output.ports == { docs = 5432, old = 6432, shared = 5432 } && output.secret_arns.old == "arn:aws:secretsmanager:eu-central-1:111122223333:secret:old" && output.reader_hosts.old == "db.example.com" && output.database_names == { docs = { syndoc = "syndoc" }, old = { tabular = "theirs" }, shared = { tabular = "tabular", textnlp = "textnlp" } }
    error_message = "An instance that exists must be described like one made here."
  }
  assert {
    condition     = aws_db_instance.this["shared"].tags == tomap({ Project = "acme", Service = "platform" })
    error_message = "The labels of the item must be laid over those of the module."
  }
}

run "nothing_asked_for_makes_nothing" {
  command = plan

  variables {
    instances = {}
  }

  assert {
    condition     = length(aws_db_subnet_group.this) + length(aws_lambda_function.bootstrap) + length(aws_iam_role.monitoring) == 0
    error_message = "An empty map must make nothing."
  }
}

run "one_zone_is_refused" {
  command = plan

  variables {
    network   = { vpc_id = "vpc-1", private_subnet_ids = ["subnet-1"], data_subnet_ids = ["subnet-3"] }
    instances = { shared = { name = "acme" }, docs = { name = "acme-docs", engine = "aurora-postgresql" } }
  }

  expect_failures = [aws_db_instance.this, aws_rds_cluster.this]
}

run "a_client_of_an_unknown_instance_is_refused" {
  command = plan
  variables {
    clients = { api = { security_group_id = "sg-1", instances = ["nothing"] } }
  }
  expect_failures = [var.clients]
}

run "a_hasty_bootstrap_is_refused" {
  command = plan
  variables {
    bootstrap = { timeout_seconds = 10 }
  }
  expect_failures = [var.bootstrap]
}

run "a_bad_name_is_refused" {
  command = plan
  variables {
    instances = { x = { name = "Acme--db" } }
  }
  expect_failures = [var.instances]
}

run "another_engine_is_refused" {
  command = plan
  variables {
    instances = { x = { name = "acme", engine = "mysql" } }
  }
  expect_failures = [var.instances]
}

run "an_old_version_is_refused" {
  command = plan
  variables {
    instances = { x = { name = "acme", version = "13.18" } }
  }
  expect_failures = [var.instances]
}

run "a_class_of_another_service_is_refused" {
  command = plan
  variables {
    instances = { x = { name = "acme", instance_class = "cache.t4g.small" } }
  }
  expect_failures = [var.instances]
}

run "a_class_too_small_for_aurora_is_refused" {
  command = plan
  variables {
    instances = { x = { name = "acme", engine = "aurora-postgresql", instance_class = "db.t4g.micro" } }
  }
  expect_failures = [var.instances]
}

run "too_little_storage_is_refused" {
  command = plan
  variables {
    instances = { x = { name = "acme", storage_gb = 10 } }
  }
  expect_failures = [var.instances]
}

run "a_ceiling_too_close_is_refused" {
  command = plan
  variables {
    instances = { x = { name = "acme", storage_gb = 100, storage_max_gb = 105 } }
  }
  expect_failures = [var.instances]
}

run "a_storage_type_of_the_other_engine_is_refused" {
  command = plan
  variables {
    instances = { x = { name = "acme", storage_type = "aurora-iopt1" } }
  }
  expect_failures = [var.instances]
}

run "read_replicas_of_a_kept_password_are_refused" {
  command = plan
  variables {
    instances = { x = { name = "acme", replicas = 1 } }
  }
  expect_failures = [var.instances]
}

run "too_many_replicas_are_refused" {
  command = plan
  variables {
    instances = { x = { name = "acme", engine = "aurora-postgresql", replicas = 16 } }
  }
  expect_failures = [var.instances]
}

run "serverless_postgres_is_refused" {
  command = plan
  variables {
    instances = { x = { name = "acme", serverless = { min_capacity = 1, max_capacity = 2 } } }
  }
  expect_failures = [var.instances]
}

run "capacity_upside_down_is_refused" {
  command = plan
  variables {
    instances = { x = { name = "acme", engine = "aurora-postgresql", serverless = { min_capacity = 4, max_capacity = 2 } } }
  }
  expect_failures = [var.instances]
}

run "a_cluster_without_backup_is_refused" {
  command = plan
  variables {
    instances = { x = { name = "acme", engine = "aurora-postgresql", backup_retention_days = 0 } }
  }
  expect_failures = [var.instances]
}

run "a_window_that_is_none_is_refused" {
  command = plan
  variables {
    instances = { x = { name = "acme", backup_window = "at night" } }
  }
  expect_failures = [var.instances]
}

run "odd_performance_insights_are_refused" {
  command = plan
  variables {
    instances = { x = { name = "acme", performance_insights_days = 30 } }
  }
  expect_failures = [var.instances]
}

run "an_odd_monitoring_interval_is_refused" {
  command = plan
  variables {
    instances = { x = { name = "acme", monitoring_interval_seconds = 20 } }
  }
  expect_failures = [var.instances]
}

run "an_unknown_log_is_refused" {
  command = plan
  variables {
    instances = { x = { name = "acme", log_exports = ["audit"] } }
  }
  expect_failures = [var.instances]
}

run "turning_tls_off_is_refused" {
  command = plan
  variables {
    instances = { x = { name = "acme", parameters = { "rds.force_ssl" = "0" } } }
  }
  expect_failures = [var.instances]
}

run "a_reserved_role_is_refused" {
  command = plan
  variables {
    instances = { x = { name = "acme", databases = { tabular = { database = "tabular", role = "platform" } } } }
  }
  expect_failures = [var.instances]
}

run "one_database_for_two_services_is_refused" {
  command = plan
  variables {
    instances = { x = { name = "acme", databases = { a = { database = "x", role = "a" }, b = { database = "x", role = "b" } } } }
  }
  expect_failures = [var.instances]
}

run "one_name_for_two_instances_is_refused" {
  command = plan
  variables {
    instances = { x = { name = "acme" }, y = { name = "acme" } }
  }
  expect_failures = [var.instances]
}

run "a_bad_base_name_is_refused" {
  command = plan
  variables {
    name = "Acme"
  }
  expect_failures = [var.name]
}

run "values_that_are_known_after_apply_only_can_be_planned" {
  command = plan

  module {
    source = "./tests/unknown"
  }

  assert {
    condition     = module.database.ports == { docs = 5432, shared = 5432, theirs = 5432 }
    error_message = "What is made in the same apply must be usable."
  }
}

run "a_family_that_aurora_lacks_is_refused" {
  command = plan
  variables {
    instances = { x = { name = "acme", engine = "aurora-postgresql", instance_class = "db.m7g.large" } }
  }
  expect_failures = [var.instances]
}
