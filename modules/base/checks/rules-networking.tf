# Rules over the ways in.
locals {
  ingress_problems = concat(
    [
      for path, ingress in local.ingresses :
      "${path}.enabled is for services of types api and stateful; the type is ${var.services[ingress.service].spec.service.type}."
      if ingress.enabled && !contains(["api", "stateful"], var.services[ingress.service].spec.service.type)
    ],
    [
      for path, ingress in local.ingresses :
      "${path}.cors.origins is empty; name the origins that are let in, for example https://app.example.com."
      if ingress.cors != null && try(length(ingress.cors.origins) == 0, false)
    ],
    [
      for path, ingress in local.ingresses :
      "${path}.cors.credentials does not go with origin *; name the origins."
      if ingress.cors != null && try(ingress.cors.credentials && contains(ingress.cors.origins, "*"), false)
    ],
    [
      for path, ingress in local.ingresses :
      "${path}.auth.issuer is missing; type jwt needs the issuer of the tokens."
      if try(ingress.auth.type, "-") == "jwt" && try(ingress.auth.issuer == null, true)
    ],
    [
      for path, ingress in local.ingresses :
      "${path}.auth.secret is \"${try(coalesce(ingress.auth.secret), "")}\"; type key needs one of services.${ingress.service}.spec.secrets, which has ${length(var.services[ingress.service].spec.secrets) > 0 ? join(", ", keys(var.services[ingress.service].spec.secrets)) : "none"}."
      if try(ingress.auth.type, "-") == "key" && !contains(keys(var.services[ingress.service].spec.secrets), try(coalesce(ingress.auth.secret), "-"))
    ],
    [
      for path, ingress in local.ingresses :
      "${path}.auth.secret is \"${try(coalesce(ingress.auth.secret), "")}\", the issuer's public key; it must be one of services.${ingress.service}.spec.secrets, which has ${length(var.services[ingress.service].spec.secrets) > 0 ? join(", ", keys(var.services[ingress.service].spec.secrets)) : "none"}."
      if try(ingress.auth.type, "-") != "key" && try(ingress.auth.secret, null) != null && !contains(keys(var.services[ingress.service].spec.secrets), try(coalesce(ingress.auth.secret), "-"))
    ],
    [
      for path, ingress in local.ingresses :
      "${path} has cors, auth or request_headers, which the load balancer of fargate does not know; do it in the service, or use the runtime kubernetes."
      if var.services[ingress.service].spec.service.placement.runtime == "fargate" && (ingress.cors != null || ingress.auth != null || length(ingress.request_headers.add) + length(ingress.request_headers.set) + length(ingress.request_headers.remove) != 0)
    ],
    # A rule of the load balancer takes five values, of which a path has two: itself and what is below it.
    [
      for path, ingress in local.ingresses :
      "${path}.hosts has ${length(distinct(ingress.hosts))} hosts; the load balancer of fargate takes at most 3 for a path."
      if var.services[ingress.service].spec.service.placement.runtime == "fargate" && ingress.enabled && length(distinct(ingress.hosts)) > 3
    ],
    [
      for path, ingress in local.ingresses :
      "${path}.cdn is \"${coalesce(ingress.cdn, "-")}\"; it must name a bucket of the service's own: a dependency of type storage, neither shared nor existing nor of class file."
      if ingress.cdn != null && try(local.dependencies["services.${ingress.service}.spec.dependencies.${ingress.cdn}"].kind != "storage" || local.dependencies["services.${ingress.service}.spec.dependencies.${ingress.cdn}"].is_shared || local.dependencies["services.${ingress.service}.spec.dependencies.${ingress.cdn}"].existing != null, true)
    ],
    [
      for place, services in local.ingress_places :
      "services.${join(".spec.networking.ingress.path and services.", services)}.spec.networking.ingress.path are both ${trimprefix(place, split("/", place)[0])} on ${split("/", place)[0]}; a path belongs to one service."
      if length(services) != 1
    ],
    [
      for host, users in local.ingress_runtimes :
      "services.${join(" and services.", distinct(users[*].service))} answer on ${host} from different runtimes (${join(", ", distinct(users[*].runtime))}), which have a load balancer each; give one of them other spec.networking.ingress.hosts."
      if length(distinct(users[*].runtime)) != 1
    ],
  )
}
