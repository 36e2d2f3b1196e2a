# How each cloud's program gives a token for the cluster's API. Programs and files are asked at every run, so that no credential is in a
# variable, a plan or a state.
locals {
  auth = try(var.platform.cluster.auth, { kind = "none" })

  token_programs = {
    aws-eks = {
      command = "aws"
      args    = ["eks", "get-token", "--output", "json", "--region", lookup(local.auth, "region", ""), "--cluster-name", lookup(local.auth, "cluster", "")]
    }
    azure-aks = {
      command = "kubelogin"
      # The application that every AKS cluster with Entra ID knows: https://azure.github.io/kubelogin/concepts/aks.html
      args = ["get-token", "--login", lookup(local.auth, "login", "azurecli"), "--server-id", lookup(local.auth, "server_id", "6dae42f8-4368-4678-94ff-3960e28e3630")]
    }
    gcp-gke = {
      command = "gke-gcloud-auth-plugin"
      args    = []
    }
  }
  token_program = lookup(local.token_programs, local.auth.kind, null)

  certificate_files = { for field in ["certificate_file", "key_file"] : field => lookup(local.auth, field, null) if local.auth.kind == "client-certificate" }
}

provider "helm" {
  kubernetes = {
    host                   = try(var.platform.cluster.endpoint, null)
    cluster_ca_certificate = try(base64decode(var.platform.cluster.ca_certificate), null)
    client_certificate     = try(file(local.certificate_files.certificate_file), null)
    client_key             = try(file(local.certificate_files.key_file), null)
    exec = local.token_program == null ? null : {
      api_version = "client.authentication.k8s.io/v1beta1"
      command     = local.token_program.command
      args        = local.token_program.args
      env         = {}
    }
  }
}
