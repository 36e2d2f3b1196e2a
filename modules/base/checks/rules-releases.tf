# Rules over how a new version arrives: migrations before it, a canary beside it, the former deployment behind it.
locals {
  release_problems = concat(
    [
      for path, migrations in local.migrations :
      "${path} says nothing to run; give it command or args, for example [\"migrate\"]."
      if length(migrations.command) + length(migrations.args) == 0
    ],
    [
      for path, migrations in local.migrations :
      "${path} is for the runtime kubernetes; ${var.services[migrations.service].spec.service.type == "function" ? "for a function" : "on ${var.services[migrations.service].spec.service.placement.runtime}"}, run them before the new version is applied."
      if var.services[migrations.service].spec.service.placement.runtime != "kubernetes" || var.services[migrations.service].spec.service.type == "function"
    ],
    [
      for path, canary in local.canaries :
      "${path} is for type api on the runtime kubernetes; the type is ${var.services[canary.service].spec.service.type}, the runtime ${var.services[canary.service].spec.service.placement.runtime}."
      if var.services[canary.service].spec.service.type != "api" || var.services[canary.service].spec.service.placement.runtime != "kubernetes"
    ],
    [
      for path, canary in local.canaries :
      "${path}.image needs a tag or a digest: the new version."
      if try(coalesce(canary.image.tag, canary.image.digest) == null, true)
    ],
    [
      for path, canary in local.canaries :
      "${path}.image is the image that services.${canary.service} runs already; name the new version, or take the canary away."
      if try(coalesce(canary.image.digest, canary.image.tag) == coalesce(var.services[canary.service].spec.service.image.digest, var.services[canary.service].spec.service.image.tag), false)
    ],
    [
      for path, canary in local.canaries :
      "${path} gets no requests without spec.networking.ingress or spec.networking.service_mesh, which share them out; enable one of them."
      if !var.services[canary.service].spec.networking.ingress.enabled && !var.services[canary.service].spec.networking.service_mesh.enabled
    ],
    [
      for path, move in local.moves :
      "${path} is for types api and stateful on the runtime kubernetes; the type is ${var.services[move.service].spec.service.type}, the runtime ${var.services[move.service].spec.service.placement.runtime}."
      if !contains(["api", "stateful"], var.services[move.service].spec.service.type) || var.services[move.service].spec.service.placement.runtime != "kubernetes"
    ],
    [
      for path, move in local.moves :
      "${path} needs spec.networking.service_mesh.enabled: the mesh shares the requests out."
      if !var.services[move.service].spec.networking.service_mesh.enabled
    ],
    [
      for path, move in local.moves :
      "${path}.weight and spec.service.canary.weight are more than 100 percent together; lower one of them."
      if try(move.weight + var.services[move.service].spec.service.canary.weight > 100, false)
    ],
  )
}
