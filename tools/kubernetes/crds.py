"""Custom resource definitions, taken out of the Go modules of the projects that they are of."""

from __future__ import annotations

import fnmatch
import json
import os
import re
import shutil
import subprocess
import tempfile
import tomllib
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from go_build import BuildFailed, local, meaning

KIND = re.compile(r"^kind: CustomResourceDefinition\s*$", re.MULTILINE)
NAME = re.compile(r"^  name: [\"']?([a-z0-9.-]+)", re.MULTILINE)


@dataclass(frozen=True)
class Source:
    """A module that holds definitions: its hash, and where in it they are."""

    name: str
    module: str
    version: str
    sum: str
    files: tuple[str, ...]
    names: tuple[str, ...]


def read_sources(pins: str) -> list[Source]:
    """Return the modules of the pin file."""
    return [
        Source(name, entry["module"], entry["version"], entry["sum"], tuple(entry["files"]), tuple(entry["names"]))
        for name, entry in tomllib.loads(pins)["crds"].items()
    ]


def definitions(text: str) -> dict[str, str]:
    """Return the definitions of a YAML file by name, as they stand; what else is in it is left out."""
    found = {}
    for document in re.split(r"^---\s*$", text, flags=re.MULTILINE):
        if KIND.search(document):
            metadata = document[document.index("\nmetadata:") :]
            name = NAME.search(metadata)
            if name is None:
                raise BuildFailed("A custom resource definition has no name.")
            found[name.group(1)] = document.strip("\n") + "\n"
    return found


def fetch_archive(
    go: str, source: Source, environ: Mapping[str, str], folder: Path, keep_open: Sequence[int] = ()
) -> Path:
    """Return the module's archive out of Go's cache, fetched where it is not there; raises BuildFailed."""
    command = [go, "mod", "download", "-json", f"{source.module}@{source.version}"]
    # Outside any module: nothing but the archive itself is asked for.
    outcome = subprocess.run(
        command, cwd=folder, env=local(environ), capture_output=True, text=True, check=False, pass_fds=keep_open
    )
    try:
        facts = json.loads(outcome.stdout)
    except ValueError:
        facts = {}
    # That its programs need a newer Go does not matter: nothing of it is compiled.
    if "Zip" not in facts or "Sum" not in facts:
        said = str(facts.get("Error") or outcome.stderr.strip() or outcome.stdout.strip())
        advice = meaning(said)
        raise BuildFailed(f"{source.module} {source.version}: {said}" + (f"\n{advice}" if advice else ""))
    if facts["Sum"] != source.sum:
        raise BuildFailed(
            f"{source.module} {source.version} has the hash {facts['Sum']}, but crds.toml pins {source.sum}.\n"
            "Nothing was installed. Is a proxy changing downloads?"
        )
    return Path(facts["Zip"])


def extract(source: Source, archive: Path) -> dict[str, str]:
    """Return the definitions that we use by name; raises BuildFailed where one is not there."""
    prefix = f"{source.module}@{source.version}/"
    found: dict[str, str] = {}
    with zipfile.ZipFile(archive) as content:
        for pattern in source.files:
            names = [name for name in content.namelist() if fnmatch.fnmatchcase(name, prefix + pattern)]
            here: dict[str, str] = {}
            for name in sorted(names):
                here |= definitions(content.read(name).decode("utf-8"))
            if not here:
                raise BuildFailed(f"{source.module} {source.version} has no definitions at {pattern}.")
            found |= here
    missing = [name for name in source.names if name not in found]
    if missing:
        raise BuildFailed(
            f"{source.module} {source.version} does not define {', '.join(missing)}. It has: {', '.join(sorted(found))}"
        )
    return {name: found[name] for name in source.names}


def install_definitions(
    go: str,
    sources: Sequence[Source],
    folder: Path,
    environ: Mapping[str, str] = os.environ,
    keep_open: Sequence[int] = (),
) -> int:
    """Write all definitions, `<project>/<name>.yaml`, in one step; returns how many there are."""
    number = 0
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as scratch:
        new = Path(scratch) / "crds"
        for source in sources:
            (new / source.name).mkdir(parents=True)
            for name, text in extract(source, fetch_archive(go, source, environ, Path(scratch), keep_open)).items():
                (new / source.name / f"{name}.yaml").write_text(text, encoding="utf-8")
                number += 1
        shutil.rmtree(folder, ignore_errors=True)
        new.replace(folder)
    return number
