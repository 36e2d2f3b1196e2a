variables {
  environment = {
    name        = "dev"
    owner       = "platform@example.com"
    cost_center = "cc-0001"
    tags        = { stage = "early" }
    region      = "us-east-1"
    dns         = { domain = "dev.example.com" }
    network     = { cidr = "10.20.0.0/16", zones = ["us-east-1a", "us-east-1b", "us-east-1c"], reserved_cidrs = ["10.0.0.0/16", "10.1.0.0/16"] }
    shared = {
      database = { size = "medium", storage = "100Gi", multi_az = true, backup_retention = "14d" }
      cache    = { version = "8.1", replicas = 1 }
    }
    sizes = {
      database = { small = "db.t4g.medium", medium = "db.m7g.large" }
      cache    = { small = "cache.t4g.small", large = "cache.r7g.large" }
    }
    log_retention = "7d"
    identities    = { nlp = "arn:aws:iam::123456789012:role/nlp" }
  }
  cluster = {
    node_pools = { general = {}, gpu = { gpu = { type = "nvidia-t4" } } }
  }
  unique_suffix = "123456789012"
  services = {
    tabular = {
      metadata = { team = "data", owner = "ada@example.com", cost_center = "cc-1001", labels = { tier = "gold" } }
      spec = {
        service = {
          image       = { tag = "1.0" }
          resources   = { cpu = "0.1", memory = "1Gi", limits = { cpu = "1500m" } }
          autoscaling = { min = 2, max = 10, cpu = 70 }
          env         = { MODE = { value = "api" }, LEVEL = { value = "info" } }
        }
        workers = {
          generate = { replicas = 3, resources = { requests = { cpu = "1.0005", memory = "512M" } }, env = { MODE = { value = "worker" } } }
          nightly  = { type = "cron", schedule = "0 3 * * 1-5", timeout = "2h", placement = { runtime = "batch" }, spot = true }
        }
        dependencies = {
          postgres = { type = "database", shared = true }
          archive  = { type = "database", engine = "aurora-postgresql", storage = "1Ti", replicas = 1, backup_retention = "30d" }
          runs     = { type = "database", engine = "dynamodb", table = { partition_key = "run" } }
          redis    = { type = "cache", shared = true }
          scratch  = { type = "cache", engine = "redis", size = "large" }
          datasets = { type = "storage", path = "/datasets/", lifecycle = { infrequent_after = "30d", expire_after = "365d" } }
          lake     = { type = "storage", shared = true, path = "/tables" }
          jobs     = { type = "queue", visibility = "15m", dead_letters = { max_receives = 3 } }
          events   = { type = "queue", shared = true, retention = "1h", dead_letters = { enabled = false } }
          notify   = { type = "function", source = "jobs", memory = "1G" }
          index    = { type = "function", source = "datasets", timeout = "5m" }
          nlp      = { type = "service" }
        }
        networking = { ingress = { enabled = true, rate_limit = 600, cdn = "datasets", timeout = "2m" } }
        monitoring = { logs = { retention = "90d" } }
        secrets    = { signing = {}, partner = { existing = "arn:aws:secretsmanager:us-east-1:123456789012:secret:partner" } }
        data       = { classification = "confidential" }
      }
    }
    nlp = {
      metadata = { namespace = "science" }
      spec = {
        service = { replicas = 2, resources = { gpu = { count = 1 } } }
        dependencies = {
          postgres = { type = "database", shared = true }
          lake     = { type = "storage", shared = true }
          events   = { type = "queue", shared = true, retention = "1h", dead_letters = { enabled = false } }
          models   = { type = "storage", class = "file", path = "/models" }
        }
        data = { encryption_key = "platform" }
      }
    }
    plain = {}
  }
}

run "names_and_tags" {
  command = plan
  assert {
    condition     = output.name == "inferloop-dev" && output.databases["tabular-archive"].name == "inferloop-dev-tabular-archive" && output.queues["events"].name == "inferloop-dev-events"
    error_message = "Names are <project>-<environment>-<service>-<dependency>, and without the service where services share by name."
  }
  assert {
    condition     = output.buckets["tabular-datasets"].name == "inferloop-dev-tabular-datasets-123456789012"
    error_message = "Names of buckets end with what makes them unique."
  }
  assert {
    condition     = output.labels == { CostCenter = "cc-0001", Environment = "dev", ManagedBy = "terraform", Owner = "platform@example.com", Project = "inferloop", stage = "early" }
    error_message = "Tags of the environment."
  }
  assert {
    condition     = output.service_labels["tabular"] == { CostCenter = "cc-1001", DataClassification = "confidential", Owner = "ada@example.com", Service = "tabular", Team = "data", tier = "gold" }
    error_message = "Tags of a service: its own people and costs, its labels."
  }
  assert {
    condition     = output.service_labels["plain"] == { CostCenter = "cc-0001", DataClassification = "internal", Owner = "platform@example.com", Service = "plain" }
    error_message = "A service that names nobody has the environment's people and costs, and no Team."
  }
  assert {
    condition     = output.reserved_cidrs == { kubernetes-services = "172.20.0.0/16", reserved-1 = "10.0.0.0/16", reserved-2 = "10.1.0.0/16" }
    error_message = "Ranges to keep away from, by what they are for."
  }
}

run "data_stores" {
  command = plan
  assert {
    condition = output.databases["shared"].databases == {
      nlp     = { database = "nlp", role = "nlp" }
      tabular = { database = "tabular", role = "tabular" }
    }
    error_message = "On the shared instance each service has a database and a role."
  }
  assert {
    condition     = output.databases["shared"].machine_type == "db.m7g.large" && output.databases["shared"].storage_gb == 100 && output.databases["shared"].multi_az && output.databases["shared"].backup_retention_days == 14 && output.databases["shared"].encryption_key_of == null
    error_message = "The shared instance is what the environment says."
  }
  assert {
    condition     = output.databases["tabular-archive"].machine_type == "db.t4g.medium" && output.databases["tabular-archive"].storage_gb == 1024 && output.databases["tabular-archive"].multi_az && output.databases["tabular-archive"].version == "16" && output.databases["tabular-archive"].encryption_key_of == "tabular"
    error_message = "A database of the service's own has its sizes, the environment's version and zones, and its key."
  }
  assert {
    condition     = output.caches["shared"].version == "8.1" && output.caches["shared"].replicas == 1 && output.caches["shared"].users == { tabular = "inferloop-dev-tabular" }
    error_message = "The shared cache has a user for each service."
  }
  assert {
    condition     = output.caches["tabular-scratch"].version == null && output.caches["tabular-scratch"].machine_type == "cache.r7g.large" && output.caches["tabular-scratch"].users == { tabular = "inferloop-dev-tabular-scratch" }
    error_message = "The environment's version is not that of another engine, and a user's name is its own."
  }
  assert {
    condition     = output.tables["tabular-runs"].partition_key == "run" && output.tables["tabular-runs"].sort_key == null && output.tables["tabular-runs"].backup_retention_days == 7 && !contains(keys(output.databases), "tabular-runs")
    error_message = "dynamodb is a table, not a database instance."
  }
  assert {
    condition     = output.buckets["tabular-datasets"].lifecycle["tabular"] == { archive_after_days = null, expire_after_days = 365, infrequent_after_days = 30, prefix = "" } && output.buckets["tabular-datasets"].events
    error_message = "A lifecycle in days, and events where a function listens."
  }
  assert {
    condition     = keys(output.buckets["lake"].lifecycle) == ["nlp", "tabular"] && output.buckets["lake"].lifecycle["nlp"].prefix == "nlp/" && output.buckets["lake"].lifecycle["tabular"].prefix == "tables/" && !output.buckets["lake"].events
    error_message = "In a shared bucket every service keeps to its own prefix."
  }
  assert {
    condition     = output.file_systems["nlp-models"].paths == { nlp = "/nlp" } && !contains(keys(output.buckets), "nlp-models")
    error_message = "Class file is a file system, not a bucket."
  }
  assert {
    condition     = output.queues["tabular-jobs"].visibility_seconds == 900 && output.queues["tabular-jobs"].retention_seconds == 345600 && output.queues["tabular-jobs"].max_receives == 3 && output.queues["events"].retention_seconds == 3600 && output.queues["events"].max_receives == null
    error_message = "Durations in seconds; without dead letters no number of deliveries."
  }
  assert {
    condition     = output.secrets["tabular-signing"].existing == null && output.secrets["tabular-partner"].existing.arn == "arn:aws:secretsmanager:us-east-1:123456789012:secret:partner"
    error_message = "Secrets, made and brought."
  }
  assert {
    condition     = output.key_services == toset(["tabular"])
    error_message = "A key of its own for a service that asks for one and has something to encrypt; plain has nothing, nlp asks for the platform's."
  }
  assert {
    condition     = output.sites == { tabular = { bucket = "tabular-datasets", host = "tabular-static.dev.example.com", labels = output.service_labels["tabular"], name = "inferloop-dev-tabular", prefix = "datasets" } }
    error_message = "Static content comes from the bucket that cdn names."
  }
  assert {
    condition     = jsonencode(output.uses["tabular"].dependencies["nlp"]) == jsonencode({ brought = false, key = "nlp", kind = "service", path = null, prefix = null }) && output.uses["tabular"].dependencies["datasets"].prefix == "datasets" && output.uses["nlp"].dependencies["models"].path == "/models" && output.uses["tabular"].secrets == { partner = "tabular-partner", signing = "tabular-signing" }
    error_message = "What a service uses, by kind and key."
  }
}

run "processes_and_functions" {
  command = plan
  assert {
    condition     = keys(output.processes) == ["nlp", "plain", "tabular", "tabular-generate", "tabular-nightly"]
    error_message = "The service's own process, and its workers."
  }
  assert {
    condition     = output.processes["tabular"].cpu_millicores == 100 && output.processes["tabular"].cpu_limit_millicores == 1500 && output.processes["tabular"].memory_mb == 1024
    error_message = "0.1 cores are 100 thousandths, exactly; a limit stands beside them."
  }
  assert {
    condition     = output.processes["tabular-generate"].cpu_millicores == 1001 && output.processes["tabular-generate"].memory_mb == 489
    error_message = "Less than a thousandth of a core, or a mebibyte, is rounded up."
  }
  assert {
    condition     = output.processes["plain"].cpu_millicores == 500 && output.processes["plain"].memory_mb == 1024
    error_message = "What says nothing asks for half a core and 1Gi."
  }
  assert {
    condition     = output.processes["tabular-generate"].env["MODE"].value == "worker" && output.processes["tabular-generate"].env["LEVEL"].value == "info"
    error_message = "A worker has the service's variables beside its own."
  }
  assert {
    condition     = output.processes["tabular-nightly"].runtime == "batch" && output.processes["tabular-nightly"].timeout_seconds == 7200 && output.processes["tabular-nightly"].schedule == { expression = "0 3 * * 1-5", time_zone = "Etc/UTC" } && output.processes["tabular-generate"].runtime == "kubernetes"
    error_message = "A worker runs where it says, else where the service runs."
  }
  assert {
    condition     = output.quotas["inferloop"] == { cpu_millicores = 10 * 100 + 3 * 1001 + 500, gpus = 0, memory_mb = 10 * 1024 + 3 * 489 + 1024, pods = 14 }
    error_message = "A namespace's quota is the sum of requests in the cluster, autoscaling at its most, with workers and without what runs elsewhere."
  }
  assert {
    condition     = output.quotas["science"] == { cpu_millicores = 1000, gpus = 2, memory_mb = 2048, pods = 2 }
    error_message = "Quotas count GPUs."
  }
  assert {
    condition     = output.functions["tabular-notify"].source == { key = "tabular-jobs", kind = "queue", prefix = "" } && output.functions["tabular-notify"].memory_mb == 954 && output.functions["tabular-notify"].image.tag == "1.0"
    error_message = "A function has the service's image unless it names one."
  }
  assert {
    condition     = output.functions["tabular-index"].source == { key = "tabular-datasets", kind = "storage", prefix = "datasets" } && output.functions["tabular-index"].timeout_seconds == 300
    error_message = "A function listens to the service's part of the bucket."
  }
  assert {
    condition     = output.ingresses["tabular"].path == "/api/tabular" && output.ingresses["tabular"].hosts == ["dev.example.com"] && output.ingresses["tabular"].timeout_seconds == 120 && !contains(keys(output.ingresses), "plain")
    error_message = "A way in has a path by the service's name and the environment's domain, unless it says others."
  }
  assert {
    condition     = output.retention_days.services == { nlp = 7, plain = 7, tabular = 90 } && output.retention_days.backup == 35 && output.retention_days.backup_cold == null
    error_message = "Logs are kept as the service says, else as the environment says."
  }
}

run "long_names_are_shortened_and_stay_apart" {
  command = plan
  variables {
    environment = merge(var.environment, { name = "a-long-stage-env", project = "the-long-project", identities = {} })
    limits      = { cache = 40, database = 54, queue = 40 }
    services = {
      a-service-whose-name-has-40-characters-x = {
        spec = { dependencies = {
          a-dependency-whose-name-is-just-as-long1 = { type = "cache" }
          a-dependency-whose-name-is-just-as-long2 = { type = "cache" }
          double--hyphen                           = { type = "queue" }
          b                                        = { type = "storage" }
        } }
      }
      platform = { spec = { dependencies = { db = { type = "database" } } } }
    }
  }
  assert {
    condition     = length(output.name) <= 32 && can(regex("^the-long-project-a-long-[0-9a-f]{8}$", output.name))
    error_message = "The base of names has at most 32 characters: ${output.name}."
  }
  assert {
    condition     = alltrue([for cache in output.caches : length(cache.name) <= 40 && can(regex("-[0-9a-f]{8}$", cache.name))]) && length(distinct([for cache in output.caches : cache.name])) == 2
    error_message = "Two long names that differ only at their end stay apart."
  }
  assert {
    condition     = alltrue([for queue in output.queues : !strcontains(queue.name, "--")])
    error_message = "Hyphens in a row are refused by some clouds."
  }
  assert {
    condition     = alltrue([for bucket in output.buckets : length(bucket.name) <= 63 && endswith(bucket.name, "-123456789012")])
    error_message = "The unique ending is never cut off."
  }
  assert {
    condition     = output.databases["platform-db"].databases == { platform = { database = "service_platform", role = "service_platform" } }
    error_message = "Names that PostgreSQL keeps for itself are avoided."
  }
}

run "without_services_there_is_nothing" {
  command = plan
  variables {
    environment = merge(var.environment, { identities = {} })
    services    = {}
  }
  assert {
    condition     = sum([for things in [output.buckets, output.caches, output.databases, output.file_systems, output.functions, output.ingresses, output.processes, output.queues, output.quotas, output.secrets, output.sites, output.tables] : length(things)]) == 0 && length(output.key_services) == 0
    error_message = "Without services nothing must be derived."
  }
}

run "what_is_brought_is_described" {
  command = plan
  variables {
    environment = merge(var.environment, { identities = {}, shared = {
      database = { existing = { host = "db.example.com", secret = "arn:aws:secretsmanager:us-east-1:123456789012:secret:db", resource_id = "db-1" } }
      cache    = { existing = { host = "cache.example.com" } }
    } })
    services = {
      tabular = { spec = { dependencies = {
        postgres = { type = "database", shared = true }
        redis    = { type = "cache", shared = true }
        old      = { type = "database", shared = true, existing = { host = "old.example.com", database = "old", secret = "arn:aws:secretsmanager:us-east-1:123456789012:secret:old" } }
        bucket   = { type = "storage", existing = { bucket = "our-bucket" } }
        files    = { type = "storage", class = "file", existing = { file_system = "fs-1" } }
        queue    = { type = "queue", existing = { arn = "arn:aws:sqs:us-east-1:123456789012:q", url = "https://sqs.example.com/q" } }
        function = { type = "function", existing = { arn = "arn:aws:lambda:us-east-1:123456789012:function:f" } }
        table    = { type = "database", engine = "dynamodb", existing = { table = "t" } }
      } } }
    }
  }
  assert {
    condition     = alltrue([for used in values(output.uses["tabular"].dependencies) : used.brought])
    error_message = "Who uses what is brought knows that it may be outside of the environment's network."
  }
  assert {
    condition     = output.databases["shared"].existing.host == "db.example.com" && output.databases["shared"].existing.port == 5432 && output.databases["tabular-old"].existing.database == "old" && output.databases["tabular-old"].existing.port == 5432
    error_message = "Databases that exist, the environment's and the service's; one that exists is the service's own."
  }
  assert {
    condition     = output.caches["shared"].existing.host == "cache.example.com" && output.caches["shared"].existing.port == 6379
    error_message = "A cache that exists."
  }
  assert {
    condition     = output.buckets["tabular-bucket"].existing.bucket == "our-bucket" && output.file_systems["tabular-files"].existing.file_system == "fs-1" && output.queues["tabular-queue"].existing.url == "https://sqs.example.com/q" && output.functions["tabular-function"].existing.arn == "arn:aws:lambda:us-east-1:123456789012:function:f" && output.tables["tabular-table"].existing.table == "t"
    error_message = "Buckets, file systems, queues, functions and tables that exist."
  }
  assert {
    condition     = length(output.key_services) == 0
    error_message = "A service that only brings things needs no key."
  }
}

run "problems_of_services_stop_everything" {
  command = plan
  variables {
    environment = merge(var.environment, { identities = {} })
    services    = { tabular = { spec = { service = { resources = { memory = "4Gb" } } } } }
  }
  expect_failures = [output.name]
}

run "an_identity_for_nobody_is_refused" {
  command = plan
  variables {
    environment = merge(var.environment, { identities = { nobody = "arn:aws:iam::123456789012:role/x" } })
  }
  expect_failures = [output.name]
}

run "a_budget_for_nobody_is_refused" {
  command = plan
  variables {
    environment = merge(var.environment, { budget = { monthly = 10, services = { nobody = 5 } } })
  }
  expect_failures = [output.name]
}

run "limits_must_leave_room_for_a_hash" {
  command = plan
  variables {
    limits = { queue = 20 }
  }
  expect_failures = [var.limits]
}

run "the_unique_ending_must_fit_into_a_name" {
  command = plan
  variables {
    unique_suffix = "Not_Lower"
  }
  expect_failures = [var.unique_suffix]
}

run "a_faulty_environment_is_refused" {
  command = plan
  variables {
    environment = merge(var.environment, { project = "Inferloop" })
  }
  expect_failures = [var.environment]
}

run "volumes_parts_and_ray_jobs_are_told_and_counted" {
  command = plan
  variables {
    environment = merge(var.environment, { budget = null, identities = {} })
    services = {
      store = { spec = { service = {
        type         = "stateful"
        replicas     = 3
        volume       = { size = "10Gi" }
        grace_period = "5m"
        resources    = { cpu = "1", memory = "1Gi" }
        migrations   = { args = ["migrate"] }
      } } }
      tabular = { spec = {
        service = { replicas = 2, resources = { cpu = "100m", memory = "100Mi" }, image = { tag = "1" }, canary = { image = { tag = "2" }, replicas = 4 } }
        workers = {
          few   = { type = "job", completions = 3, resources = { cpu = "1", memory = "1Gi" } }
          parts = { type = "job", completions = 8, parallelism = 5, resources = { cpu = "1", memory = "1Gi" } }
          train = { type = "ray", resources = { cpu = "1", memory = "1Gi" }, ray = { workers = 6, resources = { cpu = "2", memory = "4Gi", gpu = { count = 1 } } } }
        }
        networking = { ingress = { enabled = true } }
      } }
    }
  }
  assert {
    condition     = output.processes["store"].volume == { size = "10Gi", storage_class = "default", path = "/data" } && output.processes["store"].grace_seconds == 300 && output.processes["tabular"].volume == null
    error_message = "A stateful service's volume and the time it has to stop in are told."
  }
  assert {
    condition     = output.processes["tabular-few"].parallelism == 1 && output.processes["tabular-parts"].completions == 8 && output.processes["tabular-parts"].replicas_max == 5 && output.processes["tabular"].parallelism == null
    error_message = "Parts of a job run one after the other unless more may at once."
  }
  assert {
    condition     = [for field in ["workers", "cpu_millicores", "cpu_limit_millicores", "memory_mb", "memory_limit_mb", "gpus"] : output.processes["tabular-train"].ray[field]] == [6, 2000, 2000, 4096, 4096, 1] && output.processes["tabular-train"].cpu_millicores == 1000
    error_message = "The workers of a Ray job ask for something of their own, its head for what the process does."
  }
  assert {
    # 3 replicas and their migrations; 2 replicas and 4 of the canary, parts one by one and five at once, a head and its 6 workers.
    condition = output.quotas["inferloop"] == {
      cpu_millicores = 4 * 1000 + 6 * 100 + 1000 + 5 * 1000 + 1000 + 6 * 2000, gpus = 6, memory_mb = 4 * 1024 + 6 * 100 + 6 * 1024 + 1024 + 6 * 4096, pods = 4 + 6 + 6 + 7
    }
    error_message = "Quotas count migrations, canaries, parts at once, and the workers of Ray jobs."
  }
}
