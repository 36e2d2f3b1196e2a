"""Where each rendered value was written: the map that leads from a planned change back to a line of YAML."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from inferloop_deploy.errors import InferloopError
from inferloop_deploy.render.blocks import Block, Leaf
from inferloop_deploy.render.hcl import Value, step

VERSION = 1


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value or an object was written, and by which layer."""

    file: str
    line: int
    column: int
    yaml_path: str
    layer: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True)
class SourceMap:
    """The places of everything that somebody wrote, by its path in the tfvars; built-in defaults are not in it."""

    environment: str
    cloud: str
    services: tuple[str, ...]
    places: Mapping[str, Place]

    def nearest(self, path: str) -> Place | None:
        """Return the place of a path, or of the closest object around it that was written."""
        while path:
            if path in self.places:
                return self.places[path]
            path = _parent(path)
        return None


def _parent(path: str) -> str:
    if path.endswith('"]'):
        return path[: path.rfind('["')]
    return path[: max(path.rfind("."), 0)]


def places_of(name: str, block: Block) -> Iterator[tuple[str, Place]]:
    """Yield the path and place of everything written in a variable's object."""
    if block.origin is not None:
        yield (
            name,
            Place(block.origin.file, block.origin.line, block.origin.column, block.yaml_path, block.origin.layer),
        )
    for key, entry in sorted(block.entries.items()):
        path = name + step(key)
        if isinstance(entry, Leaf):
            origin = entry.origin
            if origin is not None:
                yield path, Place(origin.file, origin.line, origin.column, entry.yaml_path, origin.layer)
        else:
            yield from places_of(path, entry)


def values_of(name: str, block: Block) -> Iterator[tuple[str, Value]]:
    """Yield the path and value of every leaf of a variable's object."""
    for key, entry in block.entries.items():
        path = name + step(key)
        if isinstance(entry, Leaf):
            yield path, entry.value
        else:
            yield from values_of(path, entry)


def to_json(source_map: SourceMap) -> str:
    """Return the map as JSON with a line for each path, so that a diff of it can be read."""
    head = {
        "version": VERSION,
        "environment": source_map.environment,
        "cloud": source_map.cloud,
        "services": list(source_map.services),
    }
    lines = [f'  "{name}": {json.dumps(value, ensure_ascii=False)}' for name, value in head.items()]
    entries = ",\n".join(
        f"    {json.dumps(path, ensure_ascii=False)}: "
        + json.dumps(
            {
                "file": place.file,
                "line": place.line,
                "column": place.column,
                "yaml_path": place.yaml_path,
                "layer": place.layer,
            },
            ensure_ascii=False,
        )
        for path, place in source_map.places.items()
    )
    lines.append(f'  "paths": {{\n{entries}\n  }}' if entries else '  "paths": {}')
    return "{\n" + ",\n".join(lines) + "\n}\n"


def from_json(text: str) -> SourceMap:
    """Return the map that `to_json` wrote; raises InferloopError where the text is something else."""
    try:
        data: dict[str, Any] = json.loads(text)
        if data["version"] != VERSION:
            raise InferloopError(
                "source-map.json was written by another version.", "Run `inferloop-deploy render` again."
            )
        places = {path: Place(**place) for path, place in data["paths"].items()}
        return SourceMap(data["environment"], data["cloud"], tuple(data["services"]), places)
    except (json.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
        raise InferloopError(
            "source-map.json cannot be read: it is not what render writes.", "Run `inferloop-deploy render` again."
        ) from error
