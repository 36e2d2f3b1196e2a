"""The process that starts the programs of a control plane, watches them, and ends them in order.

Started by `lifecycle`; by hand: `python -m inferloop_deploy.sandbox.cluster.server --folder DIR --programs BIN`.
Whatever ends it ends them all: nothing of a control plane is of use without the rest.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from urllib.error import URLError
from urllib.request import HTTPSHandler, ProxyHandler, build_opener

from inferloop_deploy.errors import InferloopError
from inferloop_deploy.sandbox.processes import HOST, SandboxFailed, end_with, free_ports
from inferloop_deploy.terraform.run import end_with_parent

from .certificates import Authority, write_key_pair
from .components import (
    FIRST_SERVICE,
    PROGRAMS,
    STARTED_FIRST,
    STARTED_WHEN_READY,
    Layout,
    Ports,
    commands,
    restore_command,
)
from .kubeconfig import kubeconfig
from .stages import stages

ATTEMPTS = 3
"""Ports are chosen and then let go for the programs to take: another process may be faster."""
GRACE_SECONDS = 2.0
"""How long a program may take to end; nothing that it could still write is kept."""
PORT_TAKEN = "address already in use"
READY = ("/readyz", "/api/v1/namespaces/default/serviceaccounts/default")
"""What answers when the API server is ready, and when the controller manager works: without the account no pod runs."""


class PortTaken(Exception):
    """Another process took a port that was free."""


class ControlPlane:
    """The programs of one control plane, as children of this process."""

    def __init__(self, layout: Layout, ports: Ports, programs: Mapping[str, Path], stopped: threading.Event) -> None:
        self._layout = layout
        self._ports = ports
        self._commands = commands(layout, ports, programs)
        self._stopped = stopped
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self) -> None:
        """Start everything; returns when pods can be created, or when told to stop.

        Raises PortTaken where another process took a port, SandboxFailed where a program ends by itself.
        """
        for name in STARTED_FIRST:
            self._launch(name)
        self._until_answered(READY[0])
        for name in STARTED_WHEN_READY:
            self._launch(name)
        self._until_answered(READY[1])

    def check(self) -> None:
        """Raise where a program has ended by itself."""
        for name, process in self._running.items():
            if process.poll() is not None:
                said = self._layout.log(name).read_text(encoding="utf-8", errors="replace")
                if PORT_TAKEN in said:
                    raise PortTaken(name)
                last = said.rstrip().rpartition("\n")[2][:300]
                raise SandboxFailed(
                    f"{name} ended with {process.returncode}: {last}", f"Read why: {self._layout.log(name)}"
                )

    def stop(self) -> None:
        """End the programs, each before the one that it needs: an API server whose etcd is gone takes 20 s to end."""
        for name in reversed(list(self._running)):
            process = self._running.pop(name)
            process.terminate()
            try:
                process.wait(GRACE_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _launch(self, name: str) -> None:
        # They get nothing of a person's environment: neither credentials nor settings of another cluster.
        environ = {"PATH": os.environ.get("PATH", ""), "HOME": str(self._layout.folder), "TMPDIR": "/tmp"}  # noqa: S108
        with self._layout.log(name).open("wb") as log:
            self._running[name] = subprocess.Popen(
                [*end_with_parent(number=signal.SIGKILL), *self._commands[name]],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environ,
                cwd=self._layout.folder,
            )

    def _until_answered(self, path: str) -> None:
        context = ssl.create_default_context(cafile=str(self._layout.certificate("ca")))
        context.load_cert_chain(self._layout.certificate("admin"), self._layout.key("admin"))
        direct = build_opener(ProxyHandler({}), HTTPSHandler(context=context))
        while not self._stopped.wait(0.1):
            self.check()
            with (
                suppress(URLError, OSError),
                direct.open(f"https://{HOST}:{self._ports.api}{path}", timeout=5) as response,
            ):
                if response.status == 200:
                    return


def restore(layout: Layout, ports: Ports, etcdutl: Path, state: Path) -> None:
    """Have etcd start from what another one held; raises SandboxFailed where that cannot be read."""
    command = restore_command(layout, ports, etcdutl, state)
    outcome = subprocess.run(command, capture_output=True, text=True, check=False)
    if outcome.returncode:
        said = outcome.stderr.strip().rpartition("\n")[2][:300]
        raise SandboxFailed(f"{state} cannot be restored: {said}", "Make it anew: remove it, then make cluster-tools")


def prepare(layout: Layout, ports: Ports, stage_files: Path) -> None:
    """Write keys, certificates, kubeconfigs and stages, all anew."""
    for folder in (layout.certificates, layout.data):
        shutil.rmtree(folder, ignore_errors=True)
    layout.folder.mkdir(parents=True, exist_ok=True)
    layout.folder.chmod(0o700)
    authority = Authority.create(layout.certificates, "ca")
    names = ["localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"]
    authority.issue("api-server", "kube-apiserver", hosts=names, addresses=[HOST, FIRST_SERVICE])
    authority.issue("etcd", "etcd", hosts=["localhost"], addresses=[HOST])
    Authority.create(layout.certificates, "front-proxy-ca").issue("front-proxy-client", "front-proxy-client")
    write_key_pair(layout.certificates, "service-accounts")
    for user, name, groups in (
        ("admin", "admin", ["system:masters"]),
        ("kwok", "kwok", ["system:masters"]),
        ("kube-controller-manager", "system:kube-controller-manager", []),
        ("kube-scheduler", "system:kube-scheduler", []),
    ):
        certificate, key = authority.issue(user, name, groups)
        text = kubeconfig(f"https://{HOST}:{ports.api}", authority.certificate, certificate, key)
        layout.kubeconfig(user).write_text(text, encoding="utf-8")
    layout.stages.write_text(stages(stage_files), encoding="utf-8")


def serve(layout: Layout, programs: Path, state: Path | None, stopped: threading.Event) -> None:
    """Run a control plane until told to stop; raises SandboxFailed where it does not start or does not go on."""
    paths = {name: programs / name for name in PROGRAMS}
    for attempt in range(ATTEMPTS):
        ports = Ports(*free_ports(3))
        prepare(layout, ports, programs.parent / "files" / "kwok")
        plane = ControlPlane(layout, ports, paths, stopped)
        try:
            if state is not None:
                restore(layout, ports, paths["etcdutl"], state)
            plane.start()
            if not stopped.is_set():
                _record(layout, ports)
            while not stopped.wait(0.2):
                plane.check()
        except PortTaken as taken:
            if attempt + 1 == ATTEMPTS:
                raise SandboxFailed(f"{taken} found its port taken {ATTEMPTS} times.", "Start it again.") from None
        else:
            return
        finally:
            plane.stop()
            layout.record.unlink(missing_ok=True)
            # What it knew is gone, and its keys open nothing any more; what the programs said stays.
            for folder in (layout.certificates, layout.data):
                shutil.rmtree(folder, ignore_errors=True)


def _record(layout: Layout, ports: Ports) -> None:
    facts = {
        "url": f"https://{HOST}:{ports.api}",
        "etcd": f"https://{HOST}:{ports.etcd}",
        "process": os.getpid(),
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    new = layout.record.with_suffix(".new")
    new.write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    new.replace(layout.record)


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(prog="python -m inferloop_deploy.sandbox.cluster.server", description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="where everything of this control plane is kept")
    parser.add_argument("--programs", type=Path, required=True, help="the folder of the programs")
    parser.add_argument("--state", type=Path, help="what etcd starts from, as `etcdctl snapshot save` wrote it")
    parser.add_argument("--parent", type=int, help="end when the process with this id has ended")
    options = parser.parse_args(arguments)
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    if options.parent is not None:
        end_with(options.parent, stopped.set)
    begun = time.monotonic()
    try:
        serve(Layout(options.folder), options.programs, options.state, stopped)
    except InferloopError as problem:
        print(problem, file=sys.stderr)  # noqa: T201 - this is its log
        return problem.exit_code
    print(f"ended after {time.monotonic() - begun:.0f} s", file=sys.stderr)  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
