"""Values of the chart: the schema is closed, says what it means, and names the place of what it refuses."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator

import jsonschema
import pytest
import yaml
from charts import CHART, Tree, case_names, case_values, template

SCHEMA: Tree = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))
Place = tuple[str | int, ...]


def nodes(schema: Tree, path: str = "") -> Iterator[tuple[str, Tree]]:
    """Return every type of the schema with its path; conditions (allOf, anyOf, oneOf) are not types."""
    yield path, schema
    for key in ("properties", "definitions", "patternProperties"):
        for name, inner in schema.get(key, {}).items():
            yield from nodes(inner, f"{path}/{'*' if key == 'patternProperties' else name}")
    for key in ("additionalProperties", "items"):
        if isinstance(schema.get(key), dict):
            yield from nodes(schema[key], f"{path}/*")


def test_every_object_is_closed_or_a_map_and_every_field_is_described() -> None:
    for path, node in nodes(SCHEMA):
        if "$ref" not in node:
            kinds = node["type"] if isinstance(node["type"], list) else [node["type"]]
            assert "object" not in kinds or "additionalProperties" in node, path
            assert node.get("additionalProperties") is not True, path
            assert node.get("description", "").endswith("."), f"{path} has no sentence"


def test_the_schema_is_one_and_the_defaults_keep_to_it() -> None:
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    defaults = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
    problems = {error.message for error in jsonschema.Draft7Validator(SCHEMA).iter_errors(defaults)}
    assert problems == {"'name' is a required property", "'repository' is a required property"}


def test_the_defaults_are_those_that_the_schema_tells() -> None:
    def told(node: Tree) -> Iterator[tuple[str, object]]:
        for name, inner in node.get("properties", {}).items():
            if "default" in inner:
                yield name, inner["default"]
            elif inner.get("type") == "object" and "properties" in inner:
                yield name, dict(told(inner))

    def compared(own: Tree, other: Tree, path: str) -> None:
        for name, value in other.items():
            if isinstance(value, dict) and value:
                compared(own[name], value, f"{path}.{name}")
            else:
                assert own.get(name) == value, f"{path}.{name}"

    compared(yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8")), dict(told(SCHEMA)), "")


def test_the_defaults_of_processes_are_those_that_the_schema_tells() -> None:
    text = (CHART / "templates" / "_processes.tpl").read_text(encoding="utf-8")
    block = text.split('"inferloop-service.processDefaults" -}}')[1].split("{{- end }}")[0]
    own = yaml.safe_load(block)
    fields = SCHEMA["definitions"]["process"]["properties"]
    assert set(own) == set(fields)
    assert {name: field["default"] for name, field in fields.items() if "default" in field}.items() <= own.items()


def places(value: object, at: Place = ()) -> Iterator[Place]:
    """Return the path of every object and list in a value."""
    if isinstance(value, dict):
        yield at
        for key, inner in value.items():
            yield from places(inner, (*at, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from places(inner, (*at, index))


def closed_places(values: Tree) -> list[Place]:
    """Return the paths at which the schema lists the fields."""
    found = []
    validator = jsonschema.Draft7Validator(SCHEMA)
    for place in places(values):
        changed = copy.deepcopy(values)
        inner = changed
        for key in place:
            inner = inner[key]
        inner["Surprise!"] = "text"
        if not validator.is_valid(changed):
            found.append(place)
    return found


OPEN = {"metadata", "annotations"}
"""Maps whose keys are not ours: a KEDA trigger's settings, a cloud's annotations."""


@pytest.mark.parametrize("case", case_names())
def test_an_unknown_key_is_refused_wherever_it_stands(case: str) -> None:
    values = case_values(case)
    taken = set(places(values)) - set(closed_places(values))
    assert {place[-1] for place in taken} <= OPEN | {"attributes"}


@pytest.mark.parametrize(
    "place",
    [
        (),
        ("image",),
        ("serviceAccount",),
        ("processes", "main"),
        ("processes", "main", "resources", "requests"),
        ("processes", "main", "probes", "readiness"),
        ("processes", "main", "autoscaling"),
        ("processes", "main", "autoscaling", "triggers", 0),
        ("processes", "main", "env", "SIGNING_KEY", "secret"),
        ("secrets", "manifest-signing"),
        ("triggerAuthentications", "jobs"),
        ("network", "ingressFrom", 0),
        ("mesh", "circuitBreaker"),
        ("gateway", "cors"),
        ("gateway", "auth"),
        ("monitoring", "tracing"),
        ("monitoring", "slo"),
        ("test",),
    ],
)
def test_helm_names_the_place_of_an_unknown_key(place: Place) -> None:
    values = case_values("api-and-worker")
    inner = values
    for key in place:
        inner = inner[key]
    inner["surprise"] = 1
    done = template(values)
    assert done.returncode != 0
    assert f"at '{''.join(f'/{key}' for key in place)}': " in done.stderr
    assert "additional properties 'surprise' not allowed" in done.stderr


@pytest.mark.parametrize(
    ("place", "value", "words"),
    [
        (("name",), "1tabular", "at '/name': '1tabular' does not match pattern"),
        (("environment",), 5, "at '/environment': got number, want string"),
        (("image", "digest"), "sha256:12", "at '/image/digest': 'sha256:12' does not match pattern"),
        (("labels", "a b"), "x", "at '/labels': additional properties 'a b' not allowed"),
        (("processes", "main", "kind"), "DaemonSet", "at '/processes/main/kind': value must be one of"),
        (("processes", "main", "replicas"), "2", "at '/processes/main/replicas': got string, want null or integer"),
        (("processes", "main", "port"), 70000, "at '/processes/main/port': maximum: got 70,000, want 65,535"),
        (("processes", "main", "resources", "requests", "cpu"), 1, "/resources/requests/cpu': got number, want string"),
        (("processes", "main", "resources", "requests", "memory"), "1 GB", "does not match pattern"),
        (("processes", "main", "env", "A"), {}, "at '/processes/main/env/A': minProperties: got 0, want 1"),
        (("processes", "main", "env", "A"), {"value": "b", "secret": {"name": "c"}}, "maxProperties: got 2, want 1"),
        (
            ("processes", "main", "env", "1A"),
            {"value": "b"},
            "at '/processes/main/env': additional properties '1A' not allowed",
        ),
        (("processes", "main", "kind"), "CronJob", "at '/processes/main': missing property 'schedule'"),
        (("processes", "main", "parallelism"), 2, "at '/processes/main': missing property 'completions'"),
        (("processes", "main", "disruptionBudget"), {"minAvailable": 1, "maxUnavailable": 1}, "maxProperties: got 2"),
        (("processes", "main", "disruptionBudget"), {"minAvailable": "half"}, "does not match pattern"),
        (("processes", "Main"), {}, "at '/processes': additional properties 'Main' not allowed"),
        (("processes", "main", "priority"), "high", "at '/processes/main/priority': value must be one of"),
        (("processes", "main", "autoscaling", "max"), None, "at '/processes/main/autoscaling/max': got null"),
        (
            ("network", "ingressFrom", 0),
            {"namespace": "a", "cidr": "10.0.0.0/8"},
            "at '/network/ingressFrom/0': 'oneOf'",
        ),
        (("network", "ingressFrom", 0, "port"), "grpc", "at '/network/ingressFrom/0/port'"),
        (("network", "egressTo", 0, "cidr"), "10.0.0.1", "at '/network/egressTo/0/cidr'"),
        (("gateway", "hosts"), "inferloop.example", "at '/gateway/hosts': got string, want array"),
        (("gateway", "path"), "api", "at '/gateway/path': 'api' does not match pattern"),
        (("gateway", "auth"), {"type": "key"}, "at '/gateway/auth': missing property 'secret'"),
        (("gateway", "auth"), {"type": "jwt"}, "at '/gateway/auth': missing property 'issuer'"),
        (("monitoring", "tracing", "samplingRate"), 1.5, "at '/monitoring/tracing/samplingRate': maximum: got 1.5"),
        (("config", "RATE"), 5, "at '/config/RATE': got number, want string"),
        (("canary",), {"weight": 10}, "at '/canary': missing property 'image'"),
        (("migrations",), {}, "at '/migrations'"),
        (("secrets", "manifest-signing", "refresh"), "hourly", "at '/secrets/manifest-signing/refresh'"),
    ],
)
def test_a_wrong_value_is_refused_with_its_place(place: Place, value: object, words: str) -> None:
    values = case_values("api-and-worker")
    inner = values
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    done = template(values)
    assert done.returncode != 0
    assert words in done.stderr


def test_name_and_image_are_needed() -> None:
    done = template({"image": {}})
    assert "missing property 'name'" in done.stderr
    assert "at '/image': missing property 'repository'" in done.stderr


def test_the_page_lists_every_value_as_the_schema_describes_it() -> None:
    lines = (CHART / "README.md").read_text(encoding="utf-8").splitlines()
    rows = [f"| `{name}` | {field['description']} |" for name, field in SCHEMA["properties"].items()]
    assert [line for line in lines if line.startswith("| `")] == rows
