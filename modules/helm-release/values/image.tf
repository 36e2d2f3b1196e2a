# The image that was asked for in this run, else that of the service, else the generator.
locals {
  configured = var.service.spec.service.image

  repository = try(coalesce(var.image.repository, local.configured.repository), lookup(var.platform.registry.repositories, var.name, "${var.platform.registry.host}/${local.generator.repository}"))
  digest     = var.image.digest != null || var.image.tag != null ? var.image.digest : local.configured.digest
  tag        = var.image.digest != null || var.image.tag != null ? var.image.tag : local.configured.tag

  image = { for field, found in {
    repository = local.repository
    digest     = local.digest
    tag        = local.digest == null && local.tag == null && local.configured.repository == null && var.image.repository == null ? local.generator.tag : local.tag
  } : field => found if found != null }

  # What the generator's own check needs is in its image; others have none.
  is_generator = local.configured.repository == null && var.image.repository == null
}
