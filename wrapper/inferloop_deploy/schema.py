"""The JSON Schemas of the two kinds of file, made from the models, for editors and for anybody without the wrapper.

They say what the models say: closed objects, forms of text, ranges, short forms. An explicit null is accepted wherever
a value may be left out. An override, the service defaults and a single file of an environment may leave out anything.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from inferloop_deploy.config.environment import Environment
from inferloop_deploy.config.fields import named_lists
from inferloop_deploy.config.patterns import ACCEPTED, ENVIRONMENT
from inferloop_deploy.config.service import Model, ServiceConfig

Schema = dict[str, Any]

DRAFT = "http://json-schema.org/draft-07/schema#"
"""The draft that the editors' YAML language servers know best."""
COMMENT = "Generated from the models by `inferloop-deploy schema --write`; do not edit."
DEFINITIONS = "#/definitions/"
PARTIAL = "Partial"

FILES = {"service": "schemas/service-config.schema.json", "environment": "schemas/environment.schema.json"}
"""Where the committed copies are, by kind."""


def schema_of(kind: str) -> Schema:
    """Return the JSON Schema of a kind of file: service or environment."""
    return service_schema() if kind == "service" else environment_schema()


def as_text(schema: Schema) -> str:
    """Return a schema as it is committed."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def service_schema() -> Schema:
    """Return the JSON Schema of `services/<service>/deployment-config.yaml`."""
    schema = _model_schema(ServiceConfig)
    partial = _partial(schema, ["Metadata", "Spec"])
    metadata = partial[f"{PARTIAL}Metadata"]
    metadata["properties"] = {key: value for key, value in metadata["properties"].items() if key != "name"}
    schema["definitions"] |= partial
    schema["definitions"]["Override"] = _override()
    schema["properties"]["environments"] = {
        "description": "What is different in single environments, by the environment's name.",
        "type": ["object", "null"],
        "propertyNames": {"pattern": ENVIRONMENT, "patternErrorMessage": f"Expected {ACCEPTED[ENVIRONMENT]}."},
        "additionalProperties": _or_null({"$ref": f"{DEFINITIONS}Override"}),
    }
    title = "ServiceConfig: what a service needs, in services/<service>/deployment-config.yaml"
    return _document(title, schema)


def environment_schema() -> Schema:
    """Return the JSON Schema of `environment.yaml` and `<cloud>.yaml`; each may leave out anything."""
    schema = _model_schema(Environment)
    service = _model_schema(ServiceConfig)
    definitions = _partial(schema, ["EnvironmentMetadata", "EnvironmentSpec"]) | _partial(service, ["Spec"])
    spec = definitions[f"{PARTIAL}EnvironmentSpec"]["properties"]
    meaning = spec["serviceDefaults"]["description"]
    spec["serviceDefaults"] = {"description": meaning, **_or_null({"$ref": f"{DEFINITIONS}{PARTIAL}Spec"})}
    properties = {
        "metadata": _or_null({"$ref": f"{DEFINITIONS}{PARTIAL}EnvironmentMetadata"}),
        "spec": _or_null({"$ref": f"{DEFINITIONS}{PARTIAL}EnvironmentSpec"}),
    }
    for key, value in properties.items():
        value["description"] = schema["properties"][key]["description"]
    whole = schema | {
        "properties": schema["properties"] | properties,
        "required": ["apiVersion", "kind"],
        "definitions": definitions,
    }
    title = "Environment: what an environment is made of, in environments/<env>/environment.yaml and <cloud>.yaml"
    return _document(title, whole)


def _document(title: str, schema: Schema) -> Schema:
    return {"$schema": DRAFT, "$comment": COMMENT, "title": title, **schema}


def _override() -> Schema:
    metadata, spec = ({"$ref": f"{DEFINITIONS}{PARTIAL}{name}"} for name in ("Metadata", "Spec"))
    return {
        "description": "What is different in one environment.",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "metadata": {"description": "Who the service is, there.", **_or_null(metadata)},
            "spec": {"description": "What it needs, there.", **_or_null(spec)},
        },
    }


def _model_schema(model: type[Model]) -> Schema:
    """Return pydantic's schema of a model without titles, closed, with nulls."""
    raw = model.model_json_schema(by_alias=True, ref_template=f"{DEFINITIONS}{{model}}")
    definitions = raw.pop("$defs")
    schema = _object(raw)
    schema["definitions"] = {name: _object(definition) for name, definition in sorted(definitions.items())}
    for definition in (schema, *schema["definitions"].values()):
        definition["properties"] = {
            key: _described(value, schema["definitions"]) for key, value in definition["properties"].items()
        }
    return schema


def _described(value: Schema, definitions: Mapping[str, Schema]) -> Schema:
    """Return a field's schema with its meaning; pydantic leaves it out where its model has the same."""
    if "description" in value:
        return value
    (name,) = set(_references(value))
    return {"description": definitions[name]["description"], **value}


def _object(schema: Schema) -> Schema:
    required = schema.get("required", [])
    properties = {
        name: _without_default(_value(value)) if name in required else _or_null(_value(value))
        for name, value in schema.get("properties", {}).items()
    }
    return {
        "description": schema.get("description", ""),
        "type": "object",
        "additionalProperties": False,
        **({"required": required} if required else {}),
        "properties": properties,
    }


def _without_default(schema: Schema) -> Schema:
    return {key: value for key, value in schema.items() if key != "default"}


def _value(schema: Schema) -> Schema:
    """Return a value's schema without what pydantic adds for itself; the meaning stands first."""
    kept = {key: value for key, value in schema.items() if key not in ("title", "discriminator", "default")}
    default = schema.get("default")
    if default is not None and not isinstance(default, dict):
        kept["default"] = default
    elif schema.get("type") == "array" and "default" not in schema:
        kept["default"] = []
    for key in ("anyOf", "oneOf"):
        if key in kept:
            kept[key] = [_value(variant) for variant in kept[key]]
    if isinstance(kept.get("items"), dict):
        kept["items"] = _value(kept["items"])
    if isinstance(kept.get("additionalProperties"), dict):
        kept["additionalProperties"] = _or_null(_value(kept["additionalProperties"]))
    if "patternProperties" in kept:  # how pydantic says what keys look like
        ((pattern, value),) = kept.pop("patternProperties").items()
        kept["propertyNames"] = {**kept.get("propertyNames", {}), "pattern": pattern}
        kept["additionalProperties"] = _or_null(_value(value))
    meaning = kept.pop("description", None)
    return kept if meaning is None else {"description": meaning, **kept}


def _or_null(schema: Schema) -> Schema:
    """Return a schema that accepts null too, in the shortest form, which editors show best."""
    rest = {key: value for key, value in schema.items() if key in ("description", "default")}
    own = {key: value for key, value in schema.items() if key not in rest}
    variants = [variant for variant in own.get("anyOf", [own]) if variant != {"type": "null"}]
    if len(variants) == 1 and isinstance(variants[0].get("type"), str):
        only = dict(variants[0])
        only["type"] = [only["type"], "null"]
        if "const" in only:
            only["enum"] = [only.pop("const")]
        if "enum" in only:
            only["enum"] = [*only["enum"], None]
        return rest | only
    return rest | {"anyOf": [*variants, {"type": "null"}]}


def _partial(schema: Schema, names: list[str]) -> dict[str, Schema]:
    """Return definitions in which anything may be left out, but not the name by which an item of a list is known."""
    definitions: Mapping[str, Schema] = schema["definitions"]
    named = named_lists(ServiceConfig) | named_lists(Environment)
    items = {
        name
        for definition in definitions.values()
        for key, value in definition["properties"].items()
        if key in named and _is_list(value)
        for name in _references(value)
    }
    found: dict[str, Schema] = {}
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if f"{PARTIAL}{name}" in found:
            continue
        definition = deepcopy(definitions[name])
        waiting += _references(definition)
        definition = {key: value for key, value in definition.items() if key != "required"}
        definition["properties"] = {
            key: value if name in items and key == "name" else _or_null(_partial_value(value))
            for key, value in definition["properties"].items()
        }
        if name in items:
            definition["required"] = ["name"]
        found[f"{PARTIAL}{name}"] = definition
    return found


def _is_list(value: Schema) -> bool:
    """Tell whether a value is a list, or may be one."""
    return "items" in value or any(_is_list(variant) for variant in value.get("anyOf", ()))


def _references(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"].removeprefix(DEFINITIONS)] if "$ref" in node else []
        return own + [name for value in node.values() for name in _references(value)]
    if isinstance(node, list):
        return [name for value in node for name in _references(value)]
    return []


def _partial_value(schema: Any) -> Any:
    """Return a value's schema with references to partial definitions; variants may not be told apart any more."""
    if isinstance(schema, list):
        return [_partial_value(value) for value in schema]
    if not isinstance(schema, dict):
        return schema
    changed = {("anyOf" if key == "oneOf" else key): _partial_value(value) for key, value in schema.items()}
    if "$ref" in schema:
        changed["$ref"] = f"{DEFINITIONS}{PARTIAL}{schema['$ref'].removeprefix(DEFINITIONS)}"
    return changed
