"""Go, as the builder uses it: the command lines, the version that is needed, and what its failures mean."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from inferloop_deploy.programs import Module, Program

HOW_TO_INSTALL = "Install Go your own way (go.dev/dl, or the system's packages), so that `go` is on the PATH."
MEANINGS = (
    (
        r"no space left on device",
        "The disk is full. Free some space, or set TMPDIR and XDG_CACHE_HOME to another disk.",
    ),
    (
        r"SECURITY ERROR|checksum mismatch|invalid checksum",
        "What was fetched is not what go.sum pins; nothing was installed. Is a proxy changing downloads?",
    ),
    (
        r"(?:403|404|410) |not available|unknown revision",
        "The Go module proxy does not have a module that is pinned. Name another: export GOPROXY=...",
    ),
    (
        r"dial tcp|no such host|i/o timeout|connection refused|connection reset|TLS handshake|proxyconnect|x509:|EOF",
        "The Go module proxy does not answer. Is there a way out? Name a proxy that can be reached: export GOPROXY=...",
    ),
    (
        r"module lookup disabled|GOPROXY=off",
        "GOPROXY is off and Go's module cache lacks what is pinned. Name a proxy: export GOPROXY=...",
    ),
    (r"requires go >= ", f"This Go is too old. {HOW_TO_INSTALL}"),
    (r"signal: killed|cannot allocate memory|out of memory", "Memory ran out: the largest program takes about 3 GB."),
)
"""What Go says where it fails, and what that means for a person; the first that is found counts."""


class BuildFailed(Exception):
    """A program cannot be built; the text says why and what to do."""


def meaning(said: str) -> str | None:
    """Return what a failure of Go means and what to do, None where nobody but its own words can tell."""
    return next((text for pattern, text in MEANINGS if re.search(pattern, said)), None)


def version_of(said: str) -> tuple[int, ...]:
    """Return a Go version such as go1.26.8 or go1.27rc1 as numbers; empty where it is none."""
    found = re.match(r"go(\d+(?:\.\d+)*)", said.strip())
    return tuple(int(part) for part in found.group(1).split(".")) if found else ()


def find_go(modules: Sequence[Module], environ: Mapping[str, str]) -> str:
    """Return the go program, new enough for these modules; raises BuildFailed where there is none."""
    go = shutil.which("go", path=environ.get("PATH"))
    if go is None:
        raise BuildFailed(f"There is no Go, which builds the Kubernetes programs. {HOW_TO_INSTALL}")
    outcome = subprocess.run([go, "env", "GOVERSION"], capture_output=True, text=True, check=False, env=local(environ))
    found = version_of(outcome.stdout)
    if outcome.returncode or not found:
        raise BuildFailed(f"`{go} env GOVERSION` does not say a version: {(outcome.stderr or outcome.stdout).strip()}")
    neediest = max(modules, key=lambda module: module.floor, default=None)
    if neediest is not None and found < neediest.floor:
        raise BuildFailed(
            f"Go {_dotted(found)} ({go}) is too old: {neediest.name} needs {_dotted(neediest.floor)}. {HOW_TO_INSTALL}"
        )
    return go


def local(environ: Mapping[str, str]) -> dict[str, str]:
    """Return variables under which Go builds the same wherever it runs: no cgo, no flags, no other toolchain."""
    return {**environ, "CGO_ENABLED": "0", "GOFLAGS": "", "GOTOOLCHAIN": "local", "GOWORK": "off"}


def build_command(go: str, program: Program, target: Path) -> list[str]:
    """Return the command line that builds a program, in its module's folder."""
    stamps = [f"-X={flag}" for flag in program.flags]
    return [
        go,
        "build",
        "-mod=readonly",
        "-trimpath",
        "-buildvcs=false",
        f"-ldflags={' '.join(['-s', '-w', *stamps])}",
        f"-o={target}",
        program.package,
    ]


def run(command: Sequence[str], folder: Path, environ: Mapping[str, str], keep_open: Sequence[int] = ()) -> str:
    """Run Go and return what it printed; raises BuildFailed, with what the failure means.

    The file handles of `keep_open` stay open in it, so that a lock lasts until the last process under it has ended.
    """
    outcome = subprocess.run(
        command, cwd=folder, env=dict(environ), capture_output=True, text=True, check=False, pass_fds=keep_open
    )
    if outcome.returncode:
        said = outcome.stderr.strip() or outcome.stdout.strip()
        last = "\n".join(f"  {line}" for line in said.splitlines()[-8:])
        advice = meaning(said)
        raise BuildFailed(f"`go {command[1]}` in {folder.name} failed:\n{last}" + (f"\n{advice}" if advice else ""))
    return outcome.stdout


def module_folder(go: str, module: Module, environ: Mapping[str, str], keep_open: Sequence[int] = ()) -> Path:
    """Return where the pinned module's files lie, fetched and checked against go.sum."""
    said = run([go, "mod", "download", "-json", module.pinned], module.folder, environ, keep_open)
    return Path(json.loads(said)["Dir"])


def build_environment(environ: Mapping[str, str], scratch: Path) -> dict[str, str]:
    """Return Go's variables for a build whose intermediate files go to `scratch`.

    They are 6 GB that nobody needs again; a GOCACHE that somebody has named, as CI does, is used and kept.
    """
    own = {} if environ.get("GOCACHE") else {"GOCACHE": str(scratch / "go-build")}
    return {**local(environ), **own, "GOTMPDIR": str(scratch), "TMPDIR": str(scratch)}


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


def free_bytes(folder: Path) -> int:
    """Return how much room there is where a folder lies or will lie."""
    while not folder.exists():
        folder = folder.parent
    status = os.statvfs(folder)
    return status.f_bavail * status.f_frsize
