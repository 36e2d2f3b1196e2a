"""The Kubernetes programs: which there are, how they are pinned, and where the built ones lie.

`make cluster-tools` builds them (tools/kubernetes) into a folder outside the checkout. Its name is made from the pins,
so that two checkouts with the same pins share it and a changed pin never meets what an older one built.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import shutil
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from inferloop_deploy.errors import InferloopError

FOLDER_VARIABLE = "INFERLOOP_KUBERNETES_PROGRAMS"
"""Names a folder with programs of a person's own, which is then the only one looked into."""
CLIENTS = ("helm", "kubectl")
"""Programs for which any newer one on the PATH will do."""
MODULES = Path("tools") / "kubernetes"
PREPARED = 1
"""Counts the ways in which schemas and state have been made with a control plane; another number makes them anew."""


class ProgramMissing(InferloopError):
    """A program that is needed has not been built."""


@dataclass(frozen=True)
class Module:
    """A Go module whose programs are built: what it pins, and what the linker is told."""

    name: str
    folder: Path
    pinned: str
    """The path of the Go module whose version is that of the programs."""
    stamps: Mapping[str, str]
    files: tuple[str, ...]
    """Files of the pinned module that are copied beside the programs."""

    @property
    def version(self) -> str:
        """Return the pinned version, without the v."""
        return required_version(self._text, self.pinned)

    @property
    def floor(self) -> tuple[int, ...]:
        """Return the Go version that the module asks for."""
        found = re.search(r"^go (\d+(?:\.\d+)*)", self._text, re.MULTILINE)
        return tuple(int(part) for part in found.group(1).split(".")) if found else ()

    @property
    def _text(self) -> str:
        return (self.folder / "go.mod").read_text(encoding="utf-8")

    def sources(self) -> list[Path]:
        """Return the files that decide what is built."""
        return sorted(path for path in self.folder.rglob("*") if path.suffix in {".mod", ".sum", ".go"})


@dataclass(frozen=True)
class Program:
    """One program: its group, and the Go package that it is built from."""

    name: str
    group: str
    module: Module
    package: str
    on_demand: bool
    flags: tuple[str, ...]
    """What the linker sets, as `variable=value`."""

    @property
    def key(self) -> str:
        """Return what makes one build of it differ from another."""
        parts = [self.name, self.package, *self.flags, sys.platform, platform.machine()]
        return _digest([*(part.encode() for part in parts), *(path.read_bytes() for path in self.module.sources())])


def required_version(go_mod: str, path: str) -> str:
    """Return the version of a module that a go.mod requires, without the v; raises ValueError where it has none."""
    found = re.search(rf"^(?:require)?\s*{re.escape(path)} v(\S+)", go_mod, re.MULTILINE)
    if not found:
        raise ValueError(f"go.mod does not require {path}")
    return found.group(1)


def read_programs(root: Path) -> list[Program]:
    """Return the programs of the checkout in `root`, in the order in which they are built."""
    folder = root / MODULES
    pins = tomllib.loads((folder / "programs.toml").read_text(encoding="utf-8"))
    modules = {
        name: Module(
            name, folder / "modules" / name, entry["pinned"], entry.get("stamps", {}), tuple(entry.get("files", []))
        )
        for name, entry in pins["module"].items()
    }
    major, minor, *_ = modules["kubernetes"].version.split(".")
    programs = []
    for group, entry in pins["group"].items():
        module = modules[entry["module"]]
        words = {"version": module.version, "kubernetes_major": major, "kubernetes_minor": minor}
        flags = tuple(f"{variable}={value.format(**words)}" for variable, value in sorted(module.stamps.items()))
        for name, package in entry["programs"].items():
            programs.append(Program(name, group, module, package, entry.get("on_demand", False), flags))
    return programs


def cache_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the folder below which everything is kept that is made once."""
    home = Path(environ.get("HOME") or Path.home())
    return Path(environ.get("XDG_CACHE_HOME") or home / ".cache") / "inferloop"


def programs_folder(programs: Iterable[Program], environ: Mapping[str, str] = os.environ) -> Path:
    """Return the folder that these programs are built into, whether it is there or not; `bin` in it has them."""
    # What is built on demand does not count: it may be added to a folder, and changes nothing of what is in it.
    return cache_folder(environ) / f"kubernetes-{_digest([one.key.encode() for one in programs if not one.on_demand])}"


def crds_folder(root: Path, environ: Mapping[str, str] = os.environ) -> Path:
    """Return the folder of the custom resource definitions, one folder for each project that they are of."""
    return cache_folder(environ) / f"crds-{_digest([(root / MODULES / 'crds.toml').read_bytes()])}"


def prepared_folder(root: Path, environ: Mapping[str, str] = os.environ) -> Path:
    """Return the folder of what a control plane was asked for once: `schemas`, and `state.db` to start others from."""
    programs = read_programs(root)
    parts = [one.key.encode() for one in programs if one.group in {"control-plane", "etcd"}]
    pins = (root / MODULES / "crds.toml").read_bytes()
    return cache_folder(environ) / f"cluster-{_digest([*parts, pins, str(PREPARED).encode()])}"


def schema_location(root: Path, environ: Mapping[str, str] = os.environ) -> str:
    """Return what `kubeconform -schema-location` is told: strict schemas of all kinds that the API server knows.

    The schema of a kind is `<group>/<kind>_<version>.json`, all lower case; `v1/pod_v1.json` where there is no group.
    """
    schemas = prepared_folder(root, environ) / "schemas"
    return f"{schemas}/{{{{.Group}}}}/{{{{.ResourceKind}}}}_{{{{.ResourceAPIVersion}}}}.json"


def prepared_state(root: Path, environ: Mapping[str, str] = os.environ) -> Path:
    """Return what etcd holds where every definition is there; raises ProgramMissing where it has not been made."""
    state = prepared_folder(root, environ) / "state.db"
    if not state.exists():
        raise ProgramMissing(
            "The custom resource definitions are not there.", "Fetch what is pinned, once: make cluster-tools"
        )
    return state


def built(folder: Path, program: Program) -> bool:
    """Tell whether a program lies complete in a folder: its record is written last and says how long it is."""
    try:
        record = json.loads(record_of(folder, program).read_text(encoding="utf-8"))
        size = (folder / "bin" / program.name).stat().st_size
        return bool(record["key"] == program.key and record["size"] == size)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def record_of(folder: Path, program: Program) -> Path:
    """Return the file that says what a program was built from."""
    return folder / "built" / f"{program.name}.json"


def find_programs(root: Path, names: Iterable[str], environ: Mapping[str, str] = os.environ) -> dict[str, Path]:
    """Return programs by name; raises ProgramMissing, naming all that are not there and what builds them."""
    found = dict(_find(root, list(names), environ))
    missing = [name for name, path in found.items() if path is None]
    if missing:
        own = environ.get(FOLDER_VARIABLE)
        where = f" in {own} (${FOLDER_VARIABLE})" if own else ""
        raise ProgramMissing(
            f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} not there{where}.",
            "Build what is pinned, once: make cluster-tools"
            + ("" if own else f". Or name a folder that has the programs: export {FOLDER_VARIABLE}=/path/to/bin"),
        )
    return {name: path for name, path in found.items() if path is not None}


def _find(root: Path, names: list[str], environ: Mapping[str, str]) -> Iterator[tuple[str, Path | None]]:
    own = environ.get(FOLDER_VARIABLE)
    if own:
        yield from ((name, _executable(Path(own) / name)) for name in names)
        return
    pinned = read_programs(root) if (root / MODULES / "programs.toml").exists() else []
    folder = programs_folder(pinned, environ) if pinned else None
    by_name = {program.name: program for program in pinned}
    for name in names:
        path = None
        if folder is not None and name in by_name and built(folder, by_name[name]):
            path = folder / "bin" / name
        elif name in CLIENTS and (elsewhere := shutil.which(name, path=environ.get("PATH"))):
            path = Path(elsewhere)
        yield name, path


def _executable(path: Path) -> Path | None:
    return path if path.is_file() and os.access(path, os.X_OK) else None


def _digest(parts: Iterable[bytes]) -> str:
    whole = hashlib.sha256()
    for part in parts:
        whole.update(hashlib.sha256(part).digest())
    return whole.hexdigest()[:12]
