"""The control plane itself: real programs of the pinned version, nodes and volumes that kwok stands in for."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from threading import Event

import pytest

from inferloop_deploy.programs import (
    ProgramMissing,
    crds_folder,
    find_programs,
    prepared_folder,
    read_programs,
    schema_location,
)
from inferloop_deploy.sandbox.cluster import (
    Cluster,
    ClusterFailed,
    ClusterFiles,
    Node,
    Taint,
    lifecycle,
    nodes_of_pools,
)
from inferloop_deploy.sandbox.cluster.lifecycle import is_server, temporary_cluster
from inferloop_deploy.sandbox.processes import command_line

ROOT = Path(__file__).resolve().parents[2]
HOLDER = """
import pathlib, sys
from inferloop_deploy.sandbox.cluster import temporary_cluster
folder, root = map(pathlib.Path, sys.argv[1:])
with temporary_cluster(folder, root, nodes=(), definitions=False) as cluster:
    print(cluster.process, flush=True)
    sys.stdin.read()
"""
STARTED = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok")
CLAIM = """
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {{name: {name}}}
provisioner: ebs.csi.aws.com
volumeBindingMode: WaitForFirstConsumer
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {{name: data}}
spec:
  accessModes: [ReadWriteOnce]
  storageClassName: {asked}
  resources: {{requests: {{storage: 1Gi}}}}
---
apiVersion: v1
kind: Pod
metadata: {{name: store}}
spec:
  containers:
    - {{name: main, image: registry.example/store:1, volumeMounts: [{{name: data, mountPath: /data}}]}}
  volumes: [{{name: data, persistentVolumeClaim: {{claimName: data}}}}]
"""


def processes_of(folder: Path) -> set[int]:
    """Return the processes that run for a control plane: each names the folder in its command line."""
    return {
        int(path.name)
        for path in Path("/proc").glob("[0-9]*")
        if any(str(folder) in word for word in command_line(int(path.name))[1:])
    } - {os.getpid()}


def gone(folder: Path) -> bool:
    """Wait until nothing runs for a folder; what stays must not keep the whole run from ending."""
    for _ in range(3000):
        if not processes_of(folder):
            return True
        Event().wait(0.02)
    return False


def kubeconform(manifest: dict[str, object]) -> subprocess.CompletedProcess[str]:
    """Check an object against the schemas alone."""
    program = find_programs(ROOT, ["kubeconform"])["kubeconform"]
    command = [str(program), "-strict", "-schema-location", schema_location(ROOT), "-"]
    return subprocess.run(command, input=json.dumps(manifest), capture_output=True, text=True, check=False)


def test_the_api_server_is_of_the_pinned_version(cluster: Cluster) -> None:
    pinned = next(one for one in read_programs(ROOT) if one.name == "kube-apiserver").module.version
    versions = json.loads(cluster.kubectl(["version", "--output=json"]).stdout)

    assert versions["serverVersion"]["gitVersion"] == versions["clientVersion"]["gitVersion"] == f"v{pinned}"


def test_every_definition_is_established(cluster: Cluster) -> None:
    pins = tomllib.loads((ROOT / "tools" / "kubernetes" / "crds.toml").read_text(encoding="utf-8"))
    pinned = {name for entry in pins["crds"].values() for name in entry["names"]}
    items = json.loads(cluster.kubectl(["get", "customresourcedefinitions", "--output=json"]).stdout)["items"]
    established = {
        item["metadata"]["name"]
        for item in items
        for condition in item["status"]["conditions"]
        if condition["type"] == "Established" and condition["status"] == "True"
    }

    assert pinned <= established
    assert {path.stem for path in crds_folder(ROOT).glob("*/*.yaml")} == pinned


def test_a_kind_that_is_listed_as_unproven_has_no_schema() -> None:
    """Once its definition can be had, it belongs among the others."""
    pins = tomllib.loads((ROOT / "tools" / "kubernetes" / "crds.toml").read_text(encoding="utf-8"))
    unproven = [kind.split("/") for entry in pins["unproven"].values() for kind in entry["kinds"]]
    schemas = prepared_folder(ROOT) / "schemas"

    assert unproven
    assert (schemas / "networking.istio.io" / "virtualservice_v1.json").exists()
    assert not [kind for group, _, kind in unproven if list((schemas / group).glob(f"{kind.lower()}_*.json"))]


def test_a_deployment_becomes_available_on_ready_nodes_of_three_zones(cluster: Cluster, namespace: str) -> None:
    cluster.kubectl(["create", "deployment", "api", "--image=registry.example/api:1", "--replicas=3", "-n", namespace])
    cluster.kubectl(["wait", "--for=condition=Available", "deployment/api", "--timeout=60s", "-n", namespace])
    pods = json.loads(cluster.kubectl(["get", "pods", "-n", namespace, "--output=json"]).stdout)["items"]

    assert {pod["spec"]["nodeName"] for pod in pods} == {"node-a", "node-b", "node-c"}


def test_an_unknown_field_of_a_custom_resource_is_refused(applied: Callable[[str], str], namespace: str) -> None:
    rule = {"apiVersion": "monitoring.coreos.com/v1", "kind": "PrometheusRule", "spec": {"groups": [], "group": []}}
    rule["metadata"] = {"name": "rules", "namespace": namespace}

    with pytest.raises(ClusterFailed, match=r"spec\.group: field not declared in schema"):
        applied(json.dumps(rule))


def test_pod_security_refuses_what_a_namespace_forbids(cluster: Cluster, namespace: str) -> None:
    cluster.kubectl(["label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted"])

    with pytest.raises(ClusterFailed, match="violates PodSecurity"):
        cluster.kubectl(["run", "root", "--image=registry.example/root:1", "-n", namespace])


def test_a_user_has_what_roles_give_to_the_users_groups_and_nothing_else(cluster: Cluster, namespace: str) -> None:
    cluster.kubectl(["create", "rolebinding", "view", "--clusterrole=view", "--group=readers", "-n", namespace])
    reader = cluster.user("ann", ["readers"])

    def may(verb: str, resource: str, kubeconfig: Path) -> bool:
        words = ["auth", "can-i", verb, resource, "-n", namespace]
        return cluster.kubectl(words, check=False, kubeconfig=kubeconfig).stdout.strip() == "yes"

    assert may("get", "pods", reader)
    assert not may("delete", "pods", reader)
    assert not may("get", "pods", cluster.user("bob", ["writers"]))
    assert json.loads(cluster.kubectl(["auth", "whoami", "--output=json"], kubeconfig=reader).stdout)["status"][
        "userInfo"
    ]["groups"] == ["readers", "system:authenticated"]


def test_pods_that_ask_for_gpus_go_where_they_are_and_nothing_else_does(cluster: Cluster, namespace: str) -> None:
    pool = {"min": 0, "max": 2, "spot": False, "gpu": {"type": "nvidia-l4", "count": 2}, "labels": {"pool": "gpu"}}
    pool["taints"] = [{"key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule"}]
    nodes = nodes_of_pools({"gpu": pool})
    cluster.add_nodes(nodes)
    try:
        container = {"name": "main", "image": "registry.example/train:1"}
        container["resources"] = {"limits": {"nvidia.com/gpu": "2"}}
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "train", "namespace": namespace}}
        pod["spec"] = {"containers": [container], "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists"}]}
        cluster.kubectl(["create", "--filename=-"], json.dumps(pod))
        cluster.kubectl(["wait", "--for=condition=Ready", "pod/train", "--timeout=60s", "-n", namespace])
        cluster.kubectl(["run", "plain", "--image=registry.example/plain:1", "-n", namespace])
        cluster.kubectl(["wait", "--for=condition=Ready", "pod/plain", "--timeout=60s", "-n", namespace])
        placed = cluster.kubectl(
            [
                "get",
                "pods",
                "-n",
                namespace,
                "--output=jsonpath={range .items[*]}{.metadata.name}={.spec.nodeName} {end}",
            ]
        ).stdout.split()
    finally:
        cluster.remove_nodes([node.name for node in nodes])

    assert nodes == [
        Node(
            "gpu-0",
            {"pool": "gpu"},
            (Taint("nvidia.com/gpu", "present", "NoSchedule"),),
            {"nvidia.com/gpu": "2"},
        )
    ]
    assert "train=gpu-0" in placed
    assert not any(one.startswith("plain=gpu") for one in placed)


def test_a_claim_is_bound_to_a_volume_once_a_pod_uses_it(cluster: Cluster, namespace: str) -> None:
    cluster.kubectl(["create", "--filename=-", "-n", namespace], CLAIM.format(name=namespace, asked=namespace))
    try:
        cluster.kubectl(["wait", "--for=condition=Ready", "pod/store", "--timeout=60s", "-n", namespace])
        claim = json.loads(cluster.kubectl(["get", "pvc", "data", "-n", namespace, "--output=json"]).stdout)
    finally:
        cluster.kubectl(["delete", "storageclass", namespace])

    assert claim["status"]["phase"] == "Bound"


def test_a_claim_of_a_class_that_does_not_exist_stays_unbound(cluster: Cluster, namespace: str) -> None:
    cluster.kubectl(["create", "--filename=-", "-n", namespace], CLAIM.format(name=namespace, asked="no-such-class"))
    try:
        cluster.kubectl(
            ["wait", "--for=jsonpath={.status.conditions[0].reason}=Unschedulable", "pod/store", "-n", namespace]
        )
        phase = cluster.kubectl(["get", "pvc", "data", "-n", namespace, "--output=jsonpath={.status.phase}"]).stdout
    finally:
        cluster.kubectl(["delete", "storageclass", namespace])

    assert phase == "Pending"


def test_helm_installs_tests_rolls_back_and_uninstalls(cluster: Cluster, namespace: str, tmp_path: Path) -> None:
    chart = tmp_path / "tiny"
    (chart / "templates").mkdir(parents=True)
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: tiny\nversion: 0.1.0\n")
    (chart / "templates" / "all.yaml").write_text(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: tiny}\ndata: {text: {{ .Values.text | quote }}}\n---\n"
        "apiVersion: v1\nkind: Pod\nmetadata: {name: tiny-test, annotations: {helm.sh/hook: test}}\n"
        "spec: {restartPolicy: Never, containers: [{name: test, image: registry.example/test:1}]}\n"
    )

    def text() -> str:
        return cluster.kubectl(["get", "configmap", "tiny", "-n", namespace, "--output=jsonpath={.data.text}"]).stdout

    release = ["tiny", f"--namespace={namespace}"]
    cluster.helm(["install", *release, str(chart), "--set=text=one", "--wait"])
    cluster.helm(["upgrade", *release, str(chart), "--set=text=two", "--atomic"])
    assert text() == "two"
    assert "Phase:          Succeeded" in cluster.helm(["test", *release]).stdout
    cluster.helm(["rollback", *release, "1", "--wait"])
    assert text() == "one"
    cluster.helm(["uninstall", *release, "--wait"])
    assert cluster.helm(["list", f"--namespace={namespace}", "--short"]).stdout.strip() == ""


def test_the_programs_get_no_setting_of_a_persons_own(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("KUBECONFIG", "KUBE_CONTEXT", "HELM_NAMESPACE", "HELM_KUBECONTEXT"):
        monkeypatch.setenv(name, "somebody-elses")

    environment = cluster.environment()

    assert "somebody-elses" not in environment.values()
    assert environment["KUBECONFIG"] == str(cluster.kubeconfig)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_nothing_of_a_control_plane_outlives_who_started_it(tmp_path: Path, number: signal.Signals) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path / "plane"), str(ROOT)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert holder.stdout is not None
        server = int(holder.stdout.readline())
        running = processes_of(tmp_path / "plane") - {holder.pid}
        assert len(running) == 1 + len(STARTED)
        assert is_server(server, tmp_path / "plane")
        holder.send_signal(number)
        holder.wait()
        assert gone(tmp_path / "plane")
    finally:
        holder.kill()
        holder.communicate()
    assert not (tmp_path / "plane" / "certificates").exists() or number == signal.SIGKILL


def test_nothing_of_a_control_plane_outlives_the_process_that_watches_it(tmp_path: Path) -> None:
    with temporary_cluster(tmp_path, ROOT, nodes=(), definitions=False) as running:
        assert len(processes_of(tmp_path)) == 1 + len(STARTED)
        os.kill(running.process, signal.SIGKILL)
        os.waitpid(running.process, 0)
        assert gone(tmp_path)


def test_a_second_start_finds_the_first_and_stop_ends_it(tmp_path: Path) -> None:
    files = ClusterFiles(tmp_path, ROOT)
    try:
        first = lifecycle.start(files, nodes=())
        assert lifecycle.start(files, nodes=()) == first == files.running()
    finally:
        assert lifecycle.stop(files)
    assert files.running() is None
    assert gone(tmp_path)
    assert not lifecycle.stop(files)
    assert not (tmp_path / "certificates").exists()
    assert not (tmp_path / "etcd").exists()


def test_a_program_that_ends_by_itself_ends_all_and_is_named(tmp_path: Path) -> None:
    files = ClusterFiles(tmp_path, ROOT)
    lifecycle.start(files, nodes=())
    (scheduler,) = (one for one in processes_of(tmp_path) if "kube-scheduler" in command_line(one)[0])
    os.kill(scheduler, signal.SIGKILL)

    assert gone(tmp_path)
    assert files.running() is None
    assert "kube-scheduler ended with -9" in files.log.read_text(encoding="utf-8")


def test_without_the_programs_what_builds_them_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INFERLOOP_KUBERNETES_PROGRAMS", str(tmp_path))

    with (
        pytest.raises(ProgramMissing, match=r"etcd and .* are not there") as caught,
        temporary_cluster(tmp_path / "plane", ROOT, definitions=False),
    ):
        pass

    assert "make cluster-tools" in str(caught.value)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, None),
        ({"replica": 2}, "additional properties 'replica' not allowed"),
        ({"replicas": "two"}, "want integer"),
    ],
    ids=["as it should be", "unknown field", "wrong type"],
)
def test_the_schemas_are_strict_without_an_api_server(change: dict[str, object], said: str | None) -> None:
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "api"},
        "spec": {
            "selector": {"matchLabels": {"app": "api"}},
            "template": {
                "metadata": {"labels": {"app": "api"}},
                "spec": {
                    "containers": [
                        {
                            "name": "api",
                            "image": "registry.example/api:1",
                            "livenessProbe": {"httpGet": {"port": "http"}},
                            "resources": {"limits": {"cpu": "500m", "memory": 1073741824}},
                        }
                    ]
                },
            },
        }
        | change,
    }

    outcome = kubeconform(deployment)

    assert (outcome.returncode == 0) == (said is None), outcome.stdout
    assert said is None or said in outcome.stdout


def test_a_custom_resource_with_an_unknown_field_has_none_of_its_schema() -> None:
    route = {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": {"name": "api"}}

    good = kubeconform(
        route | {"spec": {"hostnames": ["a.example"], "rules": [{"backendRefs": [{"name": "api", "port": 80}]}]}}
    )
    bad = kubeconform(route | {"spec": {"hostname": ["a.example"]}})

    assert good.returncode == 0, good.stdout
    assert "additional properties 'hostname' not allowed" in bad.stdout


def test_a_kind_without_a_schema_is_no_pass() -> None:
    plugin = {"apiVersion": "configuration.konghq.com/v1", "kind": "KongPlugin", "metadata": {"name": "limit"}}

    assert "could not find schema for KongPlugin" in kubeconform(plugin).stdout


def test_the_state_that_others_start_from_is_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    damaged = tmp_path / "state.db"
    shutil.copyfile(lifecycle.prepared_state(ROOT), damaged)
    with damaged.open("r+b") as handle:
        handle.seek(200_000)
        handle.write(b"damaged")
    monkeypatch.setattr(lifecycle, "prepared_state", lambda _: damaged)

    with (
        pytest.raises(lifecycle.SandboxFailed, match=r"state\.db cannot be restored"),
        temporary_cluster(tmp_path / "plane", ROOT, nodes=()),
    ):
        pass

    assert gone(tmp_path / "plane")
