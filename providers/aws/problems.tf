# What only AWS knows to be wrong with services, beside what its modules refuse; everything else is found by modules/base before.
locals {
  problems = concat(
    [for text in local.double_days : "The schedule \"${text}\" has a day and a weekday; AWS takes one of them, so put * for the other."],
    [for key, function in module.base.functions : "services.${function.service}: the image of the function ${key} is ${function.image.repository}; Lambda takes images from Elastic Container Registry only, for example ${local.account.id}.dkr.ecr.${local.account.region}.amazonaws.com/${function.service}."
      if function.existing == null && function.image.repository != null && !can(regex("^[0-9]{12}\\.dkr\\.ecr\\.[a-z0-9-]+\\.amazonaws\\.com", function.image.repository))
    ],
    flatten([for key in local.fargate_ingresses : [for host in module.base.ingresses[key].hosts :
      "services.${key}.spec.networking.ingress.hosts holds ${host}; on fargate a host is ${var.environment.dns.domain} or below it, for which the environment has a certificate."
      if host != var.environment.dns.domain && !endswith(host, ".${var.environment.dns.domain}")
    ]]),
    flatten([for key, item in local.started : [for name, variable in item.env : [for found in try(regexall("\\$\\{dependencies\\.([a-z][a-z0-9-]*)\\.[A-Za-z]+\\}", variable.value), []) :
      "services.${item.service}: the variable ${name} asks for dependencies.${found[0]}, which only the cluster reaches: the service it names has no ingress."
      if try(local.uses[item.service].service[found[0]], null) != null && !contains(keys(module.base.ingresses), try(local.uses[item.service].service[found[0]].key, "-"))
    ]]]),
  )
}
