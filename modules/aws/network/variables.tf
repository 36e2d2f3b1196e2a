variable "account" {
  description = "Account that holds everything: its id, its partition and the region."
  type = object({
    id        = string
    partition = optional(string, "aws")
    region    = string
  })
  nullable = false
  validation {
    condition     = can(regex("^[0-9]{12}$", var.account.id))
    error_message = "account.id must be the 12 digits of an AWS account."
  }
  validation {
    condition     = contains(["aws", "aws-us-gov"], var.account.partition)
    error_message = "account.partition must be aws or aws-us-gov; the endpoint services of aws-cn have other names."
  }
}

variable "cidr" {
  description = "IPv4 range of the VPC, /16 to /22; three quarters go to the private subnets, the rest to the public and data subnets."
  type        = string
  default     = "10.0.0.0/16"
  nullable    = false
  validation {
    condition     = can(cidrnetmask(var.cidr)) && try(cidrhost(var.cidr, 0) == split("/", var.cidr)[0], false) && try(tonumber(split("/", var.cidr)[1]) >= 16 && tonumber(split("/", var.cidr)[1]) <= 22, false)
    error_message = "cidr must be an IPv4 network address with a length of /16 to /22, for example 10.20.0.0/16."
  }
}

variable "cluster_names" {
  description = "Names of the EKS clusters that will stand in this network; load balancer controllers find the subnets by them."
  type        = set(string)
  default     = []
  nullable    = false
}

variable "deletion_protection" {
  description = "Whether the encryption key of the flow logs, once its deletion is asked for, waits 30 days instead of 7."
  type        = bool
  default     = true
  nullable    = false
}

variable "existing" {
  description = "Network that is there already; null makes one, otherwise nothing is made."
  type = object({
    vpc_id             = string
    cidr               = string
    public_subnet_ids  = optional(list(string), [])
    private_subnet_ids = list(string)
    data_subnet_ids    = optional(list(string), [])
    zones              = optional(list(string), [])
  })
  default = null
  validation {
    condition     = var.existing == null || can(cidrnetmask(var.existing.cidr))
    error_message = "existing.cidr must be the IPv4 range of the VPC, for example 10.20.0.0/16."
  }
  validation {
    condition     = var.existing == null || try(length(var.existing.private_subnet_ids) >= 2, false)
    error_message = "existing.private_subnet_ids must name at least 2 subnets in different zones."
  }
  validation {
    condition     = var.existing == null || try(startswith(var.existing.vpc_id, "vpc-") && alltrue([for id in concat(var.existing.public_subnet_ids, var.existing.private_subnet_ids, var.existing.data_subnet_ids) : startswith(id, "subnet-")]), false)
    error_message = "existing must hold a VPC id (vpc-...) and subnet ids (subnet-...)."
  }
}

variable "flow_logs" {
  description = "Flow logs of the VPC: which traffic, how many days they are kept, and a KMS key other than the one made for them; null keeps none."
  type = object({
    traffic             = optional(string, "ALL")
    retention_days      = optional(number, 365)
    aggregation_seconds = optional(number, 600)
    encryption_key      = optional(object({ arn = string }))
  })
  default = {}
  validation {
    condition     = var.flow_logs == null || try(contains(["ALL", "ACCEPT", "REJECT"], var.flow_logs.traffic), false)
    error_message = "flow_logs.traffic must be ALL, ACCEPT or REJECT."
  }
  validation {
    condition     = var.flow_logs == null || try(contains([60, 600], var.flow_logs.aggregation_seconds), false)
    error_message = "flow_logs.aggregation_seconds must be 60 or 600."
  }
  validation {
    condition     = var.flow_logs == null || try(contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.flow_logs.retention_days), false)
    error_message = "flow_logs.retention_days must be a number of days that CloudWatch Logs knows: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653."
  }
}

variable "gateway_endpoints" {
  description = "Services reached through a free gateway endpoint: s3, dynamodb."
  type        = set(string)
  default     = ["dynamodb", "s3"]
  nullable    = false
  validation {
    condition     = alltrue([for service in var.gateway_endpoints : contains(["dynamodb", "s3"], service)])
    error_message = "gateway_endpoints accepts s3 and dynamodb."
  }
}

variable "interface_endpoints" {
  description = "Services reached through a private interface endpoint, by the last part of the endpoint service's name."
  type        = set(string)
  default     = ["ecr.api", "ecr.dkr", "logs", "monitoring", "secretsmanager", "sqs", "sts"]
  nullable    = false
  validation {
    condition     = alltrue([for service in var.interface_endpoints : can(regex("^[a-z0-9]+([.-][a-z0-9]+)*$", service)) && !startswith(service, "com.amazonaws")])
    error_message = "interface_endpoints takes the last part of an endpoint service's name, for example sqs or ecr.api, without com.amazonaws.<region>."
  }
}

variable "labels" {
  description = "Tags of every resource; the labels of an item are laid over them."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "name" {
  description = "Base name, for example inferloop-dev; what belongs to no single item is named after it."
  type        = string
  nullable    = false
  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,30}[a-z0-9])?$", var.name))
    error_message = "name must have 1 to 32 lower-case letters, digits and hyphens, and start with a letter."
  }
}

variable "nat" {
  description = "NAT gateways for the private subnets: none, single (one for all zones) or per-zone."
  type        = string
  default     = "per-zone"
  nullable    = false
  validation {
    condition     = contains(["none", "single", "per-zone"], var.nat)
    error_message = "nat must be none, single or per-zone."
  }
}

variable "reserved_cidrs" {
  description = "Ranges that the VPC must not overlap, by what they are for: Kubernetes services, other environments, offices."
  type        = map(string)
  default     = {}
  nullable    = false
  validation {
    condition     = alltrue([for range in values(var.reserved_cidrs) : can(cidrnetmask(range))])
    error_message = "reserved_cidrs must hold IPv4 ranges, for example 172.20.0.0/16."
  }
}

variable "zones" {
  description = "Availability zones, 3 of the region (2 where it has no more); their order fixes the subnets' ranges; empty with an existing network."
  type        = list(string)
  default     = []
  nullable    = false
  validation {
    condition     = length(distinct(var.zones)) == length(var.zones) && alltrue([for zone in var.zones : can(regex("^[a-z]{2}(-[a-z]+)+-[0-9][a-z]$", zone))])
    error_message = "zones must name different availability zones, for example eu-central-1a."
  }
}
