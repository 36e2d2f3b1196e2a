locals {
  labels = merge(var.environment.tags, {
    CostCenter  = var.environment.cost_center
    Environment = var.environment.name
    ManagedBy   = "terraform"
    Owner       = var.environment.owner
    Project     = var.environment.project
  })

  service_labels = { for name, service in local.services : name => merge(
    service.metadata.labels,
    {
      CostCenter         = coalesce(service.metadata.cost_center, var.environment.cost_center)
      DataClassification = service.spec.data.classification
      Owner              = coalesce(service.metadata.owner, var.environment.owner)
      Service            = name
    },
    service.metadata.team == null ? {} : { Team = service.metadata.team },
  ) }
}
