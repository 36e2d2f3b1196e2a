"""The programs that are run for a cluster, and what their complaints mean; they are stand-ins here."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from inferloop_deploy.kubernetes.answers import Kind
from inferloop_deploy.kubernetes.clients import ClientMissing, find_client
from inferloop_deploy.kubernetes.cluster import (
    Cluster,
    ClusterFailed,
    ClusterRefused,
    ClusterUnreachable,
    NotThere,
    connect_cluster,
    failure,
)
from inferloop_deploy.kubernetes.kubeconfig import ClusterAccess
from inferloop_deploy.programs import ProgramMissing

Client = Callable[[str, str], Path]


@pytest.fixture
def client(tmp_path: Path) -> Client:
    """Write a program that does what a line of Python says."""

    def write(name: str, body: str) -> Path:
        path = tmp_path / "programs" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!{sys.executable} -S\nimport os, sys\nwords = sys.argv[1:]\n{body}\n")
        path.chmod(0o755)
        return path

    return write


@pytest.fixture
def cluster(client: Client, access: ClusterAccess, tmp_path: Path) -> Callable[[str], Cluster]:
    """Connect to a cluster whose kubectl and helm do what a line of Python says."""

    def connect(body: str) -> Cluster:
        programs = {
            name: str(client(name.rsplit("_", 1)[1].lower(), body)) for name in ("INFERLOOP_KUBECTL", "INFERLOOP_HELM")
        }
        environ = {**os.environ, **programs, "KUBECONFIG": "/somebody/elses", "HELM_KUBECONTEXT": "other"}
        return connect_cluster(access, tmp_path / "work", tmp_path, environ, "--env dev --cloud aws")

    return connect


def test_the_kubeconfig_is_our_own_and_nobody_else_may_read_it(
    cluster: Callable[[str], Cluster], tmp_path: Path
) -> None:
    one = cluster(
        "print([w for w in words if w.startswith('--kubeconfig')][0], os.environ.get('KUBECONFIG'), os.environ.get('HELM_KUBECONTEXT'))"
    )
    file = tmp_path / "work" / "kubeconfig"
    assert one.run(one.kubectl.line("get")) == f"--kubeconfig={file} None None\n"
    assert file.stat().st_mode & 0o777 == 0o600


def test_the_version_is_the_api_servers(cluster: Callable[[str], Cluster]) -> None:
    assert cluster('print(\'{"gitVersion": "v1.34.4"}\')').version() == "v1.34.4"


def test_kinds_of_groups_that_are_not_there_are_missing(cluster: Callable[[str], Cluster]) -> None:
    one = cluster(
        "path = words[2]\n"
        "if 'keda' in path: sys.exit('Error from server (NotFound): the server could not find the requested resource')\n"
        'print(\'{"resources": [{"kind": "Deployment"}]}\')'
    )
    scaler = Kind("keda.sh", "v1alpha1", "ScaledObject")
    assert one.missing([Kind("apps", "v1", "Deployment"), scaler]) == (scaler,)


def test_a_cluster_without_external_secrets_has_none_that_wait(cluster: Callable[[str], Cluster]) -> None:
    text = 'error: the server doesn\'t have a resource type "externalsecrets"'
    assert cluster(f"sys.exit({text!r})").waiting_secrets() == ()


def test_a_program_that_talks_to_the_person_hands_its_exit_code_on(cluster: Callable[[str], Cluster]) -> None:
    one = cluster("sys.exit(7)")
    assert one.hand_over(one.kubectl.line("logs")) == 7


def test_a_program_that_cannot_be_run_is_named(cluster: Callable[[str], Cluster]) -> None:
    one = cluster("")
    with pytest.raises(ClusterFailed, match="/nowhere cannot be run: No such file"):
        one.run(["/nowhere"])
    with pytest.raises(ClusterFailed, match="/nowhere cannot be run: No such file"):
        one.hand_over(["/nowhere"])


@pytest.mark.parametrize(
    ("said", "kind", "message", "hint"),
    [
        (
            "The connection to the server 10.0.0.1:443 was refused - did you specify the right host or port?",
            ClusterUnreachable,
            "The cluster inferloop-dev does not answer at https://eks.example",
            "spec.cluster.publicCidrs",
        ),
        ("Unable to connect to the server: dial tcp: lookup eks.example: no such host", ClusterUnreachable, "no such host", "drift"),
        ("Error: Kubernetes cluster unreachable: Get \"https://x\": dial tcp 1.2.3.4: i/o timeout", ClusterUnreachable, "i/o timeout", "VPN"),
        ("Unable to connect to the server: tls: failed to verify certificate: x509: certificate signed by unknown authority", ClusterUnreachable, "x509", "VPN"),
        (
            "Unable to connect to the server: getting credentials: exec: executable aws not found",
            ClusterRefused,
            "No token for the cluster inferloop-dev",
            "It is aws that gets it",
        ),
        ("error: You must be logged in to the server (Unauthorized)", ClusterRefused, "does not let you", "spec.cluster.access"),
        ('Error from server (Forbidden): secrets is forbidden: User "x"', ClusterRefused, "does not let you", "--stage infrastructure"),
        ('Error from server (NotFound): services "tabular" not found', NotThere, 'kubectl get: Error from server', "status"),
        ("first\nsecond\nError: UPGRADE FAILED", ClusterFailed, "kubectl get failed: Error: UPGRADE FAILED", "first\nsecond"),
        ("", ClusterFailed, "it gave no reason", "It was called so: /bin/kubectl get"),
    ],
)  # fmt: skip
def test_what_a_program_complains_about_becomes_an_error_with_a_next_step(
    access: ClusterAccess, said: str, kind: type[Exception], message: str, hint: str
) -> None:
    found = failure(access, "--env dev --cloud aws", ["/bin/kubectl", "get"], said)
    assert type(found) is kind
    assert message in found.message
    assert hint in str(found.hint)


def test_the_program_that_a_variable_names_comes_first_then_the_projects_tools(client: Client, tmp_path: Path) -> None:
    own, tools = client("helm", ""), tmp_path / ".tools" / "helm"
    tools.parent.mkdir()
    tools.write_text("#!/bin/sh\n")
    tools.chmod(0o755)
    environ = {"PATH": str(tmp_path / "none"), "INFERLOOP_HELM": str(own)}
    assert find_client("helm", tmp_path, environ) == own
    assert find_client("helm", tmp_path, {"PATH": environ["PATH"]}) == tools


def test_a_program_on_the_path_is_taken_where_nothing_was_built(client: Client, tmp_path: Path) -> None:
    own = client("kubectl", "")
    assert find_client("kubectl", tmp_path, {"PATH": str(own.parent), "XDG_CACHE_HOME": str(tmp_path)}) == own


def test_a_variable_that_names_no_program_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ClientMissing, match="INFERLOOP_KUBECTL names /nowhere, which is not a program"):
        find_client("kubectl", tmp_path, {"INFERLOOP_KUBECTL": "/nowhere"})


def test_a_missing_program_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(ProgramMissing, match=r"helm is not there.\nBuild what is pinned, once: make cluster-tools"):
        find_client("helm", tmp_path, {"PATH": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)})
