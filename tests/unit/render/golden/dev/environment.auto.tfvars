# Rendered by inferloop-deploy for environment dev on aws, with all defaults written out.
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

# environments/dev/aws.yaml:8
eks_config = {
  access        = {}
  enabled       = true
  identity_mode = "pod-identity"
  # environments/dev/aws.yaml:11
  node_pools = {
    # environments/dev/aws.yaml:12
    general = {
      disk          = "50Gi"
      labels        = {}
      machine_types = ["m7i.xlarge", "m6i.xlarge"]
      max           = 4
      min           = 1
      spot          = false
    }
    # environments/dev/aws.yaml:14
    gpu = {
      disk = "100Gi"
      # environments/dev/aws.yaml:14
      gpu = {
        count = 1
        type  = "nvidia-t4"
      }
      labels        = {}
      machine_types = ["g4dn.xlarge"]
      max           = 2
      min           = 0
      spot          = false
    }
    # environments/dev/aws.yaml:13
    spot = {
      disk          = "50Gi"
      labels        = {}
      machine_types = ["m7i.large", "m6i.large", "m5.large", "c7i.xlarge"]
      max           = 6
      min           = 0
      spot          = true
    }
  }
  public_cidrs    = ["203.0.113.0/24"]
  public_endpoint = true
  version         = "1.35"
}

# environments/dev/environment.yaml:5
environment = {
  account = {
    partition = "aws"
  }
  # environments/dev/environment.yaml:18
  backup = {
    enabled   = true
    retention = "7d"
    schedule  = "cron(0 3 * * ? *)"
  }
  # environments/dev/environment.yaml:17
  budget = {
    anomaly_threshold = 50
    currency          = "USD"
    monthly           = 1500
    # environments/dev/environment.yaml:17
    services = {
      tabular = 400
      textnlp = 600
    }
  }
  cost_center         = "cc-0001"
  deletion_protection = false
  # environments/dev/environment.yaml:9
  dns = {
    domain = "dev.inferloop.example"
  }
  identities    = {}
  log_retention = "7d"
  name          = "dev"
  # environments/dev/aws.yaml:6
  network = {
    cidr      = "10.10.0.0/16" # environments/dev/environment.yaml:11
    endpoints = ["s3", "ecr", "sts", "secretsmanager", "sqs", "logs", "monitoring"]
    flow_logs = {
      enabled   = true
      retention = "30d"
    }
    nat            = "single"        # environments/dev/environment.yaml:13
    reserved_cidrs = ["10.0.0.0/16"] # environments/dev/environment.yaml:12
    service_cidr   = "172.20.0.0/16"
    zones          = ["us-east-1a", "us-east-1b", "us-east-1c"]
  }
  notify   = ["platform@inferloop.example"]
  owner    = "platform@inferloop.example"
  project  = "inferloop"
  region   = "us-east-1" # environments/dev/aws.yaml:5
  registry = {}
  security = {
    audit_trail      = true
    threat_detection = true
  }
  shared = {
    cache = {
      engine   = "valkey"
      replicas = 0
      size     = "small"
      version  = "8.0"
    }
    database = {
      backup_retention = "7d"
      engine           = "postgres"
      multi_az         = false
      replicas         = 0
      size             = "small"
      storage          = "50Gi"
      version          = "16"
    }
  }
  # environments/dev/aws.yaml:15
  sizes = {
    # environments/dev/aws.yaml:17
    cache = {
      large  = "cache.r7g.large"
      medium = "cache.m7g.large"
      small  = "cache.t4g.small"
      xlarge = "cache.r7g.xlarge"
    }
    # environments/dev/aws.yaml:16
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
