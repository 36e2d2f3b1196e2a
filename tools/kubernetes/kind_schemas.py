"""JSON schemas of every kind, made from what an API server says of itself, for checks without one.

Strict: a field that the API server would drop or refuse is refused. What its other rules say (CEL, admission) is not in
a schema; for that the API server itself is asked.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

Schema = dict[str, Any]
COPIED = (
    "enum",
    "required",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "minProperties",
    "maxProperties",
    "uniqueItems",
    "pattern",
)
LISTED = ("oneOf", "anyOf", "allOf")
ANY_NUMBER_OR_TEXT = {"type": ["integer", "string"]}
OF_EVERY_OBJECT = ("apiVersion", "kind", "metadata")
REFERENCE = "#/components/schemas/"


def plain(schema: Schema) -> Schema:
    """Return a schema as JSON schema has it, strict, from one of OpenAPI 3.0 as Kubernetes writes it."""
    if schema.get("x-kubernetes-int-or-string"):
        return dict(ANY_NUMBER_OR_TEXT)
    made: Schema = {key: schema[key] for key in COPIED if key in schema}
    if "$ref" in schema:
        made["$ref"] = "#/definitions/" + schema["$ref"].removeprefix(REFERENCE)
    if "type" in schema:
        made["type"] = [schema["type"], "null"] if schema.get("nullable") else schema["type"]
    if "items" in schema:
        made["items"] = plain(schema["items"])
    for key in LISTED:
        if key in schema:
            # These say more of the same fields, and know only some of them.
            made[key] = [_open(plain(each)) for each in schema[key]]
    if "not" in schema:
        made["not"] = _open(plain(schema["not"]))
    return made | _fields(schema)


def _fields(schema: Schema) -> Schema:
    """Return which fields an object has: those that are named, or any where that is what the schema says."""
    made: Schema = {}
    if "properties" in schema:
        made["properties"] = {name: plain(each) for name, each in schema["properties"].items()}
    if "additionalProperties" in schema:
        values = schema["additionalProperties"]
        made["additionalProperties"] = plain(values) if isinstance(values, dict) else values
    elif "properties" in schema and not schema.get("x-kubernetes-preserve-unknown-fields"):
        made["additionalProperties"] = False
        if schema.get("x-kubernetes-embedded-resource"):
            made["properties"] = {name: {} for name in OF_EVERY_OBJECT} | made["properties"]
    return made


def _open(schema: Schema) -> Schema:
    """Return a schema that lets fields pass that it does not name."""
    made = {key: value for key, value in schema.items() if not (key == "additionalProperties" and value is False)}
    if "properties" in made:
        made["properties"] = {name: _open(each) for name, each in made["properties"].items()}
    if isinstance(made.get("items"), dict):
        made["items"] = _open(made["items"])
    return made


def closure(schemas: Mapping[str, Schema], start: Schema) -> dict[str, Schema]:
    """Return every definition that a schema refers to, and those that they refer to."""
    found: dict[str, Schema] = {}
    todo = list(_references(start))
    while todo:
        name = todo.pop()
        if name not in found:
            found[name] = plain(schemas[name])
            todo += _references(found[name])
    return dict(sorted(found.items()))


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, each in value.items():
            if key == "$ref" and isinstance(each, str):
                yield each.removeprefix("#/definitions/")
            else:
                yield from _references(each)
    elif isinstance(value, list):
        for each in value:
            yield from _references(each)


def kinds(document: Mapping[str, Any]) -> Iterator[tuple[str, Schema]]:
    """Yield the file name and the schema of each kind of an OpenAPI document of one group and version."""
    schemas: Mapping[str, Schema] = document.get("components", {}).get("schemas", {})
    for schema in schemas.values():
        names = schema.get("x-kubernetes-group-version-kind", [])
        # DeleteOptions and their like are of every group, and no objects.
        if len(names) != 1 or not {"apiVersion", "kind"} <= set(schema.get("properties", {})):
            continue
        group, version, kind = names[0]["group"], names[0]["version"], names[0]["kind"]
        made = plain(schema)
        made["properties"]["apiVersion"] = {"enum": [f"{group}/{version}" if group else version]}
        made["properties"]["kind"] = {"enum": [kind]}
        made["required"] = sorted({*made.get("required", []), "apiVersion", "kind"})
        made["definitions"] = closure(schemas, made)
        yield f"{group or version}/{kind.lower()}_{version}.json", made


def write_schemas(read: Callable[[str], str], folder: Path) -> int:
    """Write the schemas of every kind of the API server that `read` asks, in one step; returns how many there are."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    number = 0
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as scratch:
        new = Path(scratch) / "schemas"
        for place in json.loads(read("/openapi/v3"))["paths"].values():
            for name, schema in kinds(json.loads(read(place["serverRelativeURL"]))):
                path = new / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(json.dumps(schema, separators=(",", ":")), encoding="utf-8")
                number += 1
        shutil.rmtree(folder, ignore_errors=True)
        new.replace(folder)
    return number
