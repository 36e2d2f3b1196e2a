# Rendered by inferloop-deploy for environment staging on aws, with all defaults written out.
# Change the files named in the comments, not this one.

cluster_services = {
  access = {
    ci        = []
    operator  = []
    read_only = []
    team      = []
  }
  backup = {
    enabled   = true
    retention = "30d"
    schedule  = "0 2 * * *"
  }
  certificates = {
    issuer = "acme"
  }
  controllers = {}
  gateway     = "kong"
  logs        = "loki"
  managed     = true
  mesh        = "istio"
  night = {
    enabled   = false
    end       = "0 6 * * MON-FRI"
    start     = "0 20 * * MON-FRI"
    time_zone = "Etc/UTC"
  }
  nodes           = "cluster-autoscaler"
  policies        = "builtin"
  quotas          = {}
  storage_classes = []
  traces          = "tempo"
  versions        = {}
}

# environments/staging/aws.yaml:8
eks_config = {
  access        = {}
  enabled       = true
  identity_mode = "pod-identity"
  # environments/staging/aws.yaml:9
  node_pools = {
    # environments/staging/aws.yaml:10
    general = {
      disk          = "50Gi"
      labels        = {}
      machine_types = ["m7i.xlarge", "m6i.xlarge"]
      max           = 6
      min           = 2
      spot          = false
    }
    # environments/staging/aws.yaml:12
    gpu = {
      disk = "200Gi"
      # environments/staging/aws.yaml:12
      gpu = {
        count = 1
        type  = "nvidia-t4"
      }
      labels        = {}
      machine_types = ["g4dn.xlarge"]
      max           = 4
      min           = 0
      spot          = false
    }
    # environments/staging/aws.yaml:11
    spot = {
      disk          = "50Gi"
      labels        = {}
      machine_types = ["m7i.xlarge", "m6i.xlarge", "m5.xlarge", "c7i.2xlarge"]
      max           = 8
      min           = 0
      spot          = true
    }
  }
  public_cidrs    = []
  public_endpoint = false
  version         = "1.35"
}

# environments/staging/environment.yaml:5
environment = {
  account = {
    partition = "aws"
  }
  # environments/staging/environment.yaml:21
  backup = {
    enabled   = true
    retention = "14d"
    schedule  = "cron(0 3 * * ? *)"
  }
  # environments/staging/environment.yaml:20
  budget = {
    anomaly_threshold = 100
    currency          = "USD"
    monthly           = 4000
    services          = {}
  }
  cost_center         = "cc-0002"
  deletion_protection = true
  # environments/staging/environment.yaml:9
  dns = {
    domain = "staging.inferloop.example"
  }
  identities    = {}
  log_retention = "30d"
  name          = "staging"
  # environments/staging/aws.yaml:6
  network = {
    cidr      = "10.20.0.0/16" # environments/staging/environment.yaml:11
    endpoints = ["s3", "ecr", "sts", "secretsmanager", "sqs", "logs", "monitoring"]
    flow_logs = {
      enabled   = true
      retention = "30d"
    }
    nat            = "single"        # environments/staging/environment.yaml:13
    reserved_cidrs = ["10.0.0.0/16"] # environments/staging/environment.yaml:12
    service_cidr   = "172.20.0.0/16"
    zones          = ["us-east-1a", "us-east-1b", "us-east-1c"]
  }
  notify   = ["platform@inferloop.example"]
  owner    = "platform@inferloop.example"
  project  = "inferloop"
  region   = "us-east-1" # environments/staging/aws.yaml:5
  registry = {}
  security = {
    audit_trail      = true
    threat_detection = true
  }
  # environments/staging/environment.yaml:14
  shared = {
    # environments/staging/environment.yaml:16
    cache = {
      engine   = "valkey"
      replicas = 1
      size     = "small"
      version  = "8.0"
    }
    # environments/staging/environment.yaml:15
    database = {
      backup_retention = "7d"
      engine           = "postgres"
      multi_az         = false
      replicas         = 0
      size             = "medium"
      storage          = "100Gi"
      version          = "16"
    }
  }
  # environments/staging/aws.yaml:13
  sizes = {
    # environments/staging/aws.yaml:15
    cache = {
      large  = "cache.r7g.large"
      medium = "cache.m7g.large"
      small  = "cache.t4g.small"
      xlarge = "cache.r7g.xlarge"
    }
    # environments/staging/aws.yaml:14
    database = {
      large  = "db.r7g.large"
      medium = "db.m7g.large"
      small  = "db.t4g.medium"
      xlarge = "db.r7g.2xlarge"
    }
  }
  state = {}
  tags  = {}
}
