"""What a control plane is asked for once: that it takes every definition, schemas of all kinds, and its state."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kind_schemas
from go_build import BuildFailed

from inferloop_deploy.errors import InferloopError
from inferloop_deploy.programs import find_programs
from inferloop_deploy.sandbox.cluster import Cluster, temporary_cluster
from inferloop_deploy.sandbox.cluster.components import Layout

PATIENCE_SECONDS = 300
"""The API server takes a definition into use some seconds after it has accepted it, one after the other."""


def undescribed(schema: Any) -> Any:
    """Return a definition without descriptions: two thirds of it, which an API server keeps in memory several times."""
    if isinstance(schema, list):
        return [undescribed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    # A field that is called so has a schema, not a text.
    return {
        key: undescribed(value)
        for key, value in schema.items()
        if not (key == "description" and isinstance(value, str))
    }


def objects(text: str) -> Iterator[dict[str, Any]]:
    """Yield the objects of JSON texts that stand one after the other."""
    decoder = json.JSONDecoder()
    rest = text.lstrip()
    while rest:
        found, end = decoder.raw_decode(rest)
        yield found
        rest = rest[end:].lstrip()


def take_into_use(cluster: Cluster, definitions: Path) -> list[str]:
    """Create the definitions and wait until each is established; returns their names."""
    read = ["create", "--dry-run=client", "--validate=false", "--output=json", "--recursive"]
    found = list(objects(cluster.kubectl([*read, f"--filename={definitions}"]).stdout))
    document = {"apiVersion": "v1", "kind": "List", "items": [undescribed(one) for one in found]}
    cluster.kubectl(["create", "--validate=ignore", "--filename=-"], json.dumps(document))
    names = sorted(one["metadata"]["name"] for one in found)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while waiting := sorted(set(names) - established(cluster)):
        if time.monotonic() > deadline:
            raise BuildFailed(f"The API server has not taken into use: {', '.join(waiting)}.")
        time.sleep(0.5)
    return names


def established(cluster: Cluster) -> set[str]:
    """Return the names of the definitions that the API server uses."""
    template = (
        "{{range .items}}{{$name := .metadata.name}}{{range .status.conditions}}"
        '{{if and (eq .type "Established") (eq .status "True")}}{{$name}}{{"\\n"}}{{end}}{{end}}{{end}}'
    )
    return set(cluster.kubectl(["get", "customresourcedefinitions", f"--output=go-template={template}"]).stdout.split())


def prepare(root: Path, definitions: Path, folder: Path) -> None:
    """Write `schemas` and `state.db` in one step; raises BuildFailed where a definition is not accepted."""
    programs = find_programs(root, ["etcdctl"])
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as scratch:
        new = Path(scratch) / "prepared"
        new.mkdir()
        try:
            with temporary_cluster(Path(scratch) / "cluster", root, nodes=(), definitions=False) as cluster:
                names = take_into_use(cluster, definitions)
                number = kind_schemas.write_schemas(
                    lambda path: cluster.kubectl(["get", "--raw", path]).stdout, new / "schemas"
                )
                save_state(cluster, programs["etcdctl"], new / "state.db")
        except InferloopError as problem:
            raise BuildFailed(str(problem)) from problem
        shutil.rmtree(folder, ignore_errors=True)
        new.replace(folder)
    print(f"kubernetes: {len(names)} definitions taken into use, {number} schemas written", file=sys.stderr, flush=True)


def save_state(cluster: Cluster, etcdctl: Path, target: Path) -> None:
    """Write what etcd holds now, without what has been written over."""
    layout = Layout(cluster.folder)
    url = json.loads(layout.record.read_text(encoding="utf-8"))["etcd"]
    command = [str(etcdctl), f"--endpoints={url}", f"--cacert={layout.certificate('ca')}", "--command-timeout=60s"]
    command += [f"--cert={layout.certificate('etcd')}", f"--key={layout.key('etcd')}"]
    said = _etcdctl([*command, "--write-out=json", "endpoint", "status"])
    revision = json.loads(said)[0]["Status"]["header"]["revision"]
    for words in (["compact", str(revision)], ["defrag"], ["snapshot", "save", str(target)]):
        _etcdctl([*command, *words])


def _etcdctl(command: list[str]) -> str:
    outcome = subprocess.run(command, capture_output=True, text=True, check=False)
    if outcome.returncode:
        raise BuildFailed(f"etcdctl failed: {outcome.stderr.strip()[-2000:]}")
    return outcome.stdout
