"""A control plane as others use it: started, found again, asked through kubectl and helm, stopped."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from inferloop_deploy.errors import FAILED, InferloopError
from inferloop_deploy.programs import CLIENTS, find_programs, prepared_state
from inferloop_deploy.sandbox.processes import SandboxFailed, command_line, end, launch, locked

from .certificates import Authority
from .components import PROGRAMS, Layout
from .kubeconfig import kubeconfig
from .nodes import PLAIN, Node

SERVER = "inferloop_deploy.sandbox.cluster.server"
START_SECONDS = 300
"""4 s on a machine that is idle; tests share it with a dozen other processes."""
STOP_SECONDS = 20


class ClusterFailed(InferloopError):
    """A command on the cluster failed."""

    exit_code = FAILED


@dataclass(frozen=True)
class Cluster:
    """A running cluster: how it is reached, and the clients that reach it."""

    kubeconfig: Path
    folder: Path
    """Where what the clients keep goes, and what is made for users."""
    programs: Mapping[str, Path]
    url: str = ""
    process: int = 0
    """The process that runs the control plane; 0 for a cluster that was given."""
    started: str = ""
    """When it was started, ISO 8601 in UTC."""

    def environment(self, kubeconfig: Path | None = None, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
        """Return variables under which kubectl, helm and Terraform reach this cluster, and no other one.

        Settings of a person's own for other clusters are left out, and nothing is kept in a person's home.
        """
        own = {name: value for name, value in environ.items() if not name.startswith(("KUBE", "HELM_"))}
        return own | {
            "KUBECONFIG": str(kubeconfig or self.kubeconfig),
            "KUBE_CONFIG_PATH": str(kubeconfig or self.kubeconfig),
            "KUBECACHEDIR": str(self.folder / "clients" / "kubectl"),
            "HELM_CACHE_HOME": str(self.folder / "clients" / "helm-cache"),
            "HELM_CONFIG_HOME": str(self.folder / "clients" / "helm-config"),
            "HELM_DATA_HOME": str(self.folder / "clients" / "helm-data"),
        }

    def kubectl(
        self, arguments: Sequence[str], text: str | None = None, check: bool = True, kubeconfig: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run kubectl with `text` as its input; raises ClusterFailed, with what it said, where it fails."""
        return self._run("kubectl", arguments, text, check, kubeconfig)

    def helm(
        self, arguments: Sequence[str], text: str | None = None, check: bool = True, kubeconfig: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run helm with `text` as its input; raises ClusterFailed, with what it said, where it fails."""
        return self._run("helm", arguments, text, check, kubeconfig)

    def user(self, name: str, groups: Sequence[str] = ()) -> Path:
        """Return the kubeconfig of a user in these groups, who may do what roles are bound to them.

        Only for a control plane that was started here: nobody but its own authority can let users in.
        """
        layout = Layout(self.folder)
        if not self.process:
            raise ClusterFailed(
                "Users cannot be made on a cluster that was given.",
                "Ask for one's rights: kubectl auth can-i --as NAME",
            )
        file = "user-" + "".join(letter if letter.isalnum() else "-" for letter in f"{name} {' '.join(groups)}")
        authority = Authority(layout.certificates, "ca")
        certificate, key = authority.issue(file, name, groups)
        path = layout.kubeconfig(file)
        path.write_text(kubeconfig(self.url, authority.certificate, certificate, key), encoding="utf-8")
        return path

    def add_nodes(self, nodes: Iterable[Node]) -> None:
        """Add nodes, and return when they are ready."""
        manifests = [node.manifest() for node in nodes]
        if not manifests:
            return
        document = {"apiVersion": "v1", "kind": "List", "items": manifests}
        # The API server checks what it gets; kubectl would first fetch the schemas of all kinds to do the same.
        self.kubectl(["create", "--validate=ignore", "--filename=-"], json.dumps(document))
        names = [f"node/{manifest['metadata']['name']}" for manifest in manifests]
        self.kubectl(["wait", "--for=condition=Ready", "--timeout=300s", *names])

    def remove_nodes(self, names: Iterable[str]) -> None:
        """Remove nodes; their pods go with them."""
        self.kubectl(["delete", "node", "--ignore-not-found", *names])

    def _run(
        self, program: str, arguments: Sequence[str], text: str | None, check: bool, kubeconfig: Path | None
    ) -> subprocess.CompletedProcess[str]:
        outcome = subprocess.run(
            [str(self.programs[program]), *arguments],
            input=text,
            stdin=subprocess.DEVNULL if text is None else None,
            capture_output=True,
            text=True,
            check=False,
            env=self.environment(kubeconfig),
        )
        if check and outcome.returncode:
            said = (outcome.stderr.strip() or outcome.stdout.strip())[:4000]
            raise ClusterFailed(f"{program} {' '.join(arguments)} failed: {said}")
        return outcome


@dataclass(frozen=True)
class Record:
    """What the process that runs a control plane says of it once it is ready."""

    url: str
    etcd: str
    process: int
    started: str


@dataclass(frozen=True)
class ClusterFiles:
    """The folder that a control plane is found again by."""

    folder: Path
    root: Path
    """The checkout, whose pins say which programs are run."""

    @property
    def log(self) -> Path:
        """What the process says that runs the programs."""
        return self.folder / "server.log"

    def record(self) -> Record | None:
        """Return what is known of the control plane that runs; a record of one that has ended counts for nothing."""
        try:
            record = Record(**json.loads(Layout(self.folder).record.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None
        return record if is_server(record.process, self.folder) else None

    def running(self) -> Cluster | None:
        """Return the control plane that runs, or None."""
        record = self.record()
        if record is None:
            return None
        clients = find_programs(self.root, CLIENTS)
        layout = Layout(self.folder)
        return Cluster(layout.kubeconfig(), self.folder, clients, record.url, record.process, record.started)


def start(files: ClusterFiles, nodes: Iterable[Node] = PLAIN) -> Cluster:
    """Return the control plane of a folder, started with these nodes and all definitions where none runs."""
    with locked(files.folder):
        found = files.running()
        return found if found is not None else _launch(files, nodes, prepared_state(files.root), parent=None)


def stop(files: ClusterFiles) -> bool:
    """End the control plane of a folder and forget what was made in it; tells whether one ran."""
    with locked(files.folder):
        found = files.record()
        if found is not None:
            _end(found.process, files.folder)
        Layout(files.folder).record.unlink(missing_ok=True)
        return found is not None


@contextmanager
def temporary_cluster(
    folder: Path, root: Path, nodes: Iterable[Node] = PLAIN, definitions: bool = True
) -> Iterator[Cluster]:
    """Run a control plane of one's own; it ends with the block, and with this process however that ends.

    With `definitions` it has the custom resource definitions of crds.toml from its start. Raises ProgramMissing where
    `make cluster-tools` has not been run, SandboxFailed where a program does not start.
    """
    state = prepared_state(root) if definitions else None
    cluster = _launch(ClusterFiles(folder, root), nodes, state, parent=os.getpid())
    try:
        yield cluster
    finally:
        _end(cluster.process, cluster.folder)


def given_cluster(kubeconfig: Path, folder: Path, root: Path) -> Cluster:
    """Return a cluster that exists, such as one of kind's; raises ClusterFailed where it does not answer."""
    if not kubeconfig.is_file():
        raise ClusterFailed(f"There is no kubeconfig {kubeconfig}.")
    cluster = Cluster(kubeconfig.absolute(), folder, find_programs(root, CLIENTS))
    cluster.kubectl(["version", "--request-timeout=20s"])
    return cluster


def is_server(process: int, folder: Path) -> bool:
    """Tell whether a process runs the control plane of a folder: ids are used again, so being alive is not enough."""
    words = command_line(process)
    return SERVER in words and f"--folder={folder.absolute()}" in words


def _launch(files: ClusterFiles, nodes: Iterable[Node], state: Path | None, parent: int | None) -> Cluster:
    programs = find_programs(files.root, dict.fromkeys([*PROGRAMS, *CLIENTS]))
    layout = Layout(files.folder.absolute())
    layout.record.unlink(missing_ok=True)
    command = [sys.executable, "-m", SERVER, f"--folder={layout.folder}"]
    command.append(f"--programs={programs['kube-apiserver'].parent}")
    if state is not None:
        command.append(f"--state={state}")
    if parent is not None:
        command.append(f"--parent={parent}")
    try:
        server = launch("The control plane", command, files.log, layout.record.exists, START_SECONDS)
    except SandboxFailed as failed:
        said = files.log.read_text(encoding="utf-8", errors="replace").strip()
        raise SandboxFailed(f"{failed.message}\n{said}" if said else failed.message, failed.hint) from None
    record = json.loads(layout.record.read_text(encoding="utf-8"))
    clients = {name: programs[name] for name in CLIENTS}
    cluster = Cluster(layout.kubeconfig(), layout.folder, clients, record["url"], server.pid, record["started"])
    try:
        cluster.add_nodes(nodes)
    except BaseException:
        _end(cluster.process, cluster.folder)
        raise
    return cluster


def _end(process: int, folder: Path) -> None:
    end(process, lambda: is_server(process, folder), STOP_SECONDS)
