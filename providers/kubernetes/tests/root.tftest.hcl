mock_provider "helm" {
  mock_resource "helm_release" {
    defaults = {
      metadata = {
        app_version = "1.0", chart = "inferloop-service", first_deployed = 0, last_deployed = 0, name = "any", namespace = "inferloop", notes = "", revision = 3,
        values      = "{}", version = "0.1.0"
      }
    }
  }
}

variables {
  environment = {
    name        = "dev"
    owner       = "platform@example.com"
    cost_center = "cc-0001"
    region      = "us-east-1"
    account     = { id = "123456789012" }
    dns         = { domain = "dev.example.com" }
    network     = { cidr = "10.20.0.0/16", zones = ["us-east-1a", "us-east-1b"] }
    sizes       = { database = { small = "db.t4g.medium" }, cache = { small = "cache.t4g.small" } }
  }
  cluster          = { node_pools = { general = {} } }
  cluster_services = { managed = false }
  services = {
    tabular = { spec = { dependencies = { nlp = { type = "service" } } } }
    nlp     = { metadata = { namespace = "science" } }
    edge    = { spec = { service = { image = { tag = "1" }, placement = { runtime = "fargate" } } } }
  }
}

run "placeholder" {
  command = plan
  module {
    source = "../../modules/base/placeholder"
  }
}

run "each_service_of_the_cluster_is_a_release" {
  variables {
    platform = merge(run.placeholder.platform, { placeholder = false })
    images   = { nlp = { digest = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" } }
  }
  assert {
    condition     = output.releases == { nlp = { namespace = "science", revision = 3 }, tabular = { namespace = "inferloop", revision = 3 } }
    error_message = "What runs elsewhere is none; found ${jsonencode(output.releases)}."
  }
  assert {
    condition     = output.values.nlp.image.digest == "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" && !can(output.values.tabular.image.digest)
    error_message = "An image that was asked for takes the place of the configured one, for that service."
  }
  assert {
    condition     = output.values.tabular.network.egressTo[0].namespace == "science" && output.values.nlp.network.ingressFrom[0].app == "tabular"
    error_message = "Services know who calls them."
  }
  assert {
    condition     = local.token_program.command == "aws" && join(" ", local.token_program.args) == "eks get-token --output json --region us-east-1 --cluster-name inferloop-dev"
    error_message = "EKS gives tokens by the aws program."
  }
}

run "a_placeholder_is_said" {
  command = plan
  variables {
    platform = run.placeholder.platform
  }
  expect_failures = [check.platform_is_there]
}

run "azure_gives_tokens_by_kubelogin" {
  command = plan
  variables {
    platform = merge(run.placeholder.platform, { placeholder = false, cluster = merge(run.placeholder.platform.cluster, { auth = { kind = "azure-aks", login = "workloadidentity" } }) })
  }
  assert {
    condition     = local.token_program.command == "kubelogin" && join(" ", local.token_program.args) == "get-token --login workloadidentity --server-id 6dae42f8-4368-4678-94ff-3960e28e3630"
    error_message = "AKS; found ${jsonencode(local.token_program)}."
  }
}

run "gke_gives_tokens_by_its_plugin" {
  command = plan
  variables {
    platform = merge(run.placeholder.platform, { placeholder = false, cluster = merge(run.placeholder.platform.cluster, { auth = { kind = "gcp-gke" } }) })
  }
  assert {
    condition     = local.token_program.command == "gke-gcloud-auth-plugin" && length(local.token_program.args) == 0
    error_message = "GKE."
  }
}

run "a_client_certificate_is_read_from_files" {
  command = plan
  variables {
    platform = merge(run.placeholder.platform, { placeholder = false, cluster = merge(run.placeholder.platform.cluster, {
      auth = { kind = "client-certificate", certificate_file = "/etc/inferloop/admin.crt", key_file = "/etc/inferloop/admin.key" }
    }) })
  }
  assert {
    condition     = local.token_program == null && local.certificate_files == { certificate_file = "/etc/inferloop/admin.crt", key_file = "/etc/inferloop/admin.key" }
    error_message = "Files, and no program."
  }
}

run "what_is_shared_comes_with_it" {
  command = plan
  variables {
    platform = merge(run.placeholder.platform, {
      placeholder = false
      controllers = { for addon, namespace in { aws-load-balancer-controller = "kube-system", external-dns = "external-dns" } : addon => {
        namespace = namespace, service_account = addon, role = "arn:aws:iam::123456789012:role/${addon}", annotations = {}
      } }
    })
    cluster_services = { backup = { enabled = false } }
  }
  assert {
    condition     = join(" ", module.platform.namespaces) == "inferloop science" && length(setsubtract(["argo-cd", "platform-base"], keys(module.platform.values))) == 0
    error_message = "Namespaces of the services, and the add-ons; found ${jsonencode(keys(module.platform.values))}."
  }
}
