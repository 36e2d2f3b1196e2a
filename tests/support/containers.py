"""Build the image once, and run containers of it as a cluster runs them: no capability, no write outside two folders, limits."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
IMAGE = "localhost/inferloop-synthetic-api:tested"
HARDENED = (
    "--read-only", "--read-only-tmpfs=false", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--pids-limit=256",
    "--memory=2g", "--tmpfs=/tmp:rw,noexec,nosuid,nodev,size=512m,mode=1777",
)  # fmt: skip
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
        done = subprocess.run(self.command(*words), check=False, capture_output=True, text=True, env=self.environment())
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


def ready() -> Podman:
    """Return podman once it has run something; tests fail, and say why, where this machine cannot run containers."""
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])
    absent = [name for name in ("buildah", "podman", "runc", "mmdebstrap") if shutil.which(name, path=path) is None]
    if absent:
        pytest.fail(f"{', '.join(absent)} missing: run `make test-containers`", pytrace=False)
    podman = Podman(storage())
    podman.storage.mkdir(parents=True, exist_ok=True)
    (podman.storage / "containers.conf").write_text(ENGINE)
    return podman


def build(podman: Podman, output: Path, *options: str) -> str:
    """Build the image through the program behind `make image`; return what it printed. One build at a time."""
    fixed = ["--base", "packages", "--builder", "buildah", "--storage", str(podman.storage), "--output", str(output)]
    command = [sys.executable, "tools/image/main.py", *fixed, *options]
    with (podman.storage / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = subprocess.run(
            command,
            cwd=ROOT,
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=podman.environment(),
        )
    if done.returncode:
        pytest.fail(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout[-6000:]}", pytrace=False)
    return done.stdout


def probe(podman: Podman) -> None:
    """Run the smallest container, and tell apart an image that is wrong from a machine that cannot run any."""
    done = podman.hardened("--help", check=False)
    if done.returncode:
        pytest.fail(
            f"this machine cannot run a container with podman and runc (exit {done.returncode}): {done.stderr.strip()}\n"
            "The kernel needs namespaces, overlayfs and the memory and pids control groups. Where it has them not, leave these "
            "tests out by name: pytest --ignore=tests/generator/container",
            pytrace=False,
        )
