variable "account" {
  description = "Account that holds everything: its id, its partition and the region."
  type = object({
    id        = string
    partition = optional(string, "aws")
    region    = string
  })
  nullable = false
}

variable "cidr" {
  description = "IPv4 range of the VPC, /16 to /22; three quarters go to the private subnets, the rest to the public and data subnets."
  type        = string
  default     = "10.0.0.0/16"
  nullable    = false
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
}

variable "flow_logs" {
  description = "Flow logs of the VPC: which traffic, how many days they are kept, and a KMS key other than the one made for them."
  type = object({
    traffic             = optional(string, "ALL")
    retention_days      = optional(number, 365)
    aggregation_seconds = optional(number, 600)
    encryption_key      = optional(object({ arn = string }))
  })
  default  = {}
  nullable = false
}

variable "gateway_endpoints" {
  description = "Services reached through a free gateway endpoint: s3, dynamodb."
  type        = set(string)
  default     = ["dynamodb", "s3"]
  nullable    = false
}

variable "interface_endpoints" {
  description = "Services reached through a private interface endpoint, by the last part of the endpoint service's name."
  type        = set(string)
  default     = ["ecr.api", "ecr.dkr", "logs", "monitoring", "secretsmanager", "sqs", "sts"]
  nullable    = false
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
}

variable "reserved_cidrs" {
  description = "Ranges that the VPC must not overlap, by what they are for: Kubernetes services, other environments, offices."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "zones" {
  description = "Availability zones, 2 or 3 of the region; empty takes a, b and c of the region."
  type        = list(string)
  default     = []
  nullable    = false
}
