variable "account" {
  description = "Account that holds everything: its id, its partition and the region."
  type = object({
    id        = string
    partition = optional(string, "aws")
    region    = string
  })
  nullable = false
}

variable "anomaly" {
  description = "Cost anomaly detection over the AWS services of the account; a report is sent from this impact on; null makes none."
  type = object({
    min_impact_usd = optional(number, 50)
    frequency      = optional(string, "IMMEDIATE")
    monitor_arn    = optional(string)
  })
  default = null
}

variable "budgets" {
  description = "Monthly cost budgets by name, for the whole account or for what carries the tags given; a message goes out at each percentage of actual and of forecast cost."
  type = map(object({
    limit_usd        = number
    tags             = optional(map(string), {})
    actual_percent   = optional(set(number), [80, 100])
    forecast_percent = optional(set(number), [100])
  }))
  default  = {}
  nullable = false
}

variable "caches" {
  description = "Caches to watch, by cache key: their nodes and when to alarm."
  type = map(object({
    nodes          = set(string)
    labels         = optional(map(string), {})
    cpu_percent    = optional(number, 90)
    memory_percent = optional(number, 85)
  }))
  default  = {}
  nullable = false
}

variable "databases" {
  description = "Database instances to watch, by instance key: identifier, whether it is an Aurora cluster, and when to alarm."
  type = map(object({
    identifier      = string
    aurora          = optional(bool, false)
    labels          = optional(map(string), {})
    cpu_percent     = optional(number, 85)
    free_storage_gb = optional(number, 5)
    free_memory_mb  = optional(number, 256)
    max_connections = optional(number)
  }))
  default  = {}
  nullable = false
}

variable "encryption_key" {
  description = "KMS key of log groups and of the notification topic; null makes one."
  type        = object({ arn = string })
  default     = null
}

variable "functions" {
  description = "Lambda functions to watch, by function key: name and when to alarm."
  type = map(object({
    name      = string
    labels    = optional(map(string), {})
    errors    = optional(number, 1)
    throttles = optional(number, 1)
  }))
  default  = {}
  nullable = false
}

variable "labels" {
  description = "Tags of every resource; the labels of an item are laid over them."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "load_balancers" {
  description = "Services behind an application load balancer to watch, by service key: the metric dimensions of load balancer and target group, and the service level aimed for."
  type = map(object({
    load_balancer        = string
    target_group         = string
    labels               = optional(map(string), {})
    availability_percent = optional(number, 99.9)
    latency_p95_seconds  = optional(number)
  }))
  default  = {}
  nullable = false
}

variable "log_groups" {
  description = "Log groups by key, for example one per service: name, retention and how many error lines in five minutes alarm."
  type = map(object({
    name           = string
    labels         = optional(map(string), {})
    retention_days = optional(number, 30)
    error_pattern  = optional(string)
    errors         = optional(number, 10)
  }))
  default  = {}
  nullable = false
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

variable "notify_emails" {
  description = "Addresses that are told of alarms, budgets and anomalies, each after confirming once."
  type        = set(string)
  default     = []
  nullable    = false
}

variable "queues" {
  description = "Queues to watch, by queue key: name, dead-letter queue and how old the oldest message may get."
  type = map(object({
    name             = string
    dead_letter_name = optional(string)
    labels           = optional(map(string), {})
    age_seconds      = optional(number, 900)
    dead_letters     = optional(number, 1)
  }))
  default  = {}
  nullable = false
}

variable "topic" {
  description = "SNS topic that is there already and takes the notifications; null makes one."
  type        = object({ arn = string })
  default     = null
}

variable "traces" {
  description = "X-Ray sampling by service: the share of requests that is traced, beside one request a second."
  type = map(object({
    sampling_rate = number
    reservoir     = optional(number, 1)
    priority      = optional(number, 1000)
    labels        = optional(map(string), {})
  }))
  default  = {}
  nullable = false
}
