mock_provider "aws" {
  source = "./tests/mocks"
}

mock_provider "aws" {
  alias  = "us_east_1"
  source = "./tests/mocks"
}

variables {
  environment = {
    name        = "dev"
    owner       = "platform@example.com"
    cost_center = "cc-0001"
    region      = "us-east-1"
    dns         = { domain = "dev.example.com" }
    network     = { cidr = "10.20.0.0/16", zones = ["us-east-1a", "us-east-1b", "us-east-1c"] }
    sizes = {
      database = { small = "db.t4g.medium" }
      cache    = { small = "cache.t4g.small" }
    }
    log_retention       = "7d"
    deletion_protection = false
    notify              = ["platform@example.com"]
    budget              = { monthly = 100, services = { tabular = 50 } }
    pipelines           = { issuer = "https://token.example.com", plan_subjects = ["repo:inferloop:pull_request"], apply_subjects = ["repo:inferloop:environment:dev"] }
  }
  eks_config = {
    node_pools = { general = { machine_types = ["m7i.large"], min = 1, max = 3 } }
    access     = { platform = { principal = "arn:aws:iam::123456789012:role/platform", role = "admin" } }
  }
  services = yamldecode(file("./tests/services.yaml"))
}

run "each_service_gets_what_its_file_asks_for" {
  command = apply
  assert {
    condition     = keys(module.database.arns) == ["shared", "tabular-archive"] && keys(module.cache.arns) == ["shared"] && keys(module.queue.arns) == ["tabular-jobs"] && keys(module.storage.arns) == ["lake", "tabular-datasets"]
    error_message = "Databases, caches, queues and buckets are those of the services, shared ones once."
  }
  assert {
    condition     = keys(module.functions.arns) == ["tabular-index", "tabular-notify", "thumbs"] && keys(module.batch.job_definition_arns) == ["tabular-nightly"] && keys(module.containers.service_names) == ["edge"] && keys(module.metadata.arns) == ["tabular-runs"] && keys(module.files.ids) == ["reader-models"]
    error_message = "Functions, jobs, Fargate services, tables and file systems are those of the services."
  }
  assert {
    condition     = keys(module.security.service_key_arns) == ["edge", "tabular"]
    error_message = "reader and thumbs ask for the platform's key, so they have none of their own."
  }
  assert {
    condition     = keys(output.platform.identities) == ["reader", "tabular"]
    error_message = "Only what runs in the cluster has a service account's role."
  }
  assert {
    condition     = keys(output.platform.databases.tabular) == ["archive", "old", "postgres"] && output.platform.databases.tabular.postgres.auth == "iam" && output.platform.databases.tabular.postgres.secret == null && output.platform.databases.tabular.old.auth == "secret" && output.platform.databases.tabular.old.secret == "arn:aws:secretsmanager:us-east-1:123456789012:secret:old-AbCdEf"
    error_message = "A database is entered with a token, one that is brought with its secret, of which only the ARN is told."
  }
  assert {
    condition     = output.platform.databases.tabular.postgres.host == "inferloop-dev-shared.abc.us-east-1.rds.amazonaws.com" && output.platform.databases.tabular.postgres.database == "tabular"
    error_message = "Where the service's database is."
  }
  assert {
    condition     = output.platform.object_storage.buckets.tabular.datasets.prefix == "datasets" && output.platform.object_storage.buckets.edge.lake.prefix == "edge"
    error_message = "Each service keeps to its prefix."
  }
  assert {
    condition     = contains(keys(local.permissions.tabular), "traces") && !contains(keys(local.permissions.edge), "traces")
    error_message = "Who traces may write traces, outside of the cluster too, and nobody else."
  }
  assert {
    condition     = local.container_permissions.tabular["submit-tabular-nightly"].actions == ["batch:SubmitJob"] && keys(local.container_permissions.edge) == keys(local.permissions.edge)
    error_message = "A service's containers submit the service's own jobs."
  }
  assert {
    condition     = contains(keys(module.cluster[0].addon_versions), "aws-efs-csi-driver")
    error_message = "Where there is a file system, the cluster can mount it."
  }
  assert {
    condition = { for addon, controller in output.platform.controllers : addon => "${controller.namespace}/${controller.service_account}" } == {
      aws-load-balancer-controller = "kube-system/aws-load-balancer-controller"
      cert-manager                 = "cert-manager/cert-manager"
      cluster-autoscaler           = "kube-system/cluster-autoscaler"
      external-dns                 = "external-dns/external-dns"
      external-secrets             = "external-secrets/external-secrets"
      keda                         = "keda/keda-operator"
      velero                       = "velero/velero-server"
    } && output.platform.backup.bucket == "inferloop-dev-cluster-backups-123456789012"
    error_message = "Each add-on that asks AWS for something has a role, and the cluster's backups a bucket; found ${jsonencode(output.platform.controllers)}."
  }
  assert {
    condition     = jsondecode(local.read_secrets).Statement[0].Resource == [for key in local.cluster_secrets : module.secrets.arns[key]] && length(local.cluster_secrets) > 0 && jsondecode(local.read_secrets).Statement[1].Condition.StringEquals["kms:ViaService"] == "secretsmanager.us-east-1.amazonaws.com" && !contains(flatten([jsondecode(local.read_secrets).Statement[*].Resource]), "*")
    error_message = "External Secrets reads the secrets of services in the cluster by name, and no other: ${local.read_secrets}"
  }
  assert {
    condition     = jsondecode(local.see_queues).Statement == [{ Sid = "CountMessages", Effect = "Allow", Action = "sqs:GetQueueAttributes", Resource = [module.queue.arns["tabular-jobs"]] }]
    error_message = "KEDA counts the messages of this environment's queues and reads none: ${local.see_queues}"
  }
  assert {
    condition     = length(setsubtract(flatten([for statement in jsondecode(module.addons.policies["velero"]).Statement : statement.Resource]), [module.cluster_backup.arns["velero"], "${module.cluster_backup.arns["velero"]}/inferloop-dev/*", module.cluster_backup.key_arns["velero"]])) == 0 && !strcontains(module.addons.policies["velero"], "ec2:")
    error_message = "Velero writes objects below its prefix, and makes no snapshots: ${module.addons.policies["velero"]}"
  }
  assert {
    condition     = output.ci.plan_role_arn != null && output.ci.apply_role_arn != null
    error_message = "Pipelines get their roles."
  }
}

run "add_ons_take_what_is_brought_by_the_way_of_the_cluster" {
  command = apply
  variables {
    environment      = merge(var.environment, { budget = null })
    eks_config       = merge(var.eks_config, { identity_mode = "irsa" })
    cluster_services = { nodes = "karpenter", certificates = { issuer = "own-ca" }, backup = { bucket = "their-backups" }, controllers = { karpenter = "arn:aws:iam::123456789012:role/karpenter" } }
    services         = {}
  }
  assert {
    condition     = join(" ", keys(output.platform.controllers)) == "aws-load-balancer-controller external-dns external-secrets karpenter keda velero" && output.platform.controllers.karpenter.role == "arn:aws:iam::123456789012:role/karpenter"
    error_message = "What is not installed needs no role, and a role that is brought is used; found ${jsonencode(output.platform.controllers)}."
  }
  assert {
    condition     = alltrue([for controller in values(output.platform.controllers) : controller.annotations["eks.amazonaws.com/role-arn"] == controller.role])
    error_message = "In mode irsa every service account bears its role."
  }
  assert {
    condition     = output.platform.backup.bucket == "their-backups" && !contains(keys(module.addons.policies), "keda") && !contains(keys(module.addons.policies), "external-secrets")
    error_message = "The bucket is theirs, and without services there is nothing to read and to count."
  }
}

run "a_cluster_that_brings_everything_gets_no_roles" {
  command = plan
  variables {
    environment      = merge(var.environment, { budget = null })
    cluster_services = { managed = false }
    services         = {}
  }
  assert {
    condition     = length(local.addon_roles) == 0 && length(module.cluster_backup.arns) == 0
    error_message = "Neither roles nor a bucket."
  }
}

run "a_misspelt_choice_of_add_ons_is_refused" {
  command = plan
  variables {
    environment      = merge(var.environment, { budget = null })
    cluster_services = { nodes = "Karpenter", certificates = { issuer = "lets-encrypt" }, controllers = { keda = "keda" } }
    services         = {}
  }
  expect_failures = [var.cluster_services]
}

run "schedules_and_rules_are_written_as_aws_reads_them" {
  command = plan
  variables {
    environment = merge(var.environment, { budget = null })
    services = merge(
      { for name, schedule in {
        daily = "0 3 * * *", workdays = "30 6 * * 1-5", weekend = "0 0 * * 6-7", sunday = "0 0 * * 0", alternate = "0 0 * * */2", named = "0 9 * * MON,3", monthly = "0 0 1 * ?", steps = "0 0 * * 1-5/2",
      } : name => { spec = { service = { type = "cron", schedule = schedule, image = { tag = "1" }, placement = { runtime = "batch" } } } } },
      { pod = { spec = { service = { type = "cron", schedule = "0 0 13 * 5" } } } },
      { for name, path in { all = "/", api = "/api", deep = "/api/deep/path" } : name => {
        spec                    = { service = { image = { tag = "1" }, placement = { runtime = "fargate" } }, networking = { ingress = { enabled = true, path = path } } }
      } },
    )
  }
  assert {
    condition = { for text, cron in local.aws_cron : text => cron } == {
      "0 3 * * *"     = "cron(0 3 * * ? *)"
      "30 6 * * 1-5"  = "cron(30 6 ? * MON,TUE,WED,THU,FRI *)"
      "0 0 * * 6-7"   = "cron(0 0 ? * SAT,SUN *)"
      "0 0 * * 0"     = "cron(0 0 ? * SUN *)"
      "0 0 * * */2"   = "cron(0 0 ? * SUN,TUE,THU,SAT *)"
      "0 9 * * MON,3" = "cron(0 9 ? * MON,WED *)"
      "0 0 1 * ?"     = "cron(0 0 1 * ? *)"
      "0 0 * * 1-5/2" = "cron(0 0 ? * MON,WED,FRI *)"
    }
    error_message = "Six fields, weekdays by name, and one of day and weekday open; what runs in the cluster keeps its own."
  }
  assert {
    condition     = local.rule_priorities["deep"] < local.rule_priorities["api"] && local.rule_priorities["api"] < local.rule_priorities["all"] && alltrue([for priority in local.rule_priorities : priority >= 1 && priority <= 50000])
    error_message = "The path with more parts is tried first."
  }
}

run "a_day_and_a_weekday_together_are_refused" {
  command = plan
  variables {
    environment = merge(var.environment, { budget = null })
    services    = { night = { spec = { service = { type = "cron", schedule = "0 0 13 * 5", image = { tag = "1" }, placement = { runtime = "batch" } } } } }
  }
  expect_failures = [output.platform]
}

run "a_function_from_another_registry_is_refused" {
  command = plan
  variables {
    environment = merge(var.environment, { budget = null })
    services    = { lambda = { spec = { service = { type = "function", image = { repository = "registry.example.com/f", tag = "1" } } } } }
  }
  expect_failures = [output.platform]
}

run "a_fargate_host_outside_of_the_domain_is_refused" {
  command = plan
  variables {
    environment = merge(var.environment, { budget = null })
    services = { edge = { spec = {
      service    = { image = { tag = "1" }, placement = { runtime = "fargate" } }
      networking = { ingress = { enabled = true, hosts = ["edge.example.org"] } }
    } } }
  }
  expect_failures = [output.platform]
}

run "a_service_that_only_the_cluster_reaches_is_refused_elsewhere" {
  command = plan
  variables {
    environment = merge(var.environment, { budget = null })
    services = {
      inner = {}
      edge = { spec = {
        service      = { image = { tag = "1" }, placement = { runtime = "fargate" }, env = { INNER = { value = "$${dependencies.inner.url}" } } }
        dependencies = { inner = { type = "service" } }
      } }
    }
  }
  expect_failures = [output.platform]
}

run "without_services_and_cluster_there_is_a_network_and_little_more" {
  command = plan
  variables {
    services    = {}
    eks_config  = { enabled = false }
    environment = merge(var.environment, { pipelines = null, budget = null, security = { threat_detection = false, audit_trail = false } })
  }
  assert {
    condition     = output.platform.cluster == null && output.ci == null
    error_message = "Without a cluster and pipelines there is nothing to tell of them."
  }
  assert {
    condition = sum([for things in [
      module.database.arns, module.cache.arns, module.queue.arns, module.storage.arns, module.secrets.arns, module.metadata.arns, module.files.ids,
      module.functions.arns, module.batch.queue_arns, module.containers.service_names, module.registry.urls, module.security.service_key_arns, module.cdn.distribution_ids,
    ] : length(things)]) == 0
    error_message = "What no service asks for is not made."
  }
  assert {
    condition     = module.security.trail_arn == null && module.security.guardduty_detector_id == null && module.edge.web_acl_arn == null
    error_message = "Safeguards that the organisation runs elsewhere are left to it, and a firewall needs a way in."
  }
}

run "everything_can_be_brought" {
  command = plan
  variables {
    environment = merge(var.environment, {
      encryption_key = "arn:aws:kms:us-east-1:123456789012:key/99999999-2222-3333-4444-555555555555"
      dns            = { domain = "dev.example.com", existing_zone = "Z999", existing_certificate = "arn:aws:acm:us-east-1:123456789012:certificate/99999999-2222-3333-4444-555555555555" }
      budget         = { monthly = 100, existing_monitor = "arn:aws:ce::123456789012:anomalymonitor/9" }
      security       = { existing_detector = "99999999999999999999999999999999" }
      registry       = { existing = "123456789012.dkr.ecr.us-east-1.amazonaws.com/shared" }
      identities     = { tabular = "arn:aws:iam::123456789012:role/our-tabular" }
      network = merge(var.environment.network, { existing = {
        vpc_id             = "vpc-0123456789abcdef0"
        cidr               = "10.99.0.0/16"
        public_subnet_ids  = ["subnet-01", "subnet-02", "subnet-03"]
        private_subnet_ids = ["subnet-11", "subnet-12", "subnet-13"]
        data_subnet_ids    = ["subnet-21", "subnet-22", "subnet-23"]
      } })
      shared = {
        database = { existing = { host = "db.example.com", secret = "arn:aws:secretsmanager:us-east-1:123456789012:secret:db-AbCdEf", resource_id = "db-XYZ", security_group = "sg-0123456789abcdef0" } }
        cache    = { existing = { host = "cache.example.com" } }
      }
    })
    eks_config = { existing = {
      name                   = "ours"
      endpoint               = "https://ours.example.com"
      ca_certificate         = "Y2E="
      oidc_issuer            = "https://oidc.example.com/id/1"
      oidc_provider_arn      = "arn:aws:iam::123456789012:oidc-provider/oidc.example.com/id/1"
      node_security_group_id = "sg-0fedcba9876543210"
    } }
    services = {
      tabular = { spec = { dependencies = {
        postgres = { type = "database", shared = true }
        redis    = { type = "cache", shared = true }
        bucket   = { type = "storage", existing = { bucket = "our-bucket" } }
        queue    = { type = "queue", existing = { arn = "arn:aws:sqs:us-east-1:123456789012:ours", url = "https://sqs.us-east-1.amazonaws.com/123456789012/ours" } }
        files    = { type = "storage", class = "file", existing = { file_system = "fs-0123456789abcdef0" } }
        function = { type = "function", existing = { arn = "arn:aws:lambda:us-east-1:123456789012:function:ours" } }
        table    = { type = "database", engine = "dynamodb", existing = { table = "ours" } }
      } } }
    }
  }
  assert {
    condition     = output.platform.cluster.name == "ours" && output.platform.dns.zone == "Z999" && output.platform.databases.tabular.postgres.host == "db.example.com" && output.platform.caches.tabular.redis.host == "cache.example.com" && output.platform.object_storage.buckets.tabular.bucket.bucket == "our-bucket" && output.platform.queues.tabular.queue.url == "https://sqs.us-east-1.amazonaws.com/123456789012/ours" && output.platform.files.tabular.files.file_system == "fs-0123456789abcdef0" && output.platform.tables.tabular.table.name == "ours" && output.platform.identities.tabular.role == "arn:aws:iam::123456789012:role/our-tabular"
    error_message = "What is brought is told like what is made."
  }
  assert {
    condition     = module.network.vpc_id == "vpc-0123456789abcdef0" && output.platform.registry.repositories["tabular"] == "123456789012.dkr.ecr.us-east-1.amazonaws.com/shared/tabular" && module.security.platform_key_arns["platform"] == "arn:aws:kms:us-east-1:123456789012:key/99999999-2222-3333-4444-555555555555"
    error_message = "Network, registry and key are those that were brought."
  }
  assert {
    condition     = module.security.guardduty_detector_id == "99999999999999999999999999999999" && module.observability.anomaly_monitor_arn == "arn:aws:ce::123456789012:anomalymonitor/9"
    error_message = "An account's one detector and one monitor are those that were brought."
  }
}
