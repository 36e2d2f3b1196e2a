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
  validation {
    condition     = var.anomaly == null ? true : contains(["IMMEDIATE", "DAILY", "WEEKLY"], var.anomaly.frequency)
    error_message = "anomaly.frequency must be IMMEDIATE, DAILY or WEEKLY."
  }
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
  validation {
    condition     = alltrue([for budget in values(var.budgets) : budget.limit_usd > 0 && length(budget.tags) <= 1 && length(budget.actual_percent) + length(budget.forecast_percent) <= 5])
    error_message = "budgets[*] needs limit_usd above 0, at most one of tags (AWS takes several as alternatives) and at most five percentages."
  }
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
  validation {
    condition     = alltrue([for group in values(var.log_groups) : contains([0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], group.retention_days)])
    error_message = "log_groups[*].retention_days must be one that CloudWatch Logs knows: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653, or 0 for ever."
  }
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
  validation {
    condition     = alltrue([for trace in values(var.traces) : trace.sampling_rate >= 0 && trace.sampling_rate <= 1 && trace.priority >= 1 && trace.priority <= 9999])
    error_message = "traces[*].sampling_rate must be 0 to 1, and priority 1 to 9999."
  }
}
