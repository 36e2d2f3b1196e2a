"""The JSON Schemas: closed, described, and of one mind with the models."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st
from projects import project

from inferloop_deploy.config.check import fit
from inferloop_deploy.config.environment import Environment
from inferloop_deploy.config.fields import named_lists
from inferloop_deploy.config.load import parse_document
from inferloop_deploy.config.merge import expand_short_forms
from inferloop_deploy.config.service import Model, ServiceConfig
from inferloop_deploy.config.source import Node, Origin, Plain, Scalar, Sequence, Table, plain, without
from inferloop_deploy.config.validate import validate
from inferloop_deploy.schema import FILES, as_text, environment_schema, schema_of, service_schema

SUPPORT = Path(__file__).resolve().parents[2] / "support"
SERVICE, ENVIRONMENT = service_schema(), environment_schema()
SERVICE_VALIDATOR = jsonschema.Draft7Validator(SERVICE)
ENVIRONMENT_VALIDATOR = jsonschema.Draft7Validator(ENVIRONMENT)

ISSUE = """\
apiVersion: v1
kind: ServiceConfig
metadata: {name: textnlp, namespace: inferloop}
spec:
  service:
    type: api
    replicas: 3
    resources: {cpu: "2", memory: "4Gi", gpu: "1"}
  dependencies:
    - {name: postgres, type: database, shared: true}
    - {name: redis, type: cache, shared: true}
    - {name: model-storage, type: storage, path: /models/textnlp}
  networking:
    ingress: {enabled: true, path: /api/textnlp, rateLimit: 1000}
    serviceMesh: {enabled: true, retries: 3, timeout: 30s}
  monitoring:
    metrics: {enabled: true, path: /metrics}
    tracing: {enabled: true, samplingRate: 0.1}
"""
"""The first ServiceConfig there was; it is accepted as it stands, for ever."""
REQUIRED = {("apiVersion",), ("kind",), ("metadata",), ("metadata", "name")}


def read(text: str) -> dict[str, Any]:
    """Read YAML as the wrapper does."""
    tree = parse_document(text, "f.yaml", "service").tree
    assert tree is not None
    found = plain(tree)
    assert isinstance(found, dict)
    return found


def raw(path: Path) -> dict[str, Any]:
    """Read YAML as an editor does, with the short forms as they are written."""
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert isinstance(document, dict)
    return document


def as_tree(value: Any) -> Node:
    """Return plain values as a tree."""
    origin = Origin("f.yaml", 1, 1, "service")
    if isinstance(value, dict):
        return Table({key: as_tree(child) for key, child in value.items()}, origin)
    if isinstance(value, list):
        return Sequence(tuple(as_tree(child) for child in value), origin)
    return Scalar(value, origin)


def fits(document: Mapping[str, Any], model: type[Model], *, partial: bool = False) -> bool:
    """Tell whether the models accept a document."""
    tree = expand_short_forms(as_tree(document))
    assert isinstance(tree, Table)
    problems = fit(tree, model).problems
    return not any(problem.check != "missing" for problem in problems) if partial else not problems


def objects(schema: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield every object schema with its name."""
    yield "document", schema
    yield from schema["definitions"].items()


@pytest.mark.parametrize("schema", [SERVICE, ENVIRONMENT], ids=["service", "environment"])
def test_the_schemas_are_closed_and_every_field_is_described(schema: dict[str, Any]) -> None:
    jsonschema.Draft7Validator.check_schema(schema)
    for name, definition in objects(schema):
        assert definition["additionalProperties"] is False, name
        for field, value in definition["properties"].items():
            assert value.get("description", "").endswith("."), f"{name}.{field}"


@pytest.mark.parametrize("kind", FILES)
def test_the_committed_copies_are_what_the_models_say(kind: str, repository: Path) -> None:
    committed = (repository / FILES[kind]).read_text(encoding="utf-8")
    assert committed == as_text(schema_of(kind)), "Run: inferloop-deploy schema --write"


def test_every_shipped_file_names_its_schema_and_is_valid_by_it(repository: Path) -> None:
    files = sorted(repository.glob("services/*/*.yaml")) + sorted(repository.glob("environments/*/*.yaml"))
    assert len(files) == 9
    for file in files:
        modeline = file.read_text(encoding="utf-8").splitlines()[0]
        named = (file.parent / modeline.removeprefix("# yaml-language-server: $schema=")).resolve()
        jsonschema.Draft7Validator(json.loads(named.read_text(encoding="utf-8"))).validate(raw(file))


@pytest.mark.parametrize(
    ("file", "schema"),
    [("full-service.yaml", SERVICE), ("full-environment.yaml", ENVIRONMENT)],
    ids=["service", "environment"],
)
def test_the_full_documents_have_every_field_and_are_valid(file: str, schema: dict[str, Any]) -> None:
    document = raw(SUPPORT / file)
    jsonschema.Draft7Validator(schema).validate(document)
    written = {key for path in _paths(document) for key in path if isinstance(key, str)}
    known = {field for _, definition in objects(schema) for field in definition["properties"]}
    if schema is ENVIRONMENT:  # the fields of a service's spec are the service's
        names = _environment_definitions()
        known = {field for name, definition in objects(schema) for field in definition["properties"] if name in names}
    assert known <= written


def _environment_definitions() -> set[str]:
    return {"document"} | {f"Partial{name}" for name in Environment.model_json_schema()["$defs"]}


def _paths(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, child in children:
        yield from _paths(child, (*path, key))


def _without(document: Any, path: tuple[Any, ...]) -> None:
    for step in path[:-1]:
        if isinstance(document, dict) and step not in document:
            return
        document = document[step]
    if isinstance(document, dict):
        document.pop(path[-1], None)


def _optional(document: Any) -> list[tuple[Any, ...]]:
    """Return the paths that a service may leave out: all keys but those that say what something is."""
    return [
        path
        for path in _paths(document)
        if isinstance(path[-1], str) and path not in REQUIRED and not (len(path) == 4 and path[-1] in ("name", "type"))
    ]


def test_the_first_example_is_accepted_as_it_stands() -> None:
    SERVICE_VALIDATOR.validate(raw_text(ISSUE))
    assert validate(project({"textnlp": ISSUE})) == []


def test_the_first_example_is_accepted_in_every_shipped_environment(repository: Path) -> None:
    from inferloop_deploy.config.load import load_project, with_service

    shipped = load_project(repository)
    parsed = parse_document(ISSUE, "services/textnlp/deployment-config.yaml", "service")
    found = validate(with_service(shipped, "textnlp", parsed))
    assert [problem for problem in found if problem.severity == "error"] == []


def raw_text(text: str) -> dict[str, Any]:
    """Read a text as an editor does."""
    document = yaml.safe_load(text)
    assert isinstance(document, dict)
    return document


OPTIONAL = _optional(raw_text(ISSUE))


def test_every_optional_part_of_the_example_is_known() -> None:
    assert len(OPTIONAL) == 29
    assert ("spec",) in OPTIONAL
    assert ("spec", "dependencies", 0, "shared") in OPTIONAL


@pytest.mark.parametrize("path", OPTIONAL, ids=lambda path: ".".join(map(str, path)))
def test_the_example_without_any_optional_part_is_accepted(path: tuple[Any, ...]) -> None:
    _accept((path,))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sets(st.sampled_from(OPTIONAL)))
def test_every_subset_of_the_example_is_accepted(left_out: set[tuple[Any, ...]]) -> None:
    _accept(tuple(left_out))


def _accept(left_out: tuple[tuple[Any, ...], ...]) -> None:
    document = raw_text(ISSUE)
    for path in left_out:
        _without(document, path)
    SERVICE_VALIDATOR.validate(document)
    text = yaml.safe_dump(document)
    assert validate(project({"textnlp": text})) == [], text


ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 20),
    st.sampled_from([100, 70000, 10**7, 0.5, 1.0, 3.0, 1.5, 0.0001, 99.9, 100.0]),
    st.sampled_from(
        [
            "1",
            "17",
            "2x",
            "500m",
            "0.5",
            "4Gi",
            "4Gb",
            "30s",
            "30",
            "30d",
            "1d",
            "300ms",
            "-1",
            "50%",
            "101%",
            "on",
            "true",
            "api",
            "cron",
            "database",
            "queue",
            "small",
            "own",
            "/a/b",
            "a/b",
            "/..",
            "x",
            "X-Y",
            "a_b",
            "a.example.com",
            "https://a.b/c",
            "*",
            "Europe/Berlin",
            "us-east-1",
            "nvidia-t4",
            "16",
            "16.4",
            "GET",
            "arn:aws:s3:::b",
            "ü",
        ]
    ),
    st.sampled_from(["", "0 3 * * *", "* *", "a" * 41]),
    st.lists(st.sampled_from([1, "a", None, {"name": "x"}]), max_size=2),
    st.dictionaries(
        st.sampled_from(["name", "type", "count", "cpu", "x"]), st.sampled_from([1, "a", "1", "cache"]), max_size=2
    ),
)


@st.composite
def changed(draw: st.DrawFn, document: dict[str, Any]) -> dict[str, Any]:
    """Draw a document with one to three changes: a value replaced, a key left out or a key added."""
    result = deepcopy(document)
    for _ in range(draw(st.integers(1, 3))):
        paths = list(_paths(result))
        path = draw(st.sampled_from(paths))
        above: Any = result
        for step in path[:-1]:
            above = above[step]
        change = draw(st.sampled_from(["set", "set", "drop", "add"]))
        if change == "drop" and isinstance(above, dict):
            del above[path[-1]]
        elif change == "add" and isinstance(above, dict):
            above[draw(st.sampled_from(["extra", "name", "type", "replicas", "path", "enabled"]))] = deepcopy(draw(ODD))
        else:
            above[path[-1]] = deepcopy(draw(ODD))
        if not result:
            break
    return result


FULL_SERVICE = {key: value for key, value in raw(SUPPORT / "full-service.yaml").items() if key != "environments"}
FULL_ENVIRONMENT = raw(SUPPORT / "full-environment.yaml")
del FULL_ENVIRONMENT["spec"]["serviceDefaults"]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(changed(FULL_SERVICE))
@example(FULL_SERVICE)
def test_schema_and_models_agree_about_services(document: dict[str, Any]) -> None:
    errors = [error.message[:200] for error in SERVICE_VALIDATOR.iter_errors(document)]
    assert fits(document, ServiceConfig) == (not errors), errors


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(changed(FULL_ENVIRONMENT))
@example(FULL_ENVIRONMENT)
def test_schema_and_models_agree_about_environments(document: dict[str, Any]) -> None:
    errors = [error.message[:200] for error in ENVIRONMENT_VALIDATOR.iter_errors(document)]
    says_what_it_is = document.get("apiVersion") == "v1" and document.get("kind") == "Environment"
    named = _items_have_names(document)
    assert (fits(document, Environment, partial=True) and says_what_it_is and named) == (not errors), errors


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(changed({"spec": FULL_SERVICE["spec"], "metadata": {"team": "x"}}))
def test_schema_and_models_agree_about_overrides(override: dict[str, Any]) -> None:
    document = {**FULL_SERVICE, "environments": {"prod": override}}
    errors = list(SERVICE_VALIDATOR.iter_errors(document))
    known = {key: value for key, value in override.items() if key in ("metadata", "spec")}
    whole = {"apiVersion": "v1", "kind": "ServiceConfig", **known}
    metadata = known.get("metadata")
    closed = set(override) <= {"metadata", "spec"} and not (isinstance(metadata, dict) and "name" in metadata)
    assume(_dependencies_have_types(known))  # a kind that is left out is the base's, which is not looked at here
    named = _items_have_names(known)
    assert (closed and named and fits(whole, ServiceConfig, partial=True)) == (not errors)


def _dependencies_have_types(override: dict[str, Any]) -> bool:
    spec = override.get("spec")
    listed = spec.get("dependencies") if isinstance(spec, dict) else None
    items = listed if isinstance(listed, list) else []
    return all(item.get("type") is not None for item in items if isinstance(item, dict))


def _items_have_names(document: Any) -> bool:
    """An item of a named list without its name overrides nothing that can be found."""
    named = named_lists(ServiceConfig) | named_lists(Environment)
    for path in _paths(document):
        if len(path) >= 2 and isinstance(path[-1], int) and path[-2] in named:
            node = document
            for step in path:
                node = node[step]
            if isinstance(node, dict) and node.get("name") is None:
                return False
    return True


def test_a_tree_without_a_key_is_another_tree() -> None:
    tree = as_tree({"a": 1, "b": 2})
    assert isinstance(tree, Table)
    assert plain(without(tree, "a")) == {"b": 2}
    assert plain(tree) == {"a": 1, "b": 2}


def test_integral_numbers_are_whole_numbers() -> None:
    converted: Plain = plain(as_tree({"replicas": 3.0, "rate": 0.5}))
    assert converted == {"replicas": 3, "rate": 0.5}
    assert isinstance(converted, dict)
    assert isinstance(converted["replicas"], int)
