"""Kubeconfigs of each cloud, and that they hold no secret."""

from __future__ import annotations

from dataclasses import replace

import pytest
import yaml

from inferloop_deploy.errors import InferloopError
from inferloop_deploy.kubernetes.kubeconfig import (
    ClusterAccess,
    NoCluster,
    cluster_access,
    kubeconfig,
    kubeconfig_text,
)

CERTIFICATE = {"kind": "client-certificate", "certificate_file": "/pki/admin.crt", "key_file": "/pki/admin.key"}


@pytest.mark.parametrize(
    ("auth", "command", "words"),
    [
        (
            {"kind": "aws-eks", "region": "eu-west-1", "cluster": "c"},
            "aws",
            "eks get-token --cluster-name c --region eu-west-1 --output json",
        ),
        ({"kind": "gcp-gke"}, "gke-gcloud-auth-plugin", ""),
        (
            {"kind": "azure-aks"},
            "kubelogin",
            "get-token --login azurecli --server-id 6dae42f8-4368-4678-94ff-3960e28e3630",
        ),
    ],
)
def test_each_cloud_has_its_program_that_gets_a_token(
    access: ClusterAccess, auth: dict[str, str], command: str, words: str
) -> None:
    one = replace(access, auth=auth)
    user = kubeconfig(one)["users"][0]["user"]
    assert set(user) == {"exec"}
    assert user["exec"]["command"] == command == one.program
    assert " ".join(user["exec"].get("args", [])) == words


def test_a_client_certificate_is_named_by_its_files_and_not_copied(access: ClusterAccess) -> None:
    one = replace(access, auth=CERTIFICATE)
    assert kubeconfig(one)["users"][0]["user"] == {
        "client-certificate": "/pki/admin.crt",
        "client-key": "/pki/admin.key",
    }
    assert one.program is None


def test_a_kubeconfig_leads_to_the_cluster_with_its_certificate_checked(access: ClusterAccess) -> None:
    document = yaml.safe_load(kubeconfig_text(access))
    assert document["clusters"] == [
        {"name": "inferloop-dev", "cluster": {"server": "https://eks.example", "certificate-authority-data": "Q0E="}}
    ]
    assert document["current-context"] == document["contexts"][0]["name"] == "inferloop-dev"
    assert document["contexts"][0]["context"] == {"cluster": "inferloop-dev", "user": "inferloop-dev"}


def test_an_unknown_way_to_log_in_is_refused(access: ClusterAccess) -> None:
    with pytest.raises(InferloopError, match="not known: oidc"):
        kubeconfig(replace(access, auth={"kind": "oidc"}))


def test_the_platform_tells_where_the_cluster_is() -> None:
    cluster = {"name": "c", "endpoint": "https://e", "ca_certificate": "QQ==", "auth": CERTIFICATE, "version": "1.34"}
    assert cluster_access({"cluster": cluster}, "dev") == ClusterAccess("c", "https://e", "QQ==", CERTIFICATE)


def test_a_platform_without_a_cluster_says_what_to_do() -> None:
    with pytest.raises(NoCluster, match=r"dev has no cluster.\nSet spec.cluster.enabled: true"):
        cluster_access({"cluster": None}, "dev")
