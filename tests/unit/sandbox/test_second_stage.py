"""The second stage in the sandbox: its platform, its cluster's own part, and kinds without a definition."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from inferloop_deploy.kubernetes.answers import Kind
from inferloop_deploy.sandbox.definitions import OPEN_KINDS, add_open_definitions, open_definition
from inferloop_deploy.sandbox.platform import rehearsed_config, rehearsed_platform, write_rehearsed
from inferloop_deploy.sandbox.services import all_cluster_files, cluster_files, furnish, version_of
from inferloop_deploy.target import Target, load


@dataclass
class Kubectl:
    """A control plane that notes what it is asked."""

    answers: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, Any]] = field(default_factory=list)
    nodes: list[str] = field(default_factory=list)

    def kubectl(self, arguments: list[str], text: str | None = None) -> Any:
        self.asked.append((" ".join(arguments), None if text is None else json.loads(text)))

        @dataclass
        class Outcome:
            stdout: str

        return Outcome(next((answer for key, answer in self.answers.items() if key in " ".join(arguments)), ""))

    def add_nodes(self, nodes: list[Any]) -> None:
        self.nodes += [node.name for node in nodes]


def test_the_local_control_plane_stands_in_for_the_cluster_and_everything_else_stays(tmp_path: Path) -> None:
    (tmp_path / "ca.crt").write_text("authority")
    user = {"client-certificate": "/pki/admin.crt", "client-key": "/pki/admin.key"}
    cluster = {"server": "https://127.0.0.1:6443", "certificate-authority": str(tmp_path / "ca.crt")}
    kubeconfig = tmp_path / "config"
    kubeconfig.write_text(json.dumps({"clusters": [{"cluster": cluster}], "users": [{"user": user}]}))
    pools = {"general": {"min": 1}}
    platform: dict[str, Any] = {
        "name": "inferloop-dev",
        "cluster": {"name": "c", "endpoint": "https://moto", "node_pools": pools},
    }
    found = rehearsed_platform(platform, kubeconfig, "1.35")
    assert found["name"] == "inferloop-dev"
    assert found["cluster"] == {
        "name": "c",
        "endpoint": "https://127.0.0.1:6443",
        "ca_certificate": base64.b64encode(b"authority").decode(),
        "version": "1.35",
        "auth": {
            "kind": "client-certificate", "certificate_file": "/pki/admin.crt", "key_file": "/pki/admin.key",
        },
        "node_pools": pools,
    }  # fmt: skip
    assert platform["cluster"]["endpoint"] == "https://moto", "what was told is left as it is"


def test_nothing_of_others_is_installed_in_the_sandbox(make_project: Callable[..., Path], tmp_path: Path) -> None:
    config = load(Target(make_project(), "dev", "aws"))
    assert config.environment.config.spec.cluster_services.managed
    assert not rehearsed_config(config).environment.config.spec.cluster_services.managed
    write_rehearsed(config, tmp_path)
    lines = (tmp_path / "cluster.auto.tfvars").read_text().splitlines()
    assert [line.split() for line in lines if "managed" in line] == [["managed", "=", "false"]]


def test_a_control_plane_gets_the_nodes_that_it_does_not_have_yet() -> None:
    pool: dict[str, Any] = {"min": 2, "max": 3, "spot": False, "gpu": None, "labels": {}, "taints": []}
    cluster = Kubectl({"get nodes": "node/general-0\n"})
    furnish(cluster, {"cluster": {"node_pools": {"general": pool}}})  # type: ignore[arg-type]
    assert cluster.nodes == ["general-1"]
    assert any("apply --server-side" in line for line, _ in cluster.asked)


def test_kinds_without_a_published_definition_are_taken_in_with_any_fields() -> None:
    definition = open_definition(Kind("configuration.konghq.com", "v1", "KongPlugin"))
    assert definition["metadata"]["name"] == "kongplugins.configuration.konghq.com"
    (version,) = definition["spec"]["versions"]
    assert version["schema"]["openAPIV3Schema"]["x-kubernetes-preserve-unknown-fields"] is True
    cluster = Kubectl()
    add_open_definitions(cluster)  # type: ignore[arg-type]
    (_, document), (waited, _) = cluster.asked
    assert {one["spec"]["names"]["kind"] for one in document["items"]} == {kind.kind for kind in OPEN_KINDS}
    assert "--for=condition=Established" in waited


def test_the_version_is_that_of_the_control_plane() -> None:
    assert version_of(Kubectl({"/version": '{"major": "1", "minor": "35"}'})) == "1.35"  # type: ignore[arg-type]


@pytest.mark.parametrize("environment", ["dev", "staging"])
def test_each_environment_has_a_control_plane_of_its_own_that_is_found_again(tmp_path: Path, environment: str) -> None:
    files = cluster_files(tmp_path, environment)
    assert all_cluster_files(tmp_path) == []
    files.folder.mkdir(parents=True)
    (tmp_path / "build/sandbox/server.json").write_text("")
    assert [one.folder for one in all_cluster_files(tmp_path)] == [files.folder]
    assert files.running() is None
