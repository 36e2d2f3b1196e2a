"""A real node beside a control plane: containerd, a kubelet, kube-proxy, CoreDNS and Calico, in namespaces of their own.

The network namespace holds the control plane's loopback, the pods and whoever tests them: `inside` brings the calling
thread, and all that it starts, into it. Nothing of it can reach another network. Needs root, Linux with control groups of
version 1 (or both), containerd, runc and the CNI plug-ins.
"""

from __future__ import annotations

import contextlib
import ctypes
import io
import json
import os
import platform
import shutil
import signal
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import yaml

from inferloop_deploy.programs import find_programs
from inferloop_deploy.sandbox.cluster import Cluster, temporary_cluster
from inferloop_deploy.terraform.run import end_with_parent

ROOT = Path(__file__).resolve().parent.parent.parent
NAME = "real-0"
ADDRESS = "10.98.0.1"
PODS = "10.244.0.0/16"
"""What the controller manager gives ranges of to nodes, see components.py."""
NAMES = "10.96.0.10"
"""Address of the Service that tells pods the names of others, as kubeadm's clusters have it."""
PAUSE = "localhost/pause:1"
COREDNS = "localhost/coredns:1"
PROGRAMS = ("kubelet", "kube-proxy", "calico-felix", "calico", "coredns", "pause")
PACKAGES = {"containerd": "containerd", "ctr": "containerd", "ipset": "ipset", "runc": "runc"}
PLUGINS = Path("/usr/lib/cni")
CONTROLLERS = ("cpu", "cpuacct", "cpuset", "memory", "devices", "freezer", "blkio", "pids")
READY_SECONDS = 120
"""Seconds; the node is ready after some ten on a machine that is idle."""
CLONE_NEWNET = 0x40000000
LEFT_OUT = "Where that cannot be had, leave these tests out by name: make test CONTAINERS=no"


class NodeFailed(Exception):
    """The node does not start, or a machine cannot have one."""


@dataclass(frozen=True)
class RealNode:
    """A cluster whose only node is real."""

    cluster: Cluster
    folder: Path

    def load(self, archive: Path) -> None:
        """Give the node the images of an archive, OCI's or docker's."""
        command = [
            "ctr",
            f"--address={self.folder}/containerd.sock",
            "--namespace=k8s.io",
            "images",
            "import",
            str(archive),
        ]
        outcome = subprocess.run(command, capture_output=True, text=True, check=False)
        if outcome.returncode:
            raise NodeFailed(f"the image of {archive} cannot be loaded: {outcome.stderr.strip()}")

    def said(self) -> str:
        """Return the last lines of what each of the node's programs printed."""
        logs = sorted((self.folder / "log").glob("*.log"))
        return "\n".join(f"{log.name}:\n" + "\n".join(_lines(log)[-15:]) for log in logs)


@contextmanager
def real_node() -> Iterator[RealNode]:
    """Start a control plane and a node, and go into their network; all is gone with the block."""
    check_machine()
    programs = find_programs(ROOT, PROGRAMS)
    # Addresses of sockets may have 107 letters, so the folder's name is short.
    with (
        tempfile.TemporaryDirectory(prefix="node-") as name,
        network(Path(name).name),
        control_groups(Path(name).name) as groups,
    ):
        folder = Path(name)
        with temporary_cluster(folder / "control", ROOT, nodes=[], definitions=True) as cluster:
            node = RealNode(cluster, folder)
            write_settings(folder, cluster, programs["calico"])
            define_network(cluster, programs["calico"])
            with running(folder, groups, programs):
                until((folder / "containerd.sock").exists, node, "containerd does not start")
                for program, reference in (("pause", PAUSE), ("coredns", COREDNS)):
                    archive = folder / f"{program}.tar"
                    archive.write_bytes(image_of(program, programs[program].read_bytes(), reference))
                    node.load(archive)
                (folder / "images").touch()
                until(lambda: ready(cluster), node, "the node does not become ready")
                tell_names(cluster)
                until(lambda: tells_names(cluster), node, "the names of Services are not told")
                yield node


def check_machine() -> None:
    """Raise NodeFailed where this machine cannot have a node."""
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])
    absent = sorted({package for program, package in PACKAGES.items() if shutil.which(program, path=path) is None})
    if platform.system() != "Linux" or os.geteuid() != 0:
        raise NodeFailed(f"a real node needs Linux and root. {LEFT_OUT}")
    if absent or not PLUGINS.is_dir():
        raise NodeFailed(f"{', '.join(absent) or 'the CNI plug-ins'} missing: run `make test-containers`. {LEFT_OUT}")
    if not Path("/sys/fs/cgroup/memory").is_dir():
        raise NodeFailed(f"a real node needs control groups of version 1, or both. {LEFT_OUT}")


@contextmanager
def network(name: str) -> Iterator[None]:
    """Make a network namespace with nothing but its own addresses, and be in it for the length of the block."""
    own = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    try:
        _set_network(None)
        for words in (
            ["link", "set", "lo", "up"],
            ["link", "add", "node", "type", "veth", "peer", "name", "outside"],
            ["address", "add", f"{ADDRESS}/24", "dev", "node"],
            ["link", "set", "node", "up"],
            ["link", "set", "outside", "up"],
            # Pods may ask for addresses outside of the cluster; the way there leads nowhere.
            ["route", "add", "default", "via", "10.98.0.2"],
        ):
            subprocess.run(["ip", *words], check=True, capture_output=True, env=_environment())
        Path("/proc/sys/net/ipv4/ip_forward").write_text("1")
        yield
    finally:
        _set_network(own)
        os.close(own)


def _set_network(namespace: int | None) -> None:
    """Move the calling thread into a network namespace, a new one for None; what it starts from now on follows it."""
    library = ctypes.CDLL(None, use_errno=True)
    failed = library.unshare(CLONE_NEWNET) if namespace is None else library.setns(namespace, CLONE_NEWNET)
    if failed:
        raise NodeFailed(f"the network namespace cannot be changed: {os.strerror(ctypes.get_errno())}. {LEFT_OUT}")


@contextmanager
def control_groups(name: str) -> Iterator[list[Path]]:
    """Make a control group of each kind for the node; they go with the block."""
    own: dict[str, str] = {}
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, kinds, path = line.split(":", 2)
        own |= dict.fromkeys(kinds.removeprefix("name=").split(","), path.rstrip("/"))
    groups = [Path(f"/sys/fs/cgroup/{kind}{own[kind]}") / name for kind in (*CONTROLLERS, "systemd") if kind in own]
    try:
        for group in groups:
            group.mkdir()
            if (group / "cpuset.cpus").exists():
                for file in ("cpuset.cpus", "cpuset.mems"):
                    (group / file).write_text((group.parent / file).read_text())
                (group / "cgroup.clone_children").write_text("1")
        yield groups
    finally:
        for group in groups:
            for inner in sorted(group.rglob("*/"), reverse=True):
                with contextlib.suppress(OSError):
                    inner.rmdir()
            with contextlib.suppress(OSError):
                group.rmdir()


def define_network(cluster: Cluster, calico: Path) -> None:
    """Tell the cluster Calico's definitions, and Calico that it may begin."""
    definitions = sorted((calico.parent.parent / "files" / "calico").glob("*.yaml"))
    cluster.kubectl(["create", *(f"--filename={path}" for path in definitions)])
    names = [f"crd/{path.stem.removeprefix('crd.projectcalico.org_')}.crd.projectcalico.org" for path in definitions]
    cluster.kubectl(["wait", "--for=condition=Established", "--timeout=60s", *names])
    begin = {
        "apiVersion": "crd.projectcalico.org/v1",
        "kind": "ClusterInformation",
        "metadata": {"name": "default"},
        "spec": {"datastoreReady": True},
    }
    cluster.kubectl(["create", "--filename=-"], json.dumps(begin))


def write_settings(folder: Path, cluster: Cluster, calico: Path) -> None:
    """Write what the node's programs are told."""
    (folder / "cni").mkdir()
    plugins = folder / "plugins"
    plugins.mkdir()
    for plugin in (calico, *PLUGINS.iterdir()):
        (plugins / plugin.name).symlink_to(plugin)
    (folder / "felix.env").write_text("".join(f"{name}={value}\n" for name, value in felix_settings(cluster).items()))
    (folder / "log").mkdir()
    (folder / "cni" / "10-pods.conflist").write_text(json.dumps(pod_network(cluster)))
    (folder / "containerd.toml").write_text(containerd_settings(folder))
    (folder / "kubelet.yaml").write_text(yaml.safe_dump(kubelet_settings(folder)))
    (folder / "proxy.yaml").write_text(yaml.safe_dump(proxy_settings(cluster.user("system:kube-proxy"))))
    (folder / "resolv.conf").write_text("# There is nobody outside of the cluster to ask.\n")
    kubelet = cluster.user(f"system:node:{NAME}", ["system:nodes"])
    shutil.copyfile(kubelet, folder / "kubelet.kubeconfig")


def containerd_settings(folder: Path) -> str:
    """Return the settings of containerd 1.6: no systemd, and nothing of it outside the folder."""
    return f"""\
version = 2
root = "{folder}/containerd"
state = "{folder}/containerd-state"

[grpc]
address = "{folder}/containerd.sock"

[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "{PAUSE}"
restrict_oom_score_adj = true

[plugins."io.containerd.grpc.v1.cri".containerd]
snapshotter = "overlayfs"
default_runtime_name = "runc"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
SystemdCgroup = false

[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "{folder}/plugins"
conf_dir = "{folder}/cni"
"""


def pod_network(cluster: Cluster) -> Mapping[str, object]:
    """Return the settings of the pods' network: Calico's links to the node, and addresses from the node's range."""
    calico = {
        "type": "calico",
        "datastore_type": "kubernetes",
        "nodename": NAME,
        "mtu": 1500,
        "ipam": {"type": "host-local", "ranges": [[{"subnet": "10.244.0.0/24"}]]},
        "policy": {"type": "k8s"},
        "kubernetes": {"kubeconfig": str(cluster.kubeconfig)},
    }
    return {"cniVersion": "1.0.0", "name": "pods", "plugins": [calico]}


def felix_settings(cluster: Cluster) -> Mapping[str, str]:
    """Return the variables of Felix, Calico's part that makes rules of NetworkPolicies; the node itself is left open."""
    return {
        "KUBECONFIG": str(cluster.kubeconfig),
        "USE_POD_CIDR": "true",
        "FELIX_DATASTORETYPE": "kubernetes",
        "FELIX_FELIXHOSTNAME": NAME,
        "FELIX_DEFAULTENDPOINTTOHOSTACTION": "ACCEPT",
        "FELIX_IGNORELOOSERPF": "true",
        # As kube-proxy's: Felix would take the one that has more rules, and there are none when it starts.
        "FELIX_IPTABLESBACKEND": iptables_backend(),
        "FELIX_IPV6SUPPORT": "false",
        "FELIX_LOGFILEPATH": "none",
        "FELIX_LOGSEVERITYSCREEN": "warning",
        "FELIX_LOGSEVERITYSYS": "none",
        "FELIX_MTUIFACEPATTERN": "node",
        "FELIX_ROUTESOURCE": "WorkloadIPs",
        "FELIX_USAGEREPORTINGENABLED": "false",
        "FELIX_XDPENABLED": "false",
    }


def iptables_backend() -> str:
    """Return how this machine's iptables keeps its rules, as Felix calls it."""
    said = subprocess.run(["iptables", "--version"], check=True, capture_output=True, text=True, env=_environment())
    return "nft" if "nf_tables" in said.stdout else "legacy"


def kubelet_settings(folder: Path) -> Mapping[str, object]:
    """Return the kubelet's settings; anybody in the node's network may ask it, and nobody else can."""
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": ADDRESS,
        "authentication": {"anonymous": {"enabled": True}, "webhook": {"enabled": False}},
        "authorization": {"mode": "AlwaysAllow"},
        "cgroupDriver": "cgroupfs",
        "clusterDNS": [NAMES],
        "clusterDomain": "cluster.local",
        "containerRuntimeEndpoint": f"unix://{folder}/containerd.sock",
        "evictionHard": {"memory.available": "50Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
        "failCgroupV1": False,
        "failSwapOn": False,
        "oomScoreAdj": 0,
        "resolvConf": f"{folder}/resolv.conf",
        # Without them a program that is slow to start, as on a busy machine, waits for minutes between its attempts.
        "crashLoopBackOff": {"maxContainerRestartPeriod": "5s"},
        "featureGates": {"KubeletCrashLoopBackOffMax": True},
    }


def proxy_settings(kubeconfig: Path) -> Mapping[str, object]:
    """Return kube-proxy's settings; it leaves the machine's connection tracking as it is."""
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "clientConnection": {"kubeconfig": str(kubeconfig)},
        "clusterCIDR": PODS,
        "conntrack": {"maxPerCore": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
        "hostnameOverride": NAME,
        "mode": "iptables",
        "nodeIPOverride": [ADDRESS],
    }


@contextmanager
def running(folder: Path, groups: Sequence[Path], programs: Mapping[str, Path]) -> Iterator[None]:
    """Run the node's programs in namespaces of their own; whatever ends the first of them ends all, pods too."""
    script = Path(__file__).with_name("real_node.sh")
    inner = ["unshare", "--mount", "--pid", "--cgroup", "--ipc", "--uts", "--fork", "--kill-child", "--mount-proc"]
    words = [
        *inner,
        "--propagation=private",
        str(script),
        "node",
        str(folder),
        *(str(programs[name]) for name in PROGRAMS[:3]),
        NAME,
        ADDRESS,
    ]
    with (folder / "log" / "node.log").open("wb") as log:
        process = subprocess.Popen(
            [*end_with_parent(number=signal.SIGKILL), str(script), "groups", *map(str, groups), "--", *words],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=_environment(),
            start_new_session=True,
        )
    try:
        yield
    finally:
        process.kill()
        process.wait()
        # Containers of the node may hold their groups for a moment.
        _settle(groups)


def _settle(groups: Sequence[Path], tries: int = 100) -> None:
    for _ in range(tries):
        if not any(file.read_text() for group in groups for file in group.rglob("cgroup.procs")):
            return
        time.sleep(0.1)


def until(condition: Callable[[], bool], node: RealNode, otherwise: str) -> None:
    """Wait for a condition; raises NodeFailed with what the node's programs said."""
    deadline = time.monotonic() + READY_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise NodeFailed(f"{otherwise} within {READY_SECONDS} s.\n{node.said()}")
        time.sleep(0.2)


def ready(cluster: Cluster) -> bool:
    """Tell whether the node takes pods."""
    path = '{.items[*].status.conditions[?(@.type=="Ready")].status}'
    return cluster.kubectl(["get", "nodes", f"--output=jsonpath={path}"], check=False).stdout == "True"


def tell_names(cluster: Cluster) -> None:
    """Run CoreDNS as clusters do: a pod of kube-system behind a Service."""
    # The API server listens on loopback alone, where no pod gets; what comes for the node's address is led there.
    Path("/proc/sys/net/ipv4/conf/all/route_localnet").write_text("1")
    port = cluster.url.rpartition(":")[2]
    rule = ["--destination", ADDRESS, "--protocol", "tcp", "--dport", port]
    there = ["--jump", "DNAT", "--to-destination", f"127.0.0.1:{port}"]
    command = ["iptables", "--table", "nat", "--append", "PREROUTING", *rule, *there]
    subprocess.run(command, check=True, capture_output=True, env=_environment())

    user = cluster.user("system:coredns")
    view = ["config", "view", "--flatten", "--output=json", f"--kubeconfig={user}"]
    known = json.loads(cluster.kubectl(view).stdout)
    known["clusters"][0]["cluster"] |= {"server": f"https://{ADDRESS}:{port}", "tls-server-name": "kubernetes"}
    cluster.kubectl(["create", "--filename=-"], yaml.safe_dump_all(names_objects(json.dumps(known))))


def names_objects(kubeconfig: str) -> list[Mapping[str, object]]:
    """Return the objects of CoreDNS."""
    labels = {"k8s-app": "kube-dns"}
    metadata = {"name": "kube-dns", "namespace": "kube-system", "labels": labels}
    authorization = "rbac.authorization.k8s.io"
    corefile = ".:53 {\n  errors\n  kubernetes cluster.local {\n    kubeconfig /etc/coredns/kubeconfig\n  }\n}\n"
    watched = {"": ["endpoints", "namespaces", "pods", "services"], "discovery.k8s.io": ["endpointslices"]}
    container = {
        "name": "coredns",
        "image": COREDNS,
        "args": ["-conf", "/etc/coredns/Corefile"],
        "volumeMounts": [{"name": "settings", "mountPath": "/etc/coredns"}],
        "readinessProbe": {"tcpSocket": {"port": 53}, "periodSeconds": 1},
    }
    pod = {
        "automountServiceAccountToken": False,
        "dnsPolicy": "Default",
        "containers": [container],
        "volumes": [{"name": "settings", "secret": {"secretName": "kube-dns"}}],
    }
    return [
        {
            "apiVersion": f"{authorization}/v1",
            "kind": "ClusterRole",
            "metadata": {"name": "coredns"},
            "rules": [
                {"apiGroups": [group], "resources": kinds, "verbs": ["list", "watch"]}
                for group, kinds in watched.items()
            ],
        },
        {
            "apiVersion": f"{authorization}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": "coredns"},
            "roleRef": {"apiGroup": authorization, "kind": "ClusterRole", "name": "coredns"},
            "subjects": [{"apiGroup": authorization, "kind": "User", "name": "system:coredns"}],
        },
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": metadata,
            "stringData": {"Corefile": corefile, "kubeconfig": kubeconfig},
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": metadata,
            "spec": {
                "clusterIP": NAMES,
                "selector": labels,
                "ports": [{"name": kind.lower(), "port": 53, "protocol": kind} for kind in ("UDP", "TCP")],
            },
        },
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": metadata,
            "spec": {
                "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": pod},
            },
        },
    ]


def tells_names(cluster: Cluster) -> bool:
    """Tell whether CoreDNS answers."""
    path = "--output=jsonpath={.status.readyReplicas}"
    command = ["get", "deployment", "kube-dns", "--namespace=kube-system", path]
    return cluster.kubectl(command, check=False).stdout == "1"


def image_of(name: str, program: bytes, reference: str) -> bytes:
    """Return an image that holds one program and nothing else, as docker writes archives."""
    layer = _tar({name: program}, mode=0o755)
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    settings = {
        "architecture": machine,
        "os": "linux",
        "config": {"Entrypoint": [f"/{name}"]},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{sha256(layer).hexdigest()}"]},
    }
    manifest = [{"Config": "config.json", "RepoTags": [reference], "Layers": ["layer.tar"]}]
    files = {"config.json": json.dumps(settings).encode(), "manifest.json": json.dumps(manifest).encode()}
    return _tar({**files, "layer.tar": layer})


def _tar(files: Mapping[str, bytes], mode: int = 0o644) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), mode
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def _environment() -> dict[str, str]:
    return {"PATH": os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"]), "HOME": "/nonexistent"}


def _lines(log: Path) -> list[str]:
    return log.read_text(encoding="utf-8", errors="replace").splitlines()
