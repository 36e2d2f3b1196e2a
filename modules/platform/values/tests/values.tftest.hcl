variables {
  environment = { name = "staging", deletion_protection = true }
  platform    = yamldecode(file("./tests/platform.yaml"))
  namespaces  = { inferloop = { quota = { cpu_millicores = 12500, gpus = 2, memory_mb = 24576, pods = 14 }, teams = ["nlp", "data", "data"] } }
  cluster_services = {
    access = { team = ["data-team"], operator = ["on-call"], read_only = ["auditors"], ci = ["pipelines"] }
    backup = { bucket = "inferloop-staging-backups" }
  }
}

run "an_ordinary_environment_has_no_problems" {
  command = plan
  assert {
    condition     = length(output.problems) == 0
    error_message = join("\n", output.problems)
  }
  assert {
    condition     = length(output.left_out) == 0
    error_message = "Everything that this environment chooses can work."
  }
  assert {
    condition = sort(keys(output.applications.applications)) == sort([
      "aws-load-balancer-controller", "cert-manager", "cluster-autoscaler", "external-dns", "external-secrets", "gateway-api", "istio-base", "istio-cni",
      "istiod", "keda", "kong", "kube-prometheus-stack", "kuberay-operator", "loki", "nvidia-device-plugin", "otel-collector", "tempo", "velero",
    ])
    error_message = "The default add-ons on AWS are these; found ${join(", ", keys(output.applications.applications))}."
  }
  assert {
    condition     = sort(keys(output.resources.objects)) == sort(["gateway-kong-correlation", "gateway-kong-gateway-class-kong", "gateway-kong-gateway-platform", "grafana-admin-external-secret", "grafana-admin-password", "issuer-acme-cluster-issuer", "load-balancer-ingress", "mesh-istio-peer-authentication", "mesh-istio-telemetry", "secret-store-cluster-secret-store"])
    error_message = "The default objects on AWS are these; found ${join(", ", keys(output.resources.objects))}."
  }
  assert {
    condition     = [for release in output.releases : release.name] == ["platform-base", "argo-cd", "platform-applications", "platform-resources", "platform-observability"]
    error_message = "What others need is released first."
  }
}

run "quotas_are_the_sums_with_proxies_and_headroom" {
  command = plan
  assert {
    condition = jsonencode(output.base.namespaces.inferloop.quota) == jsonencode({
      # (12500 + 14 * 50 + 1000) * 1.5, (24576 + 14 * 96 + 1024) * 1.5, 2 * 1.5, 14 * 1.5 + 10
      "requests.cpu"            = "21300m"
      "requests.memory"         = "40416Mi"
      "requests.nvidia.com/gpu" = "3"
      "pods"                    = "31"
      "services.loadbalancers"  = "0"
      "services.nodeports"      = "0"
    })
    error_message = "Sums, proxies of the mesh and headroom make ${jsonencode(output.base.namespaces.inferloop.quota)}."
  }
  assert {
    condition     = output.base.namespaces.inferloop.level == "restricted" && output.base.namespaces.inferloop.labels.istio-injection == "enabled" && output.base.namespaces.inferloop.annotations["inferloop.io/teams"] == "data,nlp"
    error_message = "Services run restricted and in the mesh, and their namespace tells whose they are."
  }
  assert {
    condition     = output.base.namespaces.inferloop.keep && !output.applications.cascade
    error_message = "What is protected from deletion outlives its release."
  }
}

run "a_quota_of_ones_own_takes_the_place_of_the_sums" {
  command = plan
  variables {
    cluster_services = { mesh = "none", quotas = { inferloop = { cpu = "12.5", pods = 20 } } }
  }
  assert {
    condition     = output.base.namespaces.inferloop.quota["requests.cpu"] == "12500m" && output.base.namespaces.inferloop.quota["pods"] == "20" && output.base.namespaces.inferloop.quota["requests.memory"] == "38400Mi"
    error_message = "What is named is taken as it is; the rest follows from the sums."
  }
  assert {
    condition     = length(output.problems) == 0
    error_message = "A quota that is just enough is enough: ${join("\n", output.problems)}"
  }
}

run "every_problem_is_said_with_its_place_and_what_to_do" {
  command = plan
  variables {
    environment = { name = "prod" }
    namespaces = {
      kube-system = { quota = { cpu_millicores = 0, gpus = 0, memory_mb = 0, pods = 0 } }
      monitoring  = { quota = { cpu_millicores = 0, gpus = 0, memory_mb = 0, pods = 0 } }
      inferloop   = { quota = { cpu_millicores = 4000, gpus = 1, memory_mb = 8192, pods = 4 } }
    }
    platform = merge(yamldecode(file("./tests/platform.yaml")), {
      cloud           = "onprem"
      cluster         = merge(yamldecode(file("./tests/platform.yaml")).cluster, { node_pools = {} })
      secret_store    = { kind = "vault", region = null, secrets = {} }
      storage_classes = {}
    })
    cluster_services = {
      mesh         = "none"
      gateway      = "gateway-api"
      nodes        = "karpenter"
      registry     = "https://registry.example.com"
      versions     = { helm = "1" }
      controllers  = { loki = "role" }
      quotas       = { inferloop = { cpu = "3", memory = "4Gi", pods = 3, gpus = 0 }, kube-system = { cpu = "many", memory = "1" }, other = { pods = 1 } }
      certificates = { server = "acme.example.com" }
      backup       = { schedule = "daily", enabled = false }
      night        = { enabled = true, time_zone = "here now" }
    }
  }
  assert {
    condition = toset(output.problems) == toset([
      "environment.name is prod and platform is that of staging; take the platform of the same environment.",
      "namespaces.kube-system belongs to Kubernetes; give services a namespace of their own.",
      "namespaces.monitoring belongs to an add-on of the platform; give services a namespace of their own.",
      "namespaces.inferloop asks for 1 GPUs, and no node pool of the cluster has any; add a pool with gpu.",
      "cluster_services.quotas.inferloop.cpu is 3, less than the 4000m that its services can ask for together; raise the quota, or lower replicas, autoscaling.max or resources.requests.",
      "cluster_services.quotas.inferloop.gpus is 0, less than the 1 that its services can ask for together; raise the quota, or lower replicas, autoscaling.max or resources.requests.",
      "cluster_services.quotas.inferloop.memory is 4Gi, less than the 8192Mi that its services can ask for together; raise the quota, or lower replicas, autoscaling.max or resources.requests.",
      "cluster_services.quotas.inferloop.pods is 3, less than the 4 that its services can ask for together; raise the quota, or lower replicas, autoscaling.max or resources.requests.",
      "cluster_services.quotas.kube-system.cpu is \"many\"; give cores such as 8 or 7500m.",
      "cluster_services.quotas.kube-system.memory is \"1\"; give a whole number with Mi or Gi, for example 64Gi.",
      "cluster_services.quotas.other is no namespace of services; there are inferloop, kube-system, monitoring.",
      "cluster_services.versions.helm is no add-on; the add-ons are ${join(", ", keys(yamldecode(file("../catalog.yaml")).addons))}.",
      "cluster_services.controllers.loki is no add-on that takes an identity; those are aws-load-balancer-controller, cert-manager, cluster-autoscaler, external-dns, external-secrets, karpenter, keda, velero.",
      "cluster_services.registry is \"https://registry.example.com\"; give a host with an optional path, for example registry.example.com/mirror, without https://.",
      "cluster_services.nodes is karpenter, which this platform knows on aws only; choose cluster-autoscaler, with which onprem scales its own pools, or none.",
      "cluster_services.gateway is gateway-api, and nothing on onprem with mesh none stands behind it; choose mesh istio, or gateway kong.",
      "cluster_services.secret_store.server is missing; a store of kind vault has an address of its own, for example https://vault.example.com.",
      "cluster_services.certificates.server is \"acme.example.com\"; give the https:// address of the authority's directory.",
      "platform.storage_classes is empty, and Prometheus, Loki and others need volumes; name a class, or set cluster_services.managed to false.",
      "cluster_services.backup.schedule is \"daily\"; give five fields such as 0 2 * * * (minute, hour, day, month, weekday).",
      "cluster_services.night.enabled is true in environment prod; only what is not production sleeps at night.",
      "cluster_services.night.time_zone is \"here now\"; give an IANA time zone such as Europe/Berlin.",
    ])
    error_message = "Said: ${join("\n", output.problems)}"
  }
}

run "without_a_cluster_there_is_nothing_to_put_the_platform_into" {
  command = plan
  variables {
    platform = merge(yamldecode(file("./tests/platform.yaml")), { cluster = null })
  }
  assert {
    condition     = join("\n", output.problems) == "platform.cluster is null: environment staging has no Kubernetes cluster to put the platform into; set cluster.enabled, or release no stage 2."
    error_message = join("\n", output.problems)
  }
}

run "night_needs_keda" {
  command = plan
  variables {
    cluster_services = { managed = false, night = { enabled = true } }
  }
  assert {
    condition     = join("\n", output.problems) == "cluster_services.night needs KEDA, and cluster_services.managed is false; set night.enabled to false, or let the platform install KEDA."
    error_message = join("\n", output.problems)
  }
}

run "the_night_turned_around_is_the_day" {
  command = plan
  variables {
    cluster_services = { night = { enabled = true, time_zone = "Europe/Berlin" } }
  }
  assert {
    condition     = output.night == { start = "0 6 * * MON-FRI", end = "0 20 * * MON-FRI", time_zone = "Europe/Berlin" }
    error_message = "Services run from the end of one night to the start of the next."
  }
}

run "what_the_cluster_brings_itself_is_not_released" {
  command = plan
  variables {
    cluster_services = { managed = false }
  }
  assert {
    condition     = [for release in output.releases : release.name] == ["platform-base"] && keys(output.base.namespaces) == ["inferloop"] && output.argo_cd == null && output.night == null
    error_message = "Only the namespaces of services, and no add-on."
  }
  assert {
    condition     = length(output.applications.applications) == 0 && length(output.resources.objects) == 0 && length(output.left_out) == 0
    error_message = "No add-on and none of its objects."
  }
}

run "alerts_are_about_what_is_there" {
  command = plan
  variables {
    cluster_services = { logs = "elastic", backup = { enabled = false } }
  }
  assert {
    condition     = output.observability.components == { argocd = true, certManager = true, externalSecrets = true, velero = false } && output.observability.logs == "elastic" && output.observability.runbooks == "https://docs.staging.inferloop.example/runbooks"
    error_message = "No alert about backups that nobody makes: ${jsonencode(output.observability)}"
  }
}

run "what_cannot_work_is_left_out_with_the_reason" {
  command = plan
  variables {
    cluster_services = {}
    platform         = merge(yamldecode(file("./tests/platform.yaml")), { controllers = {}, backup = { bucket = null } })
  }
  assert {
    condition     = keys(output.left_out) == ["aws-load-balancer-controller", "external-dns", "velero"] && output.left_out.velero == "neither platform.backup.bucket nor cluster_services.backup.bucket names a bucket for backups; name one, or set cluster_services.backup.enabled to false" && output.left_out.external-dns == "platform.controllers has no external-dns, nor has cluster_services.controllers: no identity may write records of staging.inferloop.example"
    error_message = "Left out: ${jsonencode(output.left_out)}"
  }
  assert {
    condition     = length(setintersection(keys(output.applications.applications), keys(output.left_out))) == 0 && !contains(keys(output.base.namespaces), "velero") && !contains(keys(output.resources.objects), "load-balancer-ingress")
    error_message = "Neither they, nor their namespaces, nor objects that need them are there."
  }
}

run "what_stands_for_a_platform_lacks_no_identity" {
  command = plan
  variables {
    platform = merge(yamldecode(file("./tests/platform.yaml")), { placeholder = true, controllers = {} })
  }
  assert {
    condition     = length(output.left_out) == 0
    error_message = "What is not known yet is not missing; left out: ${jsonencode(output.left_out)}"
  }
}

run "an_identity_that_is_named_brings_its_add_on_back" {
  command = plan
  variables {
    cluster_services = { controllers = { external-dns = "arn:aws:iam::123456789012:role/dns" } }
    platform         = merge(yamldecode(file("./tests/platform.yaml")), { controllers = {} })
  }
  assert {
    condition     = contains(keys(output.applications.applications), "external-dns")
    error_message = "An identity from the configuration is as good as one of the platform."
  }
}

run "service_accounts_bear_what_the_platform_says" {
  command = plan
  variables {
    cluster_services = {}
    platform = merge(yamldecode(file("./tests/platform.yaml")), { controllers = { for addon, controller in yamldecode(file("./tests/platform.yaml")).controllers :
      addon => merge(controller, { annotations = { "eks.amazonaws.com/role-arn" = controller.role } })
    } })
  }
  assert {
    condition     = output.applications.applications.keda.values.serviceAccount.operator.annotations == { "eks.amazonaws.com/role-arn" = "arn:aws:iam::123456789012:role/inferloop-staging-eks-keda" }
    error_message = "Found ${jsonencode(output.applications.applications.keda.values.serviceAccount)}."
  }
  assert {
    condition     = output.applications.applications.velero.values.configuration.backupStorageLocation[0].bucket == "inferloop-staging-cluster-backups-123456789012"
    error_message = "Without another bucket, backups go into the platform's."
  }
}

run "karpenter_without_a_role_is_left_out_with_its_objects" {
  command = plan
  variables {
    cluster_services = { nodes = "karpenter" }
  }
  assert {
    condition     = join(" ", keys(output.left_out)) == "karpenter" && !anytrue([for name in keys(output.resources.objects) : startswith(name, "nodes-")])
    error_message = "Left out: ${jsonencode(output.left_out)}"
  }
}

run "another_choice_brings_other_add_ons" {
  command = plan
  variables {
    cluster_services = { mesh = "linkerd", logs = "elastic", traces = "jaeger", policies = "kyverno", nodes = "karpenter", controllers = { karpenter = "arn:aws:iam::123456789012:role/karpenter" }, certificates = { issuer = "own-ca" }, backup = { enabled = false } }
  }
  assert {
    condition     = length(setsubtract(["eck-operator", "jaeger", "karpenter", "karpenter-crd", "kyverno", "linkerd-cni", "linkerd-control-plane", "linkerd-crds", "trust-manager"], keys(output.applications.applications))) == 0
    error_message = "Each choice brings its add-ons; found ${join(", ", keys(output.applications.applications))}."
  }
  assert {
    condition     = length(setintersection(["istiod", "loki", "tempo", "cluster-autoscaler", "velero"], keys(output.applications.applications))) == 0
    error_message = "And none of those that it takes the place of."
  }
  assert {
    condition     = !output.base.policies.enabled && output.base.namespaces.inferloop.annotations["linkerd.io/inject"] == "enabled" && length(setsubtract(["policies-signatures", "nodes-node-pool-gpu", "mesh-linkerd-trust-roots", "policies-priorities", "elastic-kibana-logs", "elastic-reader", "issuer-own-ca-authority"], keys(output.resources.objects))) == 0
    error_message = "Kyverno takes the place of the built-in policies; objects follow the choices; found ${join(", ", keys(output.resources.objects))}."
  }
  assert {
    condition     = output.resources.objects["nodes-node-pool-gpu"].spec.limits["nvidia.com/gpu"] == "2" && output.resources.objects["nodes-node-pool-spot"].spec.template.spec.taints == [{ effect = "NoSchedule", key = "inferloop.io/spot", value = "true" }]
    error_message = "A pool of Karpenter has the labels, taints and limits of the environment's pool."
  }
  assert {
    condition     = length(output.problems) == 0
    error_message = join("\n", output.problems)
  }
}

run "istio_can_be_the_gateway" {
  command = plan
  variables {
    cluster_services = { gateway = "istio" }
  }
  assert {
    condition     = contains(keys(output.applications.applications), "istio-gateway") && !contains(keys(output.applications.applications), "kong") && output.resources.objects["gateway-istio-gateway-platform"].spec.selector.istio == "gateway" && output.resources.objects["load-balancer-ingress"].spec.rules[0].http.paths[0].backend.service.name == "istio-gateway"
    error_message = "The load balancer stands before Istio's gateway."
  }
}

run "the_gateway_api_can_be_the_gateway" {
  command = plan
  variables {
    cluster_services = { gateway = "gateway-api" }
  }
  assert {
    condition     = output.base.namespaces.gateway.level == "baseline" && output.resources.objects["gateway-api-gateway-platform"].spec.gatewayClassName == "istio" && !contains(keys(output.base.namespaces), "kong")
    error_message = "The mesh makes the gateway, in a namespace of its own."
  }
}

run "production_demands_digests_and_runs_things_twice" {
  command = plan
  variables {
    environment      = { name = "prod", deletion_protection = false }
    platform         = merge(yamldecode(file("./tests/platform.yaml")), { environment = "prod" })
    cluster_services = { backup = { bucket = "backups", retention = "36h" }, night = { enabled = false } }
  }
  assert {
    condition     = output.base.policies.images.digest && !output.base.access.exec && output.applications.applications.cert-manager.values.replicaCount == 2 && output.applications.cascade && !output.base.namespaces.inferloop.keep
    error_message = "Production demands digests and opens no shells; what is not protected goes with its release."
  }
  assert {
    condition     = output.applications.applications.velero.values.schedules.cluster.template.ttl == "36h"
    error_message = "Retention in hours stays what it is."
  }
}

run "one_variable_replaces_every_source" {
  command = plan
  variables {
    cluster_services = { registry = "registry.example.com/mirror", backup = { bucket = "backups" }, versions = { keda = "2.21.0" } }
  }
  assert {
    condition     = alltrue([for application in output.applications.applications : startswith(application.source.repository, "oci://registry.example.com/mirror/")]) && [for release in output.releases : release.repository if release.name == "argo-cd"] == ["oci://registry.example.com/mirror/charts"]
    error_message = "Every chart comes from the one registry."
  }
  assert {
    condition     = output.applications.applications.gateway-api.source == { path = ".", repository = "oci://registry.example.com/mirror/manifests/gateway-api", version = "v1.4.1" }
    error_message = "Plain manifests, too."
  }
  assert {
    condition     = length(regexall("(?:quay\\.io|ghcr\\.io|docker\\.io|registry\\.k8s\\.io|public\\.ecr\\.aws|nvcr\\.io|cr\\.l5d\\.io|docker\\.elastic\\.co|reg\\.kyverno\\.io|github\\.io|github\\.com)", jsonencode([output.applications, output.argo_cd, output.resources, output.base]))) == 0
    error_message = "No host of another registry is left."
  }
  assert {
    condition     = output.applications.applications.keda.source.version == "2.21.0" && contains(output.base.policies.images.registries, "registry.example.com/mirror") && output.base.policies.images.sidecars == ["registry.example.com/mirror/istio/proxyv2"]
    error_message = "A version from the configuration takes the place of the catalogue's, and images may come from the registry."
  }
}

run "the_secret_store_is_that_of_google" {
  command = plan
  variables {
    platform         = merge(yamldecode(file("./tests/platform.yaml")), { cloud = "gcp", account = "project-1", controllers = {}, secret_store = { kind = "gcp-secret-manager", region = null, secrets = {} } })
    cluster_services = { controllers = { external-secrets = "secrets@project-1.iam.gserviceaccount.com" } }
  }
  assert {
    condition     = output.resources.objects["secret-store-cluster-secret-store"].spec.provider.gcpsm.projectID == "project-1" && output.applications.applications.external-secrets.values.serviceAccount.annotations["iam.gke.io/gcp-service-account"] == "secrets@project-1.iam.gserviceaccount.com"
    error_message = "Google's store, with an identity by annotation."
  }
  assert {
    condition     = length(setintersection(["cluster-autoscaler", "gateway-api", "nvidia-device-plugin", "aws-load-balancer-controller", "metrics-server"], keys(output.applications.applications))) == 0 && output.applications.applications.kong.values.gateway.proxy.type == "LoadBalancer"
    error_message = "What GKE brings is not installed twice."
  }
  assert {
    condition     = [for listener in output.resources.objects["gateway-kong-gateway-platform"].spec.listeners : lookup(listener, "hostname", "any")] == ["any", "staging.inferloop.example", "*.staging.inferloop.example"]
    error_message = "The gateway ends TLS for the domain and all names below it."
  }
}

run "the_secret_store_is_that_of_azure" {
  command = plan
  variables {
    platform         = merge(yamldecode(file("./tests/platform.yaml")), { cloud = "azure", controllers = {}, secret_store = { kind = "azure-key-vault", region = null, secrets = {} } })
    cluster_services = { controllers = { external-secrets = "client-1", external-dns = "client-2" }, secret_store = { server = "https://platform.vault.azure.net" } }
  }
  assert {
    condition     = output.resources.objects["secret-store-cluster-secret-store"].spec.provider.azurekv.vaultUrl == "https://platform.vault.azure.net" && output.applications.applications.external-secrets.values.podLabels["azure.workload.identity/use"] == "true"
    error_message = "Azure's store, with an identity by label and annotation."
  }
  assert {
    condition     = output.resources.objects["issuer-acme-cluster-issuer"].spec.acme.solvers[0].http01.gatewayHTTPRoute.parentRefs[0].namespace == "kong" && output.applications.applications.external-dns.values.provider.name == "azure"
    error_message = "Challenges are answered through the gateway."
  }
  assert {
    condition     = [for listener in output.resources.objects["gateway-kong-gateway-platform"].spec.listeners : lookup(listener, "hostname", "any")] == ["any", "staging.inferloop.example"]
    error_message = "No wildcard is asked for by HTTP, which cannot prove one."
  }
}

run "challenges_do_not_come_in_by_istios_own_gateway" {
  command = plan
  variables {
    platform         = merge(yamldecode(file("./tests/platform.yaml")), { cloud = "onprem", secret_store = { kind = "vault", region = null, secrets = {} } })
    cluster_services = { gateway = "istio", secret_store = { server = "https://vault.example.com" } }
  }
  assert {
    condition     = output.problems == tolist(["cluster_services.certificates.issuer is acme, whose questions on onprem come in by a route that Istio's own gateway does not serve; choose issuer own-ca, or gateway gateway-api or kong."])
    error_message = "Said: ${join("\n", output.problems)}"
  }
}

run "the_secret_store_is_vault_on_premises" {
  command = plan
  variables {
    platform         = merge(yamldecode(file("./tests/platform.yaml")), { cloud = "onprem", secret_store = { kind = "vault", region = null, secrets = {} } })
    cluster_services = { gateway = "istio", certificates = { issuer = "own-ca" }, secret_store = { server = "https://vault.example.com", path = "kv" } }
  }
  assert {
    condition     = output.resources.objects["secret-store-cluster-secret-store"].spec.provider.vault == { server = "https://vault.example.com", path = "kv", version = "v2", auth = { kubernetes = { mountPath = "kubernetes", role = "external-secrets", serviceAccountRef = { name = "external-secrets", namespace = "external-secrets" } } } }
    error_message = "Vault lets the controller's service account in."
  }
  assert {
    condition     = contains(keys(output.applications.applications), "metrics-server") && !contains(keys(output.applications.applications), "external-dns") && output.resources.objects["gateway-istio-certificate-platform"].spec.dnsNames == ["staging.inferloop.example", "*.staging.inferloop.example"]
    error_message = "On premises the metrics server is installed, records are kept elsewhere, and an authority of one's own signs a wildcard."
  }
}

run "a_name_of_an_environment_that_cannot_be_is_refused" {
  command = plan
  variables {
    environment = { name = "Staging!" }
  }
  expect_failures = [var.environment]
}

run "a_name_of_a_namespace_that_cannot_be_is_refused" {
  command = plan
  variables {
    namespaces = { In_ferloop = { quota = { cpu_millicores = 0, gpus = 0, memory_mb = 0, pods = 0 } } }
  }
  expect_failures = [var.namespaces]
}

run "a_choice_that_is_not_there_is_refused" {
  command = plan
  variables {
    cluster_services = { mesh = "cilium" }
  }
  expect_failures = [var.cluster_services]
}
