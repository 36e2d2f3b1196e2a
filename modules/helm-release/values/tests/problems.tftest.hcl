# Each sentence that the module says, provoked: by services that modules/base lets pass, or by what it is given from elsewhere.
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
  cluster = { node_pools = { general = {}, spot-gpu = { gpu = { type = "nvidia-t4" }, spot = true }, plain = {} } }
  services = {
    latest                                   = { spec = { service = { image = { tag = "latest" } } } }
    unnamed                                  = { spec = { service = { image = { repository = "registry.example.com/team/unnamed" } } } }
    gpus                                     = { spec = { service = { resources = { gpu = { count = 1, type = "nvidia-t4" } } } } }
    disk                                     = { spec = { service = { type = "stateful", volume = { size = "10Gi", storage_class = "fast" } } } }
    last                                     = { spec = { service = { type = "cron", schedule = "0 3 L JUL,WED *" } } }
    named                                    = { spec = { workers = { test = {} } } }
    moving                                   = { spec = { networking = { service_mesh = { enabled = true }, migration = { host = "old.example.com" } } } }
    gate                                     = { spec = { networking = { ingress = { enabled = true, rate_limit = 100, auth = { type = "key", secret = "keys" } } }, secrets = { keys = {} } } }
    tokens                                   = { spec = { networking = { ingress = { enabled = true, path = "/tokens", auth = { type = "jwt", issuer = "https://login.example.com" } } } } }
    audience                                 = { spec = { networking = { ingress = { enabled = true, path = "/audience", auth = { type = "jwt", issuer = "https://other.example.com", audience = "inferloop", secret = "issuer" } } }, secrets = { issuer = {} } } }
    first                                    = { spec = { networking = { ingress = { enabled = true, path = "/first", auth = { type = "jwt", issuer = "https://same.example.com", secret = "issuer" } } }, secrets = { issuer = {} } } }
    second                                   = { spec = { networking = { ingress = { enabled = true, path = "/second", auth = { type = "jwt", issuer = "https://same.example.com", secret = "issuer", jwks_uri = "https://same.example.com/keys" } } }, secrets = { issuer = {} } } }
    meshed                                   = { spec = { networking = { service_mesh = { enabled = true }, ingress = { enabled = true, path = "/meshed", auth = { type = "jwt", issuer = "https://same.example.com" } } } } }
    label                                    = { metadata = { labels = { "helm.sh/chart" = "mine" } } }
    edge                                     = { spec = { service = { image = { tag = "1" }, placement = { runtime = "fargate" } } } }
    calls                                    = { spec = { service = { env = { EDGE = { value = "$${dependencies.edge.url}" } } }, dependencies = { edge = { type = "service" } } } }
    pool                                     = { spec = { service = { placement = { node_pool = "plain" } } } }
    budget                                   = { spec = { service = { disruption_budget = { min_available = "1" } } } }
    counted                                  = { spec = { workers = { pull = { autoscaling = { max = 2, requests_per_second = 5 } } } } }
    clocks                                   = { spec = { dependencies = { jobs = { type = "queue" } }, workers = { pull = { autoscaling = { max = 2, queue_length = 5, schedules = { jobs = { start = "0 7 * * *", end = "0 9 * * *", replicas = 2 } } } } } } }
    hasty                                    = { spec = { service = { grace_period = "5s" } } }
    mounts                                   = { spec = { dependencies = { one = { type = "storage", class = "file", path = "/mnt/x" }, two = { type = "storage", class = "file", path = "/mnt/x/" } } } }
    headers                                  = { spec = { networking = { ingress = { enabled = true, path = "/headers", request_headers = { add = { X-A = "1" }, set = { X-A = "2" } } } } } }
    a-service-with-a-name-of-forty-letters-x = { spec = { workers = { every-night-at-three = { type = "cron", schedule = "0 3 * * *" } } } }
    brought                                  = { spec = { service = { image = { tag = "1.0" } } } }
    nlp                                      = { spec = { service = { image = { tag = "1.0" } } } }
    tabular                                  = { spec = { service = { image = { tag = "1.0" }, canary = { image = { tag = "1.1" } } }, networking = { service_mesh = { enabled = true } } } }
    uses = { spec = {
      service      = { env = { DB = { value = "$${dependencies.postgres.host}" }, KEY = { secret = { name = "signing" } } } }
      dependencies = { postgres = { type = "database", shared = true }, jobs = { type = "queue" } }
      workers      = { pull = { autoscaling = { min = 0, max = 2, queue_length = 3 } } }
      secrets      = { signing = {} }
    } }
  }
}

run "platform" {
  command = plan
  module {
    source = "../../base/placeholder"
  }
}

run "what_services_ask_for_and_cannot_have" {
  command = plan
  module {
    source = "./tests/every"
  }
  variables {
    # The pools of a cluster that is brought may have no labels.
    platform = merge(run.platform.platform, { cluster = merge(run.platform.platform.cluster, { node_pools = { for name, pool in run.platform.platform.cluster.node_pools : name =>
      merge(pool, { labels = name == "plain" ? {} : pool.labels })
    } }) })
  }
  assert {
    condition = jsonencode(output.problems) == jsonencode({
      a-service-with-a-name-of-forty-letters-x = ["services.a-service-with-a-name-of-forty-letters-x.spec.workers.every-night-at-three makes the name a-service-with-a-name-of-forty-letters-x-every-night-at-three of 61 characters; Kubernetes takes 52 for type cron, so shorten it."]
      audience                                 = ["services.audience.spec.networking.ingress.auth.audience needs the mesh istio (networking.service_mesh.enabled and cluster_services.mesh), as Kong does not look for whom a token is; the mesh is none."]
      budget                                   = ["services.budget.spec.service.disruption_budget lets none of at most 1 pods go, so that no node could ever be emptied; let one go, or have more replicas."]
      clocks                                   = ["services.clocks.spec.workers.pull.autoscaling.schedules has the name of something else that scales it; the queue's, day and requests-per-second are taken."]
      counted                                  = ["services.counted.spec.workers.pull.autoscaling.requests_per_second needs a service that answers requests and has monitoring.metrics enabled, where they are counted."]
      first                                    = ["services.first.spec.networking.ingress.auth.issuer is https://same.example.com, as in second; Kong takes an issuer for one service only, so let the services take part in the mesh istio, where pods check tokens, or use auth.type key."]
      hasty                                    = ["services.hasty.spec.service.grace_period is 5s; what answers requests goes on for 5 s before it ends, so give it more."]
      headers                                  = ["services.headers.spec.networking.ingress.request_headers has X-A in add and in set; leave one out."]
      mounts                                   = ["services.mounts.spec.dependencies mount /mnt/x, /mnt/x/; each needs a path of its own, and / and /tmp are taken."]
      calls                                    = ["services.calls: the variable EDGE asks for dependencies.edge.url, which there is not: the service neither runs in the cluster nor has an ingress."]
      disk                                     = ["services.disk.spec.service.volume.storage_class is fast; the cluster has default."]
      gpus                                     = ["services.gpus.spec.service.resources asks for 1 nvidia-t4 on a node, which no pool offers that it may use; the pools of inferloop-dev offer 1 nvidia-t4 (spot), and spot capacity is for what says spot."]
      label                                    = ["services.label.metadata.labels has helm.sh/chart; labels of app.kubernetes.io, helm.sh and inferloop.io are the platform's own."]
      last                                     = ["services.last.spec.service.schedule is 0 3 L JUL,WED *; Kubernetes knows no L, W and # in it."]
      latest                                   = ["services.latest.spec.service.image.tag is latest, which is another image every day; give it a version, or the digest."]
      named                                    = ["services.named.spec.workers.test has a name that the chart uses itself; main, canary, headless, migrations, shared and test are taken."]
      pool                                     = ["services.pool.spec.service needs the node pools plain, which have no label that the others have not; label their nodes, for example inferloop.io/pool."]
      second = [
        "services.second.spec.networking.ingress.auth.issuer is https://same.example.com, as in first; Kong takes an issuer for one service only, so let the services take part in the mesh istio, where pods check tokens, or use auth.type key.",
        "services.second.spec.networking.ingress.auth.jwks_uri needs the mesh istio (networking.service_mesh.enabled and cluster_services.mesh), as Kong fetches no keys; put the issuer's public key into auth.secret, and leave jwks_uri out.",
      ]
      tokens  = ["services.tokens.spec.networking.ingress.auth.type jwt needs the mesh istio (networking.service_mesh.enabled and cluster_services.mesh), or the gateway kong and auth.secret with the issuer's public key; the mesh is none, the gateway kong."]
      unnamed = ["services.unnamed.spec.service.image has neither tag nor digest; give it one of them, best the digest."]
    })
    error_message = "Each is told what is wrong and what there is; found ${jsonencode(output.problems)}."
  }
}

run "another_gateway_knows_less" {
  command = plan
  module {
    source = "./tests/every"
  }
  variables {
    platform         = run.platform.platform
    cluster_services = { gateway = "gateway-api", mesh = "none", storage_classes = ["fast"] }
    services         = { gate = var.services.gate, disk = var.services.disk, moving = var.services.moving, tabular = var.services.tabular }
  }
  assert {
    condition = jsonencode(output.problems) == jsonencode({ gate = [
      "services.gate.spec.networking.ingress.auth.type key needs cluster_services.gateway kong; it is gateway-api.",
      "services.gate.spec.networking.ingress.rate_limit needs cluster_services.gateway kong; it is gateway-api.",
      ], moving = ["services.moving.spec.networking.migration needs the mesh istio, which splits the traffic; the mesh is none."], tabular = [
      "services.tabular.spec.service.canary gets no requests: there is neither a mesh (networking.service_mesh.enabled and cluster_services.mesh) nor an ingress that shares them out.",
    ] })
    error_message = "Kong alone limits and checks keys; classes that the cluster has are known. Found ${jsonencode(output.problems)}."
  }
}

run "production_wants_digests" {
  command = plan
  module {
    source = "./tests/every"
  }
  variables {
    platform    = merge(run.platform.platform, { environment = "prod" })
    environment = merge(var.environment, { name = "prod" })
    services    = { for name in ["brought", "nlp", "tabular"] : name => var.services[name] }
    images = {
      nlp     = { digest = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" }
      brought = { repository = "registry.example.com/nlp", tag = "2.0" }
    }
  }
  assert {
    condition = jsonencode(output.problems) == jsonencode({
      brought = ["services.brought.spec.service.image has the tag 2.0, which may move; in prod an image needs its digest, which `skopeo inspect --format '{{.Digest}}' docker://registry.example.com/nlp:2.0` prints."]
      tabular = [
        "services.tabular.spec.service.canary.image has the tag 1.1, which may move; in prod an image needs its digest, which `skopeo inspect --format '{{.Digest}}' docker://123456789012.dkr.ecr.us-east-1.amazonaws.com/inferloop-dev/tabular:1.1` prints.",
        "services.tabular.spec.service.image has the tag 1.0, which may move; in prod an image needs its digest, which `skopeo inspect --format '{{.Digest}}' docker://123456789012.dkr.ecr.us-east-1.amazonaws.com/inferloop-dev/tabular:1.0` prints.",
      ]
    })
    error_message = "A tag in production is refused, a digest that takes its place is not; found ${jsonencode(output.problems)}."
  }
}

run "infrastructure_that_is_behind" {
  command = plan
  module {
    source = "./tests/every"
  }
  variables {
    platform = merge(run.platform.platform, {
      databases    = {}
      queues       = {}
      secret_store = merge(run.platform.platform.secret_store, { secrets = {} })
      identities   = { lone = run.platform.platform.identities["uses"] }
      cluster      = merge(run.platform.platform.cluster, { version = "1.29" })
    })
    services = { uses = var.services.uses, lone = { metadata = { namespace = "science" }, spec = { service = { image = { tag = "1" } } } } }
  }
  assert {
    condition = jsonencode(output.problems) == jsonencode({
      lone = [
        "platform.cluster.version is 1.29; the chart of services needs Kubernetes 1.30 or later, so upgrade the cluster inferloop-dev.",
        "services.lone.metadata.namespace is science, and its identity is for namespace inferloop; apply the infrastructure first, which tells the cluster what there is.",
        "services.lone.spec.service.image names no repository, and platform.registry has none for lone; name one, or apply the infrastructure first, which tells the cluster what there is.",
      ]
      uses = [
        "platform.cluster.version is 1.29; the chart of services needs Kubernetes 1.30 or later, so upgrade the cluster inferloop-dev.",
        "services.uses uses what asks for an identity of aws, and platform.identities has none for it; apply the infrastructure first, which tells the cluster what there is.",
        "services.uses.spec.dependencies.jobs is not in the platform of environment dev; apply the infrastructure first, which tells the cluster what there is.",
        "services.uses.spec.dependencies.postgres is not in the platform of environment dev; apply the infrastructure first, which tells the cluster what there is.",
        "services.uses.spec.secrets.signing is not in the store of the platform, aws-secrets-manager; apply the infrastructure first, which tells the cluster what there is.",
      ]
    })
    error_message = "What services have been given since is missed; found ${jsonencode(output.problems)}."
  }
}

run "releases" {
  command = plan
  module {
    source = "../services"
  }
  variables {
    platform = run.platform.platform
    services = { uses = var.services.uses }
  }
}

run "what_modules_base_refuses_is_refused_without_it" {
  command = plan
  variables {
    name     = "uses"
    platform = merge(run.platform.platform, { cluster = null })
    processes = { for key, process in run.releases.releases["uses"].processes : key => merge(process, {
      gpus    = 2
      command = []
      type    = key == "uses" ? "ray" : process.type
      worker  = key == "uses" ? "train" : process.worker
    }) }
    service = run.releases.releases["uses"].service
    uses    = merge(run.releases.releases["uses"].uses, { dependencies = {} })
  }
  assert {
    condition = jsonencode(output.problems) == jsonencode([
      "services.uses.spec.service is placed in a cluster, and platform.cluster is null; enable the cluster of environment dev, or use placement.runtime fargate or batch.",
      "services.uses.spec.workers.pull.autoscaling.queue_length needs a dependency of type queue, named by queue where there are several; services.uses.spec.dependencies has none.",
      "services.uses.spec.workers.pull.resources asks for 2 GPUs on a node, which no pool offers that it may use; the pools of - offer no GPUs, and spot capacity is for what says spot.",
      "services.uses.spec.workers.train.command is missing; a Ray job needs what it runs.",
      "services.uses.spec.workers.train.resources asks for 2 GPUs on a node, which no pool offers that it may use; the pools of - offer no GPUs, and spot capacity is for what says spot.",
      "services.uses: the variable DB asks for dependencies.postgres.host, which there is not.",
    ])
    error_message = "No cluster, no queue, no GPUs, no command, no dependency; found ${jsonencode(output.problems)}."
  }
}
