"""The control plane's parts without its programs: command lines, certificates, nodes, stages, and what goes wrong."""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509

from inferloop_deploy.cli import run
from inferloop_deploy.errors import InferloopError
from inferloop_deploy.programs import ProgramMissing
from inferloop_deploy.sandbox.cluster import (
    Cluster,
    ClusterFailed,
    ClusterFiles,
    Node,
    Taint,
    given_cluster,
    lifecycle,
    nodes_of_pools,
    temporary_cluster,
)
from inferloop_deploy.sandbox.cluster.certificates import Authority
from inferloop_deploy.sandbox.cluster.components import PROGRAMS, Layout, Ports, commands, restore_command
from inferloop_deploy.sandbox.cluster.stages import ONE_CLASS, provisioned_by_request, stages
from inferloop_deploy.sandbox.processes import SandboxFailed, free_ports

PORTS = Ports(api=6443, etcd=2379, etcd_peers=2380)
FOLDER = Layout(Path("/planes/one"))


def command_lines() -> dict[str, list[str]]:
    return commands(FOLDER, PORTS, {name: Path("/bin") / name for name in PROGRAMS})


@pytest.mark.parametrize(
    ("program", "flags"),
    [
        ("etcd", ["--listen-client-urls=https://127.0.0.1:2379", "--client-cert-auth=true", "--data-dir=/planes/one/etcd"]),
        ("kube-apiserver", ["--secure-port=6443", "--bind-address=127.0.0.1", "--authorization-mode=Node,RBAC"]),
        ("kube-apiserver", ["--etcd-servers=https://127.0.0.1:2379", "--requestheader-allowed-names=front-proxy-client"]),
        ("kube-controller-manager", ["--secure-port=0", "--leader-elect=false", "--use-service-account-credentials=true"]),
        ("kube-scheduler", ["--secure-port=0", "--kubeconfig=/planes/one/kube-scheduler.kubeconfig"]),
        ("kwok", ["--manage-all-nodes=false", "--config=/planes/one/stages.yaml"]),
    ],
)  # fmt: skip
def test_a_program_is_called_with(program: str, flags: list[str]) -> None:
    assert set(flags) <= set(command_lines()[program])


def test_nothing_listens_anywhere_but_on_loopback() -> None:
    words = " ".join(word for line in command_lines().values() for word in line if "listen" in word or "bind" in word)

    assert set(re.findall(r"\d+\.\d+\.\d+\.\d+", words)) == {"127.0.0.1"}
    assert command_lines()["kube-scheduler"].count("--secure-port=0") == 1


def test_etcd_starts_from_a_state_as_the_member_that_it_is() -> None:
    line = restore_command(FOLDER, PORTS, Path("/bin/etcdutl"), Path("/state.db"))

    assert line[:4] == ["/bin/etcdutl", "snapshot", "restore", "/state.db"]
    assert set(line[4:]) <= set(command_lines()["etcd"])


def test_a_certificate_says_who_and_in_which_groups_and_is_signed_by_its_authority(tmp_path: Path) -> None:
    authority = Authority.create(tmp_path, "ca")
    path, key = authority.issue("ann", "ann", ["team", "readers"], hosts=["localhost"], addresses=["127.0.0.1"])
    made = x509.load_pem_x509_certificate(path.read_bytes())

    made.verify_directly_issued_by(x509.load_pem_x509_certificate(authority.certificate.read_bytes()))
    assert made.subject.rfc4514_string() == "CN=ann,O=readers,O=team"
    names = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]
    assert [stat.S_IMODE(one.stat().st_mode) for one in (key, authority.key)] == [0o600, 0o600]


@pytest.mark.parametrize(
    ("pool", "node"),
    [
        (
            {"min": 0, "gpu": None, "labels": {"pool": "general"}, "taints": []},
            Node("general-0", {"pool": "general"}),
        ),
        (
            {
                "min": 1,
                "gpu": {"type": "nvidia-l4", "count": 4},
                "labels": {},
                "taints": [{"key": "spot", "value": None, "effect": "NoSchedule"}],
            },
            Node("general-0", {}, (Taint("spot", None, "NoSchedule"),), {"nvidia.com/gpu": "4"}),
        ),
    ],
)
def test_a_node_has_what_its_pool_says(pool: dict[str, object], node: Node) -> None:
    assert nodes_of_pools({"general": pool}) == [node]


def test_the_nodes_of_a_pool_are_spread_over_zones() -> None:
    pool = {"min": 4, "gpu": None, "labels": {}, "taints": []}

    assert [node.zone for node in nodes_of_pools({"general": pool})] == ["a", "b", "c", "a"]


def test_a_node_as_the_api_server_takes_it() -> None:
    manifest = Node("gpu-0", {"pool": "gpu"}, (Taint("gpu", None, "NoSchedule"),), {"nvidia.com/gpu": "1"}).manifest()

    assert manifest["spec"]["taints"] == [{"key": "gpu", "effect": "NoSchedule"}]
    assert manifest["status"]["allocatable"]["nvidia.com/gpu"] == "1"
    assert manifest["status"]["allocatable"]["cpu"] == "16"
    assert manifest["metadata"]["labels"]["kubernetes.io/hostname"] == "gpu-0"


def test_volumes_are_provisioned_for_every_class_that_asks_for_one() -> None:
    assert "volume.kubernetes.io/storage-provisioner" in provisioned_by_request(f"expression: {ONE_CLASS}")


def test_without_kwoks_stages_what_fetches_them_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProgramMissing, match="make cluster-tools"):
        stages(tmp_path)


def test_free_ports_are_all_different() -> None:
    assert len(set(free_ports(20))) == 20


@pytest.fixture
def pretend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], ClusterFiles]:
    """Make programs of which one prints something and ends, and the others do nothing."""

    def make(which: str, script: str) -> ClusterFiles:
        folder = tmp_path / "programs" / "bin"
        folder.mkdir(parents=True)
        for name in (*PROGRAMS, "helm", "kubectl"):
            (folder / name).write_text(f"#!/bin/sh\n{script if name == which else 'exec sleep 1000'}\n")
            (folder / name).chmod(0o755)
        (folder.parent / "files" / "kwok").mkdir(parents=True)
        (folder.parent / "files" / "kwok" / "one.yaml").write_text("kind: Stage\n")
        monkeypatch.setenv("INFERLOOP_KUBERNETES_PROGRAMS", str(folder))
        return ClusterFiles(tmp_path / "plane", tmp_path)

    return make


def start(files: ClusterFiles) -> None:
    with temporary_cluster(files.folder, files.root, nodes=(), definitions=False):
        pytest.fail("it started")


def test_a_program_that_ends_while_it_starts_is_named_with_its_last_words(
    pretend: Callable[[str, str], ClusterFiles],
) -> None:
    files = pretend("etcd", "echo begin; echo 'no such flag: --wrong' >&2; exit 2")

    with pytest.raises(SandboxFailed, match="etcd ended with 2: no such flag: --wrong") as caught:
        start(files)

    assert str(files.log) in str(caught.value)
    assert not (files.folder / "certificates").exists()
    assert files.running() is None


def test_a_port_that_is_taken_each_time_is_given_up(pretend: Callable[[str, str], ClusterFiles]) -> None:
    files = pretend(
        "etcd", f"echo begun >> {Path('/dev/stderr')}; echo $$ >> ../tries; echo address already in use; exit 1"
    )

    with pytest.raises(SandboxFailed, match="etcd found its port taken 3 times"):
        start(files)

    assert len((files.folder.parent / "tries").read_text().splitlines()) == 3


def test_a_program_that_is_none_is_named(pretend: Callable[[str, str], ClusterFiles]) -> None:
    files = pretend("etcd", "")
    (files.root / "programs" / "bin" / "etcd").write_bytes(b"\x7fELF")

    with pytest.raises(SandboxFailed, match="etcd"):
        start(files)


@pytest.mark.parametrize(
    "record",
    ["", "{", "[]", '{"url": "x"}', '{"url": "u", "etcd": "e", "process": OWN, "started": "s"}'],
)
def test_a_record_that_is_not_of_a_running_control_plane_counts_for_nothing(tmp_path: Path, record: str) -> None:
    # A process that runs, and is no control plane: this one.
    (tmp_path / "cluster.json").write_text(record.replace("OWN", str(os.getpid())))
    files = ClusterFiles(tmp_path, tmp_path)

    assert files.record() is None
    assert not lifecycle.stop(files)
    assert not (tmp_path / "cluster.json").exists()


def client(folder: Path, script: str) -> Cluster:
    program = folder / "kubectl"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return Cluster(folder / "kubeconfig", folder, {"kubectl": program, "helm": program})


def test_a_command_that_fails_is_told_with_what_it_said(tmp_path: Path) -> None:
    cluster = client(tmp_path, "echo 'pods \"x\" not found' >&2; exit 1")

    with pytest.raises(ClusterFailed, match='kubectl get pod x failed: pods "x" not found'):
        cluster.kubectl(["get", "pod", "x"])
    assert cluster.helm(["status"], check=False).returncode == 1


def test_a_command_gets_its_input_and_the_kubeconfig(tmp_path: Path) -> None:
    assert (
        client(tmp_path, "echo $KUBECONFIG; cat").kubectl([], "manifest").stdout == f"{tmp_path}/kubeconfig\nmanifest"
    )


def test_a_user_cannot_be_made_on_a_cluster_that_was_given(tmp_path: Path) -> None:
    with pytest.raises(ClusterFailed, match="auth can-i --as"):
        client(tmp_path, "").user("ann")


def test_a_kubeconfig_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InferloopError, match=r"no kubeconfig .*/missing"):
        given_cluster(tmp_path / "missing", tmp_path, tmp_path)


@pytest.fixture
def running(tmp_path: Path) -> list[str]:
    """A project in which the control plane of dev is said to run, as this process."""
    (tmp_path / "modules").mkdir()
    (tmp_path / "services").mkdir()
    (tmp_path / "environments").mkdir()
    folder = tmp_path / "build" / "sandbox" / "cluster-dev"
    folder.mkdir(parents=True)
    record = {
        "url": "https://127.0.0.1:6443",
        "etcd": "",
        "process": os.getpid(),
        "started": "2026-01-01T00:00:00+00:00",
    }
    (folder / "cluster.json").write_text(json.dumps(record))
    return ["--root", str(tmp_path)]


def test_status_shows_each_control_plane_and_how_to_reach_it(
    running: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(lifecycle, "is_server", lambda *_: True)

    assert run([*running, "sandbox", "status"]) == 0
    text = capsys.readouterr().out
    assert run([*running, "sandbox", "status", "--output", "json"]) == 0
    told = json.loads(capsys.readouterr().out)

    assert "No sandbox is running." in text
    assert "The control plane cluster-dev answers on https://127.0.0.1:6443" in text
    assert f"export KUBECONFIG={running[1]}/build/sandbox/cluster-dev/admin.kubeconfig" in text
    assert told["running"] is False
    assert told["clusters"]["cluster-dev"]["url"] == "https://127.0.0.1:6443"


def test_stop_ends_each_control_plane(
    running: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ended: list[int] = []
    monkeypatch.setattr(lifecycle, "is_server", lambda *_: True)
    monkeypatch.setattr(lifecycle, "end", lambda process, *_: ended.append(process))

    assert run([*running, "sandbox", "stop"]) == 0
    said = capsys.readouterr().out

    assert ended == [os.getpid()]
    assert "The control plane cluster-dev is stopped; what was made in it is gone." in said
    assert "No sandbox was running." in said
