terraform {
  # No backend block: its type differs by cloud and cannot be a variable. `inferloop-deploy` writes one beside (docs/decisions/0095).
  required_version = ">= 1.10"
  required_providers {
    helm = {
      source  = "hashicorp/helm"
      version = "~> 3.1"
    }
  }
}
