"""Build the image once, and run containers of it as a cluster runs them: no capability, no write outside two folders, limits."""

from __future__ import annotations

import os
import platform
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
IMAGE = "localhost/inferloop-synthetic-api:tested"
HARDENED = (
    "--read-only", "--read-only-tmpfs=false", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--pids-limit=256",
    "--memory=2g", "--tmpfs=/tmp:rw,noexec,nosuid,nodev,size=512m,mode=1777",
)  # fmt: skip
PROGRAMS = ("buildah", "podman", "runc", "mmdebstrap")
LEFT_OUT = "Where that cannot be had, leave these tests out by name: make test CONTAINERS=no"
STUCK_SECONDS = 900
"""No command here takes a tenth of this; one that does not end must not keep the whole run from ending."""
BUILD_STUCK_SECONDS = 3600
LARGEST = 12_000_000_000
"""Bytes of images that the tests keep between runs; the API's image with all its steps takes about two thousand million."""
ENGINE = """\
[containers]
default_ulimits = ["nofile=20000:20000", "nproc=4096:4096"]
log_driver = "k8s-file"

[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
"""


@dataclass(frozen=True)
class Podman:
    """podman with a storage of its own, so that tests and a person's images do not meet."""

    storage: Path

    def command(self, *words: str) -> list[str]:
        """Return a command line."""
        return ["podman", "--root", f"{self.storage}/images", "--runroot", f"{self.storage}/run", *words]

    def run(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run podman, and fail the test with what it says where it fails."""
        # Where a container is ended for its memory, podman's monitor writes a file of that name into the current folder.
        done = finished(self.command(*words), self.environment(), STUCK_SECONDS, self.storage)
        if check and done.returncode:
            pytest.fail(
                f"podman {' '.join(words)} ended with {done.returncode}:\n{done.stdout}{done.stderr}", pytrace=False
            )
        return done

    def environment(self) -> dict[str, str]:
        """Return the environment in which podman finds its settings and Debian's system programs."""
        settings = self.storage / "containers.conf"
        path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])
        return {**os.environ, "CONTAINERS_CONF": str(settings), "PATH": path}

    def hardened(
        self, *words: str, options: Sequence[str] = (), check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """Run a container to its end, without network and with every restriction that the chart sets."""
        return self.run("run", "--rm", "--network=none", *HARDENED, *options, IMAGE, *words, check=check)

    def python(self, code: str, *options: str) -> str:
        """Run Python in a hardened container and return what it prints."""
        fixed = [
            "run",
            "--rm",
            "--network=none",
            *HARDENED,
            *options,
            "--entrypoint",
            "/opt/inferloop/bin/python",
            IMAGE,
        ]
        return self.run(*fixed, "-c", code).stdout


def storage() -> Path:
    """Return where the tests' images are kept, outside the tree."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "inferloop" / "containers"


def finished(
    command: Sequence[str], environment: Mapping[str, str], seconds: int, folder: Path = ROOT
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; one that does not end fails the test, and is killed with all that it started."""
    with subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        try:
            output, errors = process.communicate(timeout=seconds)
        except BaseException as problem:
            os.killpg(process.pid, signal.SIGKILL)
            if isinstance(problem, subprocess.TimeoutExpired):
                pytest.fail(f"stuck for {seconds} s, and killed: {' '.join(command)}", pytrace=False)
            raise
    return subprocess.CompletedProcess(command, process.returncode, output, errors)


def ready(place: Path | None = None) -> Podman:
    """Return podman once it has run something; tests fail, and say why, where this machine cannot run containers."""
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])
    absent = [name for name in PROGRAMS if shutil.which(name, path=path) is None]
    if platform.system() != "Linux" or os.geteuid() != 0:
        pytest.fail(f"the tests of the container run on Linux, as root. {LEFT_OUT}", pytrace=False)
    if absent:
        pytest.fail(f"{', '.join(absent)} missing: run `make test-containers`. {LEFT_OUT}", pytrace=False)
    podman = Podman(place or storage())
    podman.storage.mkdir(parents=True, exist_ok=True)
    (podman.storage / "containers.conf").write_text(ENGINE)
    probe(podman)
    return podman


def probe(podman: Podman) -> None:
    """Run the smallest container, of this machine's own /usr: what fails now is the machine's doing, not the image's."""
    root = podman.storage / "probe"
    for name in ("bin", "lib", "lib64"):
        if not (root / name).is_symlink():
            root.mkdir(exist_ok=True)
            (root / name).symlink_to(f"usr/{name}")
    words = [
        "run",
        "--rm",
        "--network=none",
        *HARDENED,
        "--volume=/usr:/usr:ro",
        "--rootfs",
        str(root),
        "/usr/bin/true",
    ]
    done = podman.run(*words, check=False)
    if done.returncode:
        pytest.fail(
            f"this machine cannot run a container with podman and runc (exit {done.returncode}): {done.stderr.strip()}\n"
            f"The kernel needs namespaces, overlayfs and the memory and pids control groups. {LEFT_OUT}",
            pytrace=False,
        )


def building(podman: Podman, output: Path, *options: str) -> list[str]:
    """Return the command behind `make image`."""
    fixed = ["--base", "packages", "--builder", "buildah", "--storage", str(podman.storage), "--output", str(output)]
    return [sys.executable, "tools/image/main.py", *fixed, *options]


def interrupt_build(podman: Podman, output: Path) -> subprocess.CompletedProcess[str]:
    """Start a build, press Ctrl-C in the midst of its first step, and return how it ended.

    The signal goes to the whole group of processes, as from a terminal.
    """
    command = building(podman, output, "--no-cache")
    process = subprocess.Popen(
        command, cwd=ROOT, env=podman.environment(), text=True, bufsize=1, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    guard = threading.Timer(STUCK_SECONDS, os.killpg, (process.pid, signal.SIGKILL))
    guard.start()
    try:
        said = ""
        for line in process.stdout or ():
            said += line
            if "RUN apt-get update" in line:
                os.killpg(process.pid, signal.SIGINT)
                break
        rest, errors = process.communicate()
    finally:
        guard.cancel()
    return subprocess.CompletedProcess(command, process.returncode, said + rest, errors)


def build(podman: Podman, output: Path, *options: str) -> str:
    """Build the image through the program behind `make image`; return what it printed."""
    command = building(podman, output, *options)
    done = finished(command, podman.environment(), BUILD_STUCK_SECONDS)
    if done.returncode:
        text = done.stdout[-4000:] + done.stderr[-4000:]
        pytest.fail(f"{' '.join(command)} ended with {done.returncode}:\n{text}", pytrace=False)
    return done.stdout


def keep_small(podman: Podman) -> None:
    """Throw the kept images away once many changes have made them large; the next build begins anew."""
    kept = sum(path.lstat().st_size for path in podman.storage.glob("images/overlay/*/diff/**/*") if path.is_file())
    if kept > LARGEST:
        podman.run("rmi", "--all", "--force", check=False)
