# The form of a deployment-config.yaml: for each object its keys, and what stands under them. A key with "!" is required; "string|number" is
# text that people also write as a number. Objects and lists of objects are described under their own name.
locals {
  shapes = {
    document = { apiVersion = "string!", environments = "object", kind = "string!", metadata = "object!", spec = "object" }
    metadata = { costCenter = "string", labels = "object", name = "string!", namespace = "string", owner = "string", team = "string" }
    labels   = { "*" = "string" }
    spec = {
      data = "object", dependencies = "list", monitoring = "object", networking = "object", secrets = "list", service = "object", slo = "object", workers = "list"
    }
    service = {
      args      = "list", autoscaling = "object", canary = "object", command = "list", disruptionBudget = "object", env = "list", gracePeriod = "string",
      health    = "object", image = "object", migrations = "object", placement = "object", port = "number", priority = "string", replicas = "number",
      resources = "object", retries = "number", schedule = "string", source = "string", spot = "bool", timeZone = "string", timeout = "string", type = "string",
      volume    = "object"
    }
    worker = {
      args        = "list", autoscaling = "object", command = "list", completions = "number", env = "list", gracePeriod = "string", name = "string!",
      parallelism = "number", placement = "object", priority = "string", ray = "object", replicas = "number", resources = "object", retries = "number",
      schedule    = "string", spot = "bool", timeZone = "string", timeout = "string", type = "string"
    }
    canary       = { image = "object!", replicas = "number", weight = "number" }
    canary_image = { digest = "string", tag = "string" }
    migration    = { host = "string!", port = "number", weight = "number" }
    migrations   = { args = "list", command = "list", env = "list", timeout = "string" }
    ray          = { resources = "object", workers = "number" }
    volume       = { path = "string", size = "string!", storageClass = "string" }
    image        = { digest = "string", repository = "string", tag = "string" }
    env          = { name = "string!", secret = "object", value = "string" }
    secret_ref   = { key = "string", name = "string!" }
    resources    = { cpu = "string|number", gpu = "object|string|number", limits = "object", memory = "string", requests = "object" }
    quantities   = { cpu = "string|number", memory = "string" }
    gpu          = { count = "number", type = "string" }
    autoscaling = {
      cpu = "number", max = "number!", memory = "number", min = "number", queue = "string", queueLength = "number", requestsPerSecond = "number", schedules = "list"
    }
    window            = { end = "string!", name = "string!", replicas = "number!", start = "string!", timeZone = "string" }
    disruption_budget = { maxUnavailable = "string|number", minAvailable = "string|number" }
    placement         = { nodePool = "string", runtime = "string", spread = "string", zones = "list" }
    health            = { liveness = "object", readiness = "object", startup = "object" }
    probe             = { failureThreshold = "number", initialDelay = "string", path = "string!", period = "string", port = "number", timeout = "string" }

    cache = { engine = "string", existing = "object", name = "string!", replicas = "number", shared = "bool", size = "string", type = "string!", version = "string" }
    database = {
      backupRetention = "string", engine = "string", existing = "object", name = "string!", replicas = "number", shared = "bool", size = "string", storage = "string",
      table           = "object", type = "string!", version = "string"
    }
    function = { command = "list", existing = "object", image = "object", memory = "string", name = "string!", source = "string", timeout = "string", type = "string!" }
    queue = {
      deadLetters = "object", existing = "object", fifo = "bool", name = "string!", retention = "string", shared = "bool", type = "string!", visibility = "string"
    }
    service_dependency = { name = "string!", service = "string", type = "string!" }
    storage            = { class = "string", existing = "object", lifecycle = "object", name = "string!", path = "string", shared = "bool", type = "string!" }
    dead_letters       = { enabled = "bool", maxReceives = "number" }
    lifecycle          = { archiveAfter = "string", expireAfter = "string", infrequentAfter = "string" }
    table              = { expires = "string", partitionKey = "string", sortKey = "string" }
    existing_cache     = { host = "string!", port = "number", secret = "string" }
    existing_database  = { database = "string", host = "string", port = "number", secret = "string", table = "string" }
    existing_function  = { arn = "string!" }
    existing_queue     = { arn = "string!", encryptionKey = "string", url = "string!" }
    existing_storage   = { bucket = "string", encryptionKey = "string", fileSystem = "string", securityGroup = "string" }

    networking = { ingress = "object", migration = "object", serviceMesh = "object" }
    ingress = {
      auth    = "object", cdn = "string", cors = "object", enabled = "bool", hosts = "list", path = "string", rateLimit = "number", requestHeaders = "object",
      timeout = "string", waf = "bool"
    }
    cors            = { credentials = "bool", headers = "list", maxAge = "string", methods = "list", origins = "list!" }
    auth            = { audience = "string", issuer = "string", jwksUri = "string", secret = "string", type = "string!" }
    request_headers = { add = "object", remove = "list", set = "object" }
    headers         = { "*" = "string" }
    service_mesh    = { circuitBreaker = "object", enabled = "bool", retries = "number", timeout = "string" }
    circuit_breaker = { consecutiveErrors = "number", ejectionTime = "string", interval = "string", maxConnections = "number", maxPendingRequests = "number" }
    monitoring      = { logs = "object", metrics = "object", tracing = "object" }
    metrics         = { enabled = "bool", path = "string", port = "number" }
    tracing         = { enabled = "bool", samplingRate = "number" }
    logs            = { retention = "string" }
    secret          = { existing = "string", name = "string!", rotation = "string", rotationFunction = "string" }
    slo             = { availability = "number", latencyP95 = "string" }
    data            = { classification = "string", encryptionKey = "string", residency = "list" }
  }

  dependency_shapes = { cache = "cache", database = "database", function = "function", queue = "queue", service = "service_dependency", storage = "storage" }

  # What a value is, by the first character of its JSON.
  kinds = merge(
    { "\"" = "string", "[" = "list", "{" = "object", "t" = "bool", "f" = "bool", "n" = "null", "-" = "number" },
    { for digit in range(10) : tostring(digit) => "number" },
  )
}
