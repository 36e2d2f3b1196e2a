# The platform and the releases come from the modules that make them, so that what is tested is what is released.
variables {
  environment = {
    name        = "dev"
    owner       = "platform@example.com"
    cost_center = "cc-0001"
    region      = "us-east-1"
    account     = { id = "123456789012" }
    dns         = { domain = "dev.example.com" }
    network     = { cidr = "10.20.0.0/16", zones = ["us-east-1a", "us-east-1b"] }
    sizes       = { database = { small = "db.t4g.medium" }, cache = { small = "cache.t4g.small" } }
  }
  cluster = {
    node_pools = {
      general = {}
      spot    = { spot = true }
      gpu-t4  = { gpu = { type = "nvidia-t4" } }
      gpu-l4  = { gpu = { type = "nvidia-l4", count = 4 }, spot = true }
    }
  }
  services = {
    tabular = {
      metadata = { team = "data", labels = { tier = "gold" } }
      spec = {
        service = {
          image             = { tag = "1.0" }
          port              = 9000
          args              = ["serve"]
          resources         = { cpu = "0.5", memory = "1Gi", limits = { cpu = "2", memory = "2Gi" } }
          autoscaling       = { min = 2, max = 10, cpu = 70 }
          disruption_budget = { max_unavailable = "25%" }
          env = {
            DATABASE = { value = "postgres://$${dependencies.postgres.host}:$${dependencies.postgres.port}/$${dependencies.postgres.database}?price=$1" }
            BUCKET   = { value = "s3://$${dependencies.datasets.bucket}/$${dependencies.datasets.prefix}" }
            QUEUE    = { value = "$${dependencies.jobs.arn} $${dependencies.jobs.url}" }
            CACHE    = { value = "$${dependencies.redis.prefix}$${dependencies.redis.user}" }
            TABLE    = { value = "$${dependencies.runs.table}" }
            NOTIFY   = { value = "$${dependencies.notify.name} $${dependencies.notify.arn}" }
            NLP      = { value = "$${dependencies.nlp.url} $${dependencies.nlp.host}:$${dependencies.nlp.port}" }
            EDGE     = { value = "$${dependencies.edge.url} $${dependencies.edge.port}" }
            FILES    = { value = "$${dependencies.shared-files.path}" }
            EMPTY    = { value = "" }
            KEY      = { secret = { name = "signing", key = "private" } }
          }
          health = {
            liveness  = { path = "/health", port = 9001 }
            readiness = { path = "/ready", initial_delay = "1m", period = "5s" }
            startup   = { path = "/health", failure_threshold = 30 }
          }
          migrations   = { command = ["migrate"], env = { STEP = { value = "up" }, TOKEN = { secret = { name = "signing", key = "public" } } }, timeout = "20m" }
          canary       = { image = { tag = "1.1" }, weight = 5 }
          grace_period = "1m"
          placement    = { zones = ["us-east-1a"], spread = "node" }
        }
        workers = {
          generate = { autoscaling = { min = 0, max = 20, cpu = 80, queue_length = 5, queue = "jobs", schedules = { office = { start = "0 7 * * 1-5", end = "0 19 * * 1-5", replicas = 3 } } }, spot = true, priority = "batch" }
          nightly  = { type = "cron", schedule = "0 3 * * MON-WED", time_zone = "Europe/Berlin", timeout = "2h", retries = 1 }
          import   = { type = "job", completions = 8, parallelism = 4, timeout = "30m", placement = { node_pool = "spot" } }
          train    = { type = "ray", command = ["python"], args = ["train.py"], timeout = "1h", ray = { workers = 3, resources = { cpu = "4", memory = "16Gi", gpu = { count = 1, type = "nvidia-t4" } } } }
        }
        dependencies = {
          postgres     = { type = "database", shared = true }
          redis        = { type = "cache", shared = true }
          old          = { type = "database", existing = { host = "10.1.2.3", port = 6543, database = "old", secret = "arn:aws:secretsmanager:us-east-1:123456789012:secret:old" } }
          partner      = { type = "cache", existing = { host = "cache.example.org" } }
          datasets     = { type = "storage", path = "/datasets" }
          shared-files = { type = "storage", class = "file", path = "/mnt/files" }
          runs         = { type = "database", engine = "dynamodb" }
          jobs         = { type = "queue" }
          elsewhere    = { type = "queue", existing = { arn = "arn:aws:sqs:eu-west-1:123456789012:q", url = "https://sqs.eu-west-1.amazonaws.com/123456789012/q" } }
          notify       = { type = "function", source = "jobs" }
          moved        = { type = "service" }
          nlp          = { type = "service" }
          edge         = { type = "service" }
        }
        networking = {
          ingress = {
            enabled         = true, path = "/api/tabular", hosts = ["b.example.com", "a.example.com"], rate_limit = 600, timeout = "2m"
            auth            = { type = "jwt", issuer = "https://login.example.com", audience = "inferloop" }
            cors            = { origins = ["https://app.example.com"], max_age = "2h" }
            request_headers = { set = { X-Platform = "inferloop" } }
          }
          service_mesh = { enabled = true, timeout = "1m", circuit_breaker = { consecutive_errors = 7 } }
          migration    = { host = "old.example.com", weight = 20 }
        }
        monitoring = { metrics = { port = 9002 }, tracing = { enabled = true, sampling_rate = 0.5 } }
        secrets    = { signing = {}, unused = {} }
        slo        = { availability = 99.9, latency_p95 = "300ms" }
      }
    }
    nlp = {
      metadata = { namespace = "science" }
      spec = {
        service    = { image = { repository = "registry.example.com/team/nlp", digest = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" }, replicas = 3, spot = true, resources = { gpu = { count = 4, type = "nvidia-l4" } } }
        networking = { ingress = { enabled = true, auth = { type = "key", secret = "callers" } } }
        secrets    = { callers = {} }
        monitoring = { metrics = { enabled = false }, tracing = { enabled = true } }
      }
    }
    moved = { spec = { networking = { service_mesh = { enabled = true }, migration = { host = "moved.example.org", port = 8443 } } } }
    edge  = { spec = { service = { image = { tag = "1" }, placement = { runtime = "fargate" } }, networking = { ingress = { enabled = true, hosts = ["edge.dev.example.com"] } } } }
    disk  = { spec = { service = { type = "stateful", replicas = 2, volume = { size = "10Gi" } } } }
    busy  = { spec = { service = { autoscaling = { max = 3, memory = 80, requests_per_second = 50 } }, networking = { service_mesh = { enabled = true } } } }
    batch = { spec = { service = { type = "worker", replicas = 2 }, dependencies = { work = { type = "queue", shared = true } }, workers = { pull = { autoscaling = { max = 3, queue_length = 2 } } } } }
  }
}

run "platform" {
  command = plan
  module {
    source = "../../base/placeholder"
  }
}

run "releases" {
  command = plan
  module {
    source = "../services"
  }
  variables {
    platform = run.platform.platform
  }
}

run "a_service_with_everything" {
  command = plan
  variables {
    name      = "tabular"
    callees   = run.releases.releases["tabular"].callees
    callers   = run.releases.releases["tabular"].callers
    ingress   = run.releases.releases["tabular"].ingress
    labels    = run.releases.releases["tabular"].labels
    platform  = run.platform.platform
    processes = run.releases.releases["tabular"].processes
    service   = run.releases.releases["tabular"].service
    uses      = run.releases.releases["tabular"].uses
  }
  assert {
    condition     = length(output.problems) == 0
    error_message = "Nothing is wrong with it; found ${jsonencode(output.problems)}."
  }
  assert {
    condition = { for name, variable in output.values.processes.main.env : name => try(variable.value, variable.secret) } == {
      DATABASE = "postgres://inferloop-dev-shared.placeholder.invalid:5432/tabular?price=$1"
      BUCKET   = "s3://inferloop-dev-tabular-datasets-123456789012/datasets"
      QUEUE    = "arn:aws:sqs:us-east-1:123456789012:inferloop-dev-tabular-jobs https://sqs.us-east-1.amazonaws.com/123456789012/inferloop-dev-tabular-jobs"
      CACHE    = "tabular:inferloop-dev-tabular"
      TABLE    = "inferloop-dev-tabular-runs"
      NOTIFY   = "inferloop-dev-tabular-notify arn:aws:lambda:us-east-1:123456789012:function:inferloop-dev-tabular-notify"
      NLP      = "http://nlp.science.svc.cluster.local nlp.science.svc.cluster.local:80"
      EDGE     = "https://edge.dev.example.com/api/edge 443"
      FILES    = "/mnt/files"
      EMPTY    = ""
      KEY      = { name = "signing", key = "private" }
    }
    error_message = "Variables have what they ask dependencies for, texts as they are, and secrets by name and key."
  }
  assert {
    condition     = output.values.processes.generate.env == output.values.processes.main.env && output.values.migrations.env.STEP.value == "up" && output.values.migrations.env.DATABASE == output.values.processes.main.env.DATABASE && output.values.migrations.timeoutSeconds == 1200
    error_message = "Workers and migrations find what the service finds."
  }
  assert {
    condition     = jsonencode(output.values.secrets) == jsonencode({ signing = { key = "arn:aws:secretsmanager:us-east-1:123456789012:secret:inferloop-dev-tabular-signing", properties = ["private", "public"] } })
    error_message = "A secret has the properties that somebody uses; one that nobody uses stays in the store."
  }
  assert {
    condition     = { for name, process in output.values.processes : name => process.kind } == { main = "Deployment", generate = "Deployment", nightly = "CronJob", import = "Job" } && keys(output.values.rayJobs) == ["train"]
    error_message = "Each type has its kind of object."
  }
  assert {
    condition     = output.values.processes.main.resources == { requests = { cpu = "500m", memory = "1024Mi" }, limits = { cpu = "2", memory = "2048Mi" } }
    error_message = "Amounts are as Kubernetes writes them."
  }
  assert {
    condition     = output.values.processes.main.autoscaling == { kind = "hpa", min = 2, max = 10, cpu = 70 } && !contains(keys(output.values.processes.main), "replicas")
    error_message = "What scales by cpu alone has an HPA, which says how many replicas there are."
  }
  assert {
    condition = jsonencode(output.values.processes.generate.autoscaling) == jsonencode({
      kind = "keda", min = 0, max = 20, cpu = 80
      triggers = [
        { type = "aws-sqs-queue", name = "jobs", authentication = "jobs", metadata = { awsRegion = "us-east-1", queueLength = "5", queueURL = "https://sqs.us-east-1.amazonaws.com/123456789012/inferloop-dev-tabular-jobs" } },
        { type = "cron", name = "office", metadata = { timezone = "Etc/UTC", start = "0 7 * * 1-5", end = "0 19 * * 1-5", desiredReplicas = "3" } },
      ]
    }) && output.values.triggerAuthentications == { jobs = { podIdentity = "aws" } }
    error_message = "What scales by a queue or by the clock does so by KEDA, which asks the queue as itself."
  }
  assert {
    condition     = output.values.processes.main.disruptionBudget == { maxUnavailable = "25%" } && !contains(keys(output.values.processes.generate), "disruptionBudget")
    error_message = "The disruption budget is that of the service itself."
  }
  assert {
    condition = jsonencode(output.values.processes.main.probes) == jsonencode({
      liveness  = { path = "/health", port = 9001, periodSeconds = 10, timeoutSeconds = 2, failureThreshold = 3 }
      readiness = { path = "/ready", initialDelaySeconds = 60, periodSeconds = 5, timeoutSeconds = 2, failureThreshold = 3 }
      startup   = { path = "/health", periodSeconds = 10, timeoutSeconds = 2, failureThreshold = 30 }
    }) && !contains(keys(output.values.processes.generate), "probes") && !contains(keys(output.values.processes.generate), "port")
    error_message = "Probes are in seconds, of what listens."
  }
  assert {
    condition     = output.values.processes.nightly.schedule == { expression = "0 3 * * MON-WED", timeZone = "Europe/Berlin" } && output.values.processes.nightly.timeoutSeconds == 7200 && output.values.processes.nightly.retries == 1 && output.values.processes.import.completions == 8 && output.values.processes.import.parallelism == 4
    error_message = "Jobs have their schedule, times, tries and parts."
  }
  assert {
    condition     = output.values.processes.generate.preferredNodes == { "inferloop.io/capacity" = "spot" } && jsonencode(output.values.processes.generate.tolerations) == jsonencode([{ effect = "NoSchedule", key = "inferloop.io/spot", operator = "Equal", value = "true" }]) && !contains(keys(output.values.processes.main), "tolerations")
    error_message = "Spot capacity is preferred and its taint borne where that was said, and only there."
  }
  assert {
    condition     = output.values.processes.import.nodeSelector == { "inferloop.io/pool" = "spot" } && output.values.processes.import.tolerations == output.values.processes.generate.tolerations && jsonencode(output.values.processes.main.zones) == jsonencode(["us-east-1a"]) && output.values.processes.main.spread == "node"
    error_message = "A pool is chosen by its label, with its taints; zones and spread as said."
  }
  assert {
    condition     = output.values.rayJobs.train.nodeSelector == { "inferloop.io/pool" = "gpu-t4" } && output.values.rayJobs.train.workers == 3 && output.values.rayJobs.train.resources.gpus == 1 && output.values.rayJobs.train.resources.limits.cpu == "4" && output.values.rayJobs.train.headResources.requests.cpu == "500m" && jsonencode(output.values.rayJobs.train.command) == jsonencode(["python", "train.py"]) && output.values.rayJobs.train.tolerations[0].key == "nvidia.com/gpu"
    error_message = "The workers of a Ray job have their own amounts, on nodes with their GPUs."
  }
  assert {
    condition = jsonencode(output.values.network.egressTo) == jsonencode([
      { namespace = "inferloop", app = "moved", port = 8000, name = "moved" },
      { namespace = "science", app = "nlp", port = 8000, name = "nlp" },
      { cidr = "0.0.0.0/0", except = ["169.254.0.0/16"], port = 8443, name = "moved-former" },
      { cidr = "10.1.2.3/32", port = 6543, name = "old" },
      { cidr = "0.0.0.0/0", except = ["169.254.0.0/16"], port = 6379, name = "partner" },
      { cidr = "10.20.0.0/16", port = 5432, name = "postgres" },
      { cidr = "10.20.0.0/16", port = 6379, name = "redis" },
      { cidr = "0.0.0.0/0", except = ["169.254.0.0/16"], port = 443, name = "interfaces" },
      { cidr = "169.254.170.23/32", port = 80, name = "pod-identity" },
    ])
    error_message = "Pods reach what is declared: services, servers in the network, brought servers where they are, interfaces, tokens."
  }
  assert {
    condition     = jsonencode(output.values.network.ingressFrom) == jsonencode([{ namespace = "kong" }, { namespace = "monitoring", port = "metrics", process = "generate" }, { namespace = "monitoring", port = "metrics" }])
    error_message = "The gateway and the measurements reach it, nobody else."
  }
  assert {
    condition     = jsonencode(output.values.files) == jsonencode({ shared-files = { driver = "efs.csi.aws.com", handle = "fs-00000000::fsap-00000000", mountOptions = ["tls", "iam"] } }) && output.values.processes.main.mounts == { shared-files = "/mnt/files" }
    error_message = "File systems are mounted over TLS, as the service, where it said."
  }
  assert {
    condition     = output.values.mesh.kind == "istio" && output.values.mesh.timeoutSeconds == 60 && output.values.mesh.circuitBreaker.consecutiveErrors == 7 && output.values.canary == { weight = 5, replicas = 1, image = { tag = "1.1" } } && output.values.migration == { host = "old.example.com", port = 443, weight = 20 }
    error_message = "The mesh, a canary and the traffic to a former place."
  }
  assert {
    condition = jsonencode(output.values.gateway) == jsonencode({
      kind           = "kong", hosts = ["a.example.com", "b.example.com"], path = "/api/tabular", timeoutSeconds = 120, rateLimit = 600
      parent         = { name = "platform", namespace = "kong" }
      auth           = { type = "jwt", issuer = "https://login.example.com", audience = "inferloop" }
      cors           = { origins = ["https://app.example.com"], methods = ["GET", "POST"], headers = [], credentials = false, maxAgeSeconds = 7200 }
      requestHeaders = { set = { X-Platform = "inferloop" } }
    })
    error_message = "The way in."
  }
  assert {
    condition     = jsonencode(output.values.monitoring) == jsonencode({ metrics = { enabled = true, path = "/metrics", port = 9002 }, tracing = { enabled = true, samplingRate = 0.5 }, runbook = "https://docs.dev.example.com/runbooks", slo = { availability = 99.9, latencyP95Seconds = 0.3 } }) && output.values.test == { enabled = true, kind = "api", readyPath = "/ready" }
    error_message = "Measurements, traces, aims, and a test by the interface where there is a database."
  }
  assert {
    condition     = output.values.labels.Team == "data" && output.values.labels.tier == "gold" && output.values.environment == "dev"
    error_message = "Labels are the tags of the service."
  }
  assert {
    condition     = output.timeout_seconds == 300 + 2 * 300 + 1200 + 1800
    error_message = "Two pods may start for five minutes each, migrations take 20 minutes and the job half an hour."
  }
  assert {
    condition     = !strcontains(jsonencode(output.values), "null")
    error_message = "Nothing in it is null."
  }
}

run "a_brought_image_on_gpus" {
  command = plan
  variables {
    name      = "nlp"
    callees   = run.releases.releases["nlp"].callees
    callers   = run.releases.releases["nlp"].callers
    ingress   = run.releases.releases["nlp"].ingress
    labels    = run.releases.releases["nlp"].labels
    platform  = run.platform.platform
    processes = run.releases.releases["nlp"].processes
    service   = run.releases.releases["nlp"].service
    uses      = run.releases.releases["nlp"].uses
  }
  assert {
    condition     = length(output.problems) == 0
    error_message = "Nothing is wrong with it; found ${jsonencode(output.problems)}."
  }
  assert {
    condition     = jsonencode(output.values.image) == jsonencode({ repository = "registry.example.com/team/nlp", digest = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" }) && !contains(keys(output.values), "test")
    error_message = "Another image than the generator has no test that asks the generator."
  }
  assert {
    condition     = output.values.processes.main.resources.gpus == 4 && output.values.processes.main.nodeSelector == { "inferloop.io/pool" = "gpu-l4" } && jsonencode(output.values.processes.main.tolerations[*].key) == jsonencode(["inferloop.io/spot", "nvidia.com/gpu"]) && output.values.processes.main.preferredNodes == { "inferloop.io/capacity" = "spot" } && output.values.processes.main.replicas == 3
    error_message = "GPUs of a type on spot capacity: both taints are borne."
  }
  assert {
    condition     = jsonencode(output.values.network.ingressFrom) == jsonencode([{ namespace = "kong" }, { namespace = "inferloop", app = "tabular" }])
    error_message = "Who depends on it may call, and without measurements nobody measures."
  }
  assert {
    condition     = jsonencode(output.values.secrets.callers.properties) == jsonencode(["value"]) && output.values.gateway.auth == { type = "key", secret = "callers" }
    error_message = "The key of callers is in the secret, which the gateway needs in the cluster."
  }
  assert {
    condition     = !contains(keys(output.values), "mesh") && !contains(keys(output.values.monitoring), "slo") && output.values.monitoring.metrics.enabled == false
    error_message = "What is not asked for is left out."
  }
}

run "disks_of_replicas" {
  command = plan
  variables {
    name      = "disk"
    callees   = run.releases.releases["disk"].callees
    callers   = run.releases.releases["disk"].callers
    ingress   = run.releases.releases["disk"].ingress
    labels    = run.releases.releases["disk"].labels
    platform  = run.platform.platform
    processes = run.releases.releases["disk"].processes
    service   = run.releases.releases["disk"].service
    uses      = run.releases.releases["disk"].uses
  }
  assert {
    condition     = length(output.problems) == 0 && output.values.processes.main.kind == "StatefulSet" && output.values.processes.main.volume == { size = "10Gi", storageClass = "default", path = "/data" } && output.values.processes.main.replicas == 2 && output.values.image.tag == local.generator.tag
    error_message = "A service with a disk is a StatefulSet; one that names no image runs the generator."
  }
  assert {
    condition     = !contains(keys(output.values.network), "egressTo") && output.values.test.kind == "command"
    error_message = "It reaches nothing, and is tested by the command line."
  }
}

run "requests_are_counted_by_keda" {
  command = plan
  variables {
    name      = "busy"
    callees   = run.releases.releases["busy"].callees
    callers   = run.releases.releases["busy"].callers
    ingress   = run.releases.releases["busy"].ingress
    labels    = run.releases.releases["busy"].labels
    platform  = run.platform.platform
    processes = run.releases.releases["busy"].processes
    service   = run.releases.releases["busy"].service
    uses      = run.releases.releases["busy"].uses
  }
  assert {
    condition     = output.values.processes.main.autoscaling == { kind = "keda", min = 1, max = 3, memory = 80, requestsPerSecond = 50 }
    error_message = "Requests for each second are counted by KEDA."
  }
}

run "a_worker_listens_to_nobody" {
  command = plan
  variables {
    name      = "batch"
    callees   = run.releases.releases["batch"].callees
    callers   = run.releases.releases["batch"].callers
    ingress   = run.releases.releases["batch"].ingress
    labels    = run.releases.releases["batch"].labels
    platform  = run.platform.platform
    processes = run.releases.releases["batch"].processes
    service   = run.releases.releases["batch"].service
    uses      = run.releases.releases["batch"].uses
  }
  assert {
    condition     = !contains(keys(output.values), "gateway") && jsonencode(output.values.network.ingressFrom) == jsonencode([{ namespace = "monitoring", port = "metrics" }, { namespace = "monitoring", port = "metrics", process = "pull" }]) && !contains(keys(output.values), "test") && !contains(keys(output.values.processes.main), "port") && output.values.processes.pull.autoscaling.triggers[0].name == "work"
    error_message = "A worker has no port, nobody calls it but to measure it; its one queue needs no name."
  }
}

