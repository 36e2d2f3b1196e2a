"""Make stand-ins for the providers of providers.toml, for a machine on which the Terraform registry does not answer.

Run through `make providers`. They are made once, into ${XDG_CACHE_HOME:-~/.cache}/inferloop/providers-<digest>, in the
layout of a filesystem mirror; `providers` beside it leads to those that were made last, and is where the wrapper looks.
Nothing is made where the registry answers or a mirror on this machine holds the real provider.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import extract

from inferloop_deploy.programs import cache_folder
from inferloop_deploy.terraform.plugins import (
    HOST,
    STAND_INS,
    held_by,
    mirrors_here,
    registry_answers,
)

HERE = Path(__file__).resolve().parent
PINS = HERE / "providers.toml"
PLUGIN = HERE / "plugin"


class Unmade(Exception):
    """A stand-in cannot be made; the text says why and what to do."""


@dataclass(frozen=True)
class Pin:
    """One provider, and the package that its schema is read from."""

    name: str
    version: str
    package: str
    package_version: str
    integrity: str
    sensitive: tuple[str, ...]
    schema_versions: Mapping[str, int]


def read_pins(text: str) -> list[Pin]:
    """Return the providers of the pin file."""
    return [
        Pin(
            name,
            one["version"],
            one["package"],
            one["package_version"],
            one["integrity"],
            tuple(one.get("sensitive", ())),
            one.get("schema_versions", {}),
        )
        for name, one in tomllib.loads(text).items()
    ]


def digest() -> str:
    """Return a digest of everything that the stand-ins are made from."""
    total = hashlib.sha256()
    for path in (
        PINS,
        HERE / "extract.py",
        Path(__file__),
        *sorted(path for path in PLUGIN.rglob("*") if path.is_file()),
    ):
        total.update(f"{path.relative_to(HERE)}\0".encode() + path.read_bytes())
    return total.hexdigest()[:12]


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Wait until no other process makes these stand-ins."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(f".{folder.name}.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def run(command: list[str], folder: Path, hint: str, **environment: str) -> str:
    """Run a step and return what it prints; raises Unmade with the hint where it fails."""
    try:
        finished = subprocess.run(
            command, cwd=folder, env={**os.environ, **environment}, capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        raise Unmade(f"{command[0]} is not installed. {hint}") from None
    if finished.returncode:
        said = (finished.stderr or finished.stdout).strip()
        raise Unmade(f"`{' '.join(command)}` ended with {finished.returncode}:\n{said}\n{hint}")
    return finished.stdout


def fetch(pin: Pin, scratch: Path) -> Path:
    """Return the unpacked package of a pin, its integrity checked."""
    wanted = f"{pin.package}@{pin.package_version}"
    told = run(
        ["npm", "pack", "--ignore-scripts", "--json", "--silent", wanted],
        scratch,
        "npm (https://nodejs.org) gets the package that the provider's schema is read from; is its registry reachable?",
    )
    archive = scratch / json.loads(told)[0]["filename"]
    check_integrity(archive, pin)
    folder = scratch / pin.name
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")
    return folder / "package"


def check_integrity(archive: Path, pin: Pin) -> None:
    """Raise Unmade where a package is not the pinned one."""
    kind, _, wanted = pin.integrity.partition("-")
    found = base64.b64encode(hashlib.new(kind, archive.read_bytes()).digest()).decode()
    if found != wanted:
        raise Unmade(
            f"{pin.package} {pin.package_version} has integrity {kind}-{found}, but {PINS.name} pins {pin.integrity}.\n"
            "Nothing was made. Is a proxy changing downloads?"
        )


def build(folder: Path) -> tuple[Path, str]:
    """Build the plug-in, and return it with the platform that it is for."""
    hint = (
        "The stand-ins are built with Go (https://go.dev/dl), of the version in tools/providers/plugin/go.mod or newer."
    )
    system, machine = run(["go", "env", "GOOS", "GOARCH"], PLUGIN, hint).split()
    program = folder / "plugin"
    run(
        ["go", "build", "-mod=readonly", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", str(program), "."],
        PLUGIN,
        hint,
        CGO_ENABLED="0",
    )
    return program, f"{system}_{machine}"


def make(folder: Path, pins: list[Pin]) -> None:
    """Make the mirror of stand-ins."""
    shutil.rmtree(folder, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
        scratch = Path(temporary)
        documents = {pin.name: extract.extract(fetch(pin, scratch)) for pin in pins}
        program, platform = build(scratch)
        for pin in pins:
            document = documents[pin.name]
            if document["provider_version"] != pin.version:
                raise Unmade(f"{pin.package} {pin.package_version} is of {pin.name} {document['provider_version']}.")
            extract.complete(document, pin.sensitive, dict(pin.schema_versions))
            place = folder / HOST / "hashicorp" / pin.name / pin.version / platform
            place.mkdir(parents=True)
            shutil.copy(program, place / f"terraform-provider-{pin.name}_v{pin.version}")
            (place / "schema.json").write_text(json.dumps(document, sort_keys=True), encoding="utf-8")
    (folder / ".complete").touch()


def lead_to(folder: Path) -> None:
    """Let the name that the wrapper looks for lead to a mirror, in one step."""
    link = folder.with_name(STAND_INS)
    if link.is_symlink() and link.readlink() == Path(folder.name):
        return
    new = folder.with_name(f".{STAND_INS}.{os.getpid()}")
    new.symlink_to(folder.name)
    new.replace(link)


def main() -> int:
    """Make what is missing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--always", action="store_true", help="make them even where the real providers can be had")
    always = parser.parse_args().always
    folder = cache_folder(os.environ) / f"{STAND_INS}-{digest()}"
    pins = read_pins(PINS.read_text(encoding="utf-8"))
    if not (folder / ".complete").exists():
        held = held_by(mirrors_here(os.environ, Path("/opt")))
        if not always and (all(f"hashicorp/{pin.name}" in held for pin in pins) or registry_answers()):
            print("providers: the real providers can be had; no stand-in is needed")
            return 0
    try:
        with alone(folder):
            if not (folder / ".complete").exists():
                names = ", ".join(f"hashicorp/{pin.name} {pin.version}" for pin in pins)
                print(f"providers: the registry does not answer; building stand-ins for {names}, once", flush=True)
                make(folder, pins)
            lead_to(folder)
    except (Unmade, extract.Unreadable) as problem:
        print(f"providers: {problem}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
