"""Kubeconfigs made from what the first stage tells of its cluster; never with a secret in them.

The form: https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from inferloop_deploy.errors import InferloopError

CLIENT_API = "client.authentication.k8s.io/v1beta1"
ENTRA_SERVER = "6dae42f8-4368-4678-94ff-3960e28e3630"
"""The application that every AKS cluster is for Entra ID: https://azure.github.io/kubelogin/concepts/aks.html"""


class NoCluster(InferloopError):
    """The environment has no cluster (yet)."""


@dataclass(frozen=True)
class ClusterAccess:
    """Where a cluster is and how one logs in to it, as the output `platform` tells."""

    name: str
    endpoint: str
    ca_certificate: str
    auth: Mapping[str, str]

    @property
    def program(self) -> str | None:
        """The program that gets a token, or None where there is none to run."""
        return None if self.auth["kind"] == "client-certificate" else _exec(self)["command"]


def cluster_access(platform: Mapping[str, Any], environment: str) -> ClusterAccess:
    """Return how to reach the cluster of a platform; raises NoCluster where there is none."""
    cluster = platform.get("cluster")
    if cluster is None:
        raise NoCluster(
            f"{environment} has no cluster.", "Set spec.cluster.enabled: true in the environment's file, and apply."
        )
    return ClusterAccess(
        str(cluster["name"]), str(cluster["endpoint"]), str(cluster["ca_certificate"]), dict(cluster["auth"])
    )


def kubeconfig(access: ClusterAccess) -> dict[str, Any]:
    """Return a kubeconfig with one cluster, one user and one context, all called as the cluster."""
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {
                "name": access.name,
                "cluster": {"server": access.endpoint, "certificate-authority-data": access.ca_certificate},
            }
        ],
        "users": [{"name": access.name, "user": _user(access)}],
        "contexts": [{"name": access.name, "context": {"cluster": access.name, "user": access.name}}],
        "current-context": access.name,
    }


def kubeconfig_text(access: ClusterAccess) -> str:
    """Return a kubeconfig as a file holds it."""
    return str(yaml.safe_dump(kubeconfig(access), sort_keys=False, width=1000))


def _user(access: ClusterAccess) -> dict[str, Any]:
    if access.auth["kind"] == "client-certificate":
        return {
            "client-certificate": access.auth["certificate_file"],
            "client-key": access.auth["key_file"],
        }
    return {"exec": _exec(access)}


def _exec(access: ClusterAccess) -> dict[str, Any]:
    """Return the program that gets a token: https://kubernetes.io/docs/reference/access-authn-authz/authentication/"""
    auth = access.auth
    base = {"apiVersion": CLIENT_API, "interactiveMode": "IfAvailable"}
    if auth["kind"] == "aws-eks":
        words = ["eks", "get-token", "--cluster-name", auth["cluster"], "--region", auth["region"], "--output", "json"]
        return {**base, "command": "aws", "args": words}
    if auth["kind"] == "gcp-gke":
        return {**base, "command": "gke-gcloud-auth-plugin", "provideClusterInfo": True}
    if auth["kind"] == "azure-aks":
        return {
            **base,
            "command": "kubelogin",
            "args": ["get-token", "--login", "azurecli", "--server-id", ENTRA_SERVER],
        }
    raise InferloopError(
        f"How to log in to the cluster {access.name} is not known: {auth['kind']}.", "Use a newer inferloop-deploy."
    )
