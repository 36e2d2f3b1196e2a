"""What the programs of a control plane are called with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from inferloop_deploy.sandbox.processes import HOST

PROGRAMS = ("etcd", "etcdutl", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok")
"""What has to be there before a control plane can start."""
STARTED_FIRST = ("etcd", "kube-apiserver")
STARTED_WHEN_READY = ("kube-controller-manager", "kube-scheduler", "kwok")
"""The controller manager ends itself where the API server's first roles are not there yet."""
SERVICES = "10.96.0.0/16"
FIRST_SERVICE = "10.96.0.1"
PODS = "10.244.0.0/16"


@dataclass(frozen=True)
class Ports:
    """Where the programs listen on loopback; the others serve nothing."""

    api: int
    etcd: int
    etcd_peers: int


@dataclass(frozen=True)
class Layout:
    """The files of one control plane, all below its folder."""

    folder: Path

    @property
    def certificates(self) -> Path:
        """Keys and certificates."""
        return self.folder / "certificates"

    @property
    def data(self) -> Path:
        """What etcd keeps."""
        return self.folder / "etcd"

    @property
    def stages(self) -> Path:
        """What kwok does with nodes, pods and volumes."""
        return self.folder / "stages.yaml"

    @property
    def record(self) -> Path:
        """Says where the control plane is, once it is ready."""
        return self.folder / "cluster.json"

    def kubeconfig(self, user: str = "admin") -> Path:
        """How a program or person reaches the API server."""
        return self.folder / f"{user}.kubeconfig"

    def log(self, program: str) -> Path:
        """What a program prints."""
        return self.folder / f"{program}.log"

    def certificate(self, name: str) -> Path:
        """A certificate or another public part."""
        return self.certificates / f"{name}.crt"

    def key(self, name: str) -> Path:
        """A key."""
        return self.certificates / f"{name}.key"


def commands(folder: Layout, ports: Ports, programs: Mapping[str, Path]) -> dict[str, list[str]]:
    """Return the command line of each program."""
    flags = {
        "etcd": _etcd(folder, ports),
        "kube-apiserver": _api_server(folder, ports),
        "kube-controller-manager": _controller_manager(folder),
        "kube-scheduler": _scheduler(folder),
        "kwok": _kwok(folder),
    }
    return {
        name: [str(programs[name]), *(f"--{flag}={value}" for flag, value in values.items())]
        for name, values in flags.items()
    }


def restore_command(folder: Layout, ports: Ports, etcdutl: Path, state: Path) -> list[str]:
    """Return the command line that has etcd start from what another one held."""
    flags = _member(folder, ports)
    return [str(etcdutl), "snapshot", "restore", str(state), *(f"--{flag}={value}" for flag, value in flags.items())]


def _member(folder: Layout, ports: Ports) -> dict[str, object]:
    peers = f"http://{HOST}:{ports.etcd_peers}"
    return {
        "name": "sandbox",
        "data-dir": folder.data,
        "initial-advertise-peer-urls": peers,
        "initial-cluster": f"sandbox={peers}",
    }


def _etcd(folder: Layout, ports: Ports) -> dict[str, object]:
    return {
        **_member(folder, ports),
        "listen-client-urls": f"https://{HOST}:{ports.etcd}",
        "advertise-client-urls": f"https://{HOST}:{ports.etcd}",
        "listen-peer-urls": f"http://{HOST}:{ports.etcd_peers}",
        "cert-file": folder.certificate("etcd"),
        "key-file": folder.key("etcd"),
        "client-cert-auth": "true",
        "trusted-ca-file": folder.certificate("ca"),
        # Nothing here outlives the processes, so nothing has to reach the disk.
        "unsafe-no-fsync": "true",
    }


def _api_server(folder: Layout, ports: Ports) -> dict[str, object]:
    return {
        "bind-address": HOST,
        "advertise-address": HOST,
        "secure-port": ports.api,
        # An endpoint may not be a loopback address, and no pod here could reach it anyway.
        "endpoint-reconciler-type": "none",
        "etcd-servers": f"https://{HOST}:{ports.etcd}",
        "etcd-cafile": folder.certificate("ca"),
        "etcd-certfile": folder.certificate("etcd"),
        "etcd-keyfile": folder.key("etcd"),
        "client-ca-file": folder.certificate("ca"),
        "tls-cert-file": folder.certificate("api-server"),
        "tls-private-key-file": folder.key("api-server"),
        "service-account-issuer": "https://kubernetes.default.svc",
        "service-account-key-file": folder.certificates / "service-accounts.pub",
        "service-account-signing-key-file": folder.key("service-accounts"),
        "service-cluster-ip-range": SERVICES,
        "authorization-mode": "Node,RBAC",
        # Pod Security, quotas, limit ranges and admission policies are on by themselves.
        "enable-admission-plugins": "NodeRestriction",
        "allow-privileged": "true",
        "requestheader-client-ca-file": folder.certificate("front-proxy-ca"),
        "requestheader-allowed-names": "front-proxy-client",
        "requestheader-username-headers": "X-Remote-User",
        "requestheader-group-headers": "X-Remote-Group",
        "requestheader-extra-headers-prefix": "X-Remote-Extra-",
        "proxy-client-cert-file": folder.certificate("front-proxy-client"),
        "proxy-client-key-file": folder.key("front-proxy-client"),
        # Nothing here turns the name of a node into its address.
        "kubelet-preferred-address-types": "InternalIP",
        "profiling": "false",
    }


def _controller_manager(folder: Layout) -> dict[str, object]:
    kubeconfig = folder.kubeconfig("kube-controller-manager")
    return {
        "kubeconfig": kubeconfig,
        "authentication-kubeconfig": kubeconfig,
        "authorization-kubeconfig": kubeconfig,
        # It serves nothing that anybody here asks for.
        "secure-port": 0,
        "leader-elect": "false",
        "use-service-account-credentials": "true",
        "service-account-private-key-file": folder.key("service-accounts"),
        "root-ca-file": folder.certificate("ca"),
        "cluster-signing-cert-file": folder.certificate("ca"),
        "cluster-signing-key-file": folder.key("ca"),
        "allocate-node-cidrs": "true",
        "cluster-cidr": PODS,
        "service-cluster-ip-range": SERVICES,
        # A machine that is busy for a while does not lose its nodes.
        "node-monitor-grace-period": "10m",
        "kube-api-qps": 200,
        "kube-api-burst": 400,
        "profiling": "false",
    }


def _scheduler(folder: Layout) -> dict[str, object]:
    kubeconfig = folder.kubeconfig("kube-scheduler")
    return {
        "kubeconfig": kubeconfig,
        "authentication-kubeconfig": kubeconfig,
        "authorization-kubeconfig": kubeconfig,
        "secure-port": 0,
        "leader-elect": "false",
        "profiling": "false",
    }


def _kwok(folder: Layout) -> dict[str, object]:
    return {
        "kubeconfig": folder.kubeconfig("kwok"),
        "config": folder.stages,
        "manage-all-nodes": "false",
        "manage-nodes-with-annotation-selector": "kwok.x-k8s.io/node=fake",
        "node-lease-duration-seconds": 40,
        "cidr": PODS,
    }
