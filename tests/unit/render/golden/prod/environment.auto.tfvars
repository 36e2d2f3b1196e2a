# Rendered by inferloop-deploy for environment prod on aws, with all defaults written out.
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

# environments/prod/aws.yaml:9
eks_config = {
  # environments/prod/aws.yaml:15
  access = {
    # environments/prod/aws.yaml:16
    on-call = {
      namespaces = []
      principal  = "arn:aws:iam::123456789012:role/on-call"
      role       = "edit"
    }
  }
  enabled       = true
  identity_mode = "pod-identity"
  # environments/prod/aws.yaml:10
  node_pools = {
    # environments/prod/aws.yaml:11
    general = {
      disk          = "100Gi"
      labels        = {}
      machine_types = ["m7i.xlarge", "m6i.xlarge"]
      max           = 20
      min           = 3
      spot          = false
    }
    # environments/prod/aws.yaml:14
    gpu-l4 = {
      disk = "200Gi"
      # environments/prod/aws.yaml:14
      gpu = {
        count = 1
        type  = "nvidia-l4"
      }
      labels        = {}
      machine_types = ["g6.xlarge", "g6.2xlarge"]
      max           = 12
      min           = 3
      spot          = false
    }
    # environments/prod/aws.yaml:13
    gpu-t4 = {
      disk = "200Gi"
      # environments/prod/aws.yaml:13
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
    # environments/prod/aws.yaml:12
    spot = {
      disk          = "50Gi"
      labels        = {}
      machine_types = ["m7i.2xlarge", "m6i.2xlarge", "m5.2xlarge", "c7i.4xlarge"]
      max           = 30
      min           = 0
      spot          = true
    }
  }
  public_cidrs    = []
  public_endpoint = false
  version         = "1.35"
}

# environments/prod/environment.yaml:5
environment = {
  # environments/prod/aws.yaml:6
  account = {
    id        = "123456789012"
    partition = "aws"
  }
  # environments/prod/environment.yaml:23
  backup = {
    cold_after = "30d"
    enabled    = true
    retention  = "365d"
    schedule   = "cron(0 3 * * ? *)"
  }
  # environments/prod/environment.yaml:22
  budget = {
    anomaly_threshold = 500
    currency          = "USD"
    monthly           = 25000
    # environments/prod/environment.yaml:22
    services = {
      textnlp = 12000
    }
  }
  cost_center         = "cc-0003"
  deletion_protection = true
  # environments/prod/environment.yaml:10
  dns = {
    domain = "inferloop.example"
  }
  identities    = {}
  log_retention = "90d"
  name          = "prod"
  # environments/prod/aws.yaml:7
  network = {
    cidr      = "10.30.0.0/16" # environments/prod/environment.yaml:12
    endpoints = ["s3", "ecr", "sts", "secretsmanager", "sqs", "logs", "monitoring"]
    # environments/prod/environment.yaml:15
    flow_logs = {
      enabled   = true
      retention = "365d"
    }
    nat            = "per-zone"      # environments/prod/environment.yaml:14
    reserved_cidrs = ["10.0.0.0/16"] # environments/prod/environment.yaml:13
    service_cidr   = "172.20.0.0/16"
    zones          = ["us-east-1a", "us-east-1b", "us-east-1c"]
  }
  notify   = ["platform@inferloop.example", "on-call@inferloop.example"]
  owner    = "platform@inferloop.example"
  project  = "inferloop"
  region   = "us-east-1" # environments/prod/aws.yaml:5
  registry = {}
  security = {
    audit_trail      = true
    threat_detection = true
  }
  # environments/prod/environment.yaml:16
  shared = {
    # environments/prod/environment.yaml:18
    cache = {
      engine   = "valkey"
      replicas = 2
      size     = "medium"
      version  = "8.0"
    }
    # environments/prod/environment.yaml:17
    database = {
      backup_retention = "35d"
      engine           = "aurora-postgresql"
      multi_az         = true
      replicas         = 1
      size             = "large"
      storage          = "200Gi"
      version          = "16"
    }
  }
  # environments/prod/aws.yaml:17
  sizes = {
    # environments/prod/aws.yaml:19
    cache = {
      large  = "cache.r7g.large"
      medium = "cache.m7g.large"
      small  = "cache.t4g.small"
      xlarge = "cache.r7g.xlarge"
    }
    # environments/prod/aws.yaml:18
    database = {
      large  = "db.r7g.large"
      medium = "db.m7g.large"
      small  = "db.t4g.medium"
      xlarge = "db.r7g.2xlarge"
    }
  }
  state = {}
  # environments/prod/environment.yaml:8
  tags = {
    Criticality = "high"
  }
}
