"""Showing a configuration, explaining its fields, and telling environments apart."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from projects import CLOUD, ENVIRONMENT, project, service

from inferloop_deploy.config.difference import differences
from inferloop_deploy.config.effective import EffectiveService, effective, only
from inferloop_deploy.config.explain import Explained, explain, said_by, steps_of
from inferloop_deploy.config.layers import layers_of
from inferloop_deploy.config.load import load_project
from inferloop_deploy.config.parse import parse
from inferloop_deploy.config.present import as_plain, said, values, width_of, yaml_lines, yaml_text
from inferloop_deploy.config.source import BUILT_IN, Origin, plain
from inferloop_deploy.errors import InvalidConfiguration, UsageError
from inferloop_deploy.schema import environment_schema, service_schema

SERVICE, ENVIRONMENT_SCHEMA = service_schema(), environment_schema()


def shown(spec: str, rest: str = "") -> EffectiveService:
    """Return a service as it is in the environment dev."""
    return only(effective(project({"alpha": service("alpha", spec, rest=rest)}), "dev", "aws"), "alpha")


@pytest.mark.parametrize("env", ["dev", "staging", "prod"])
@pytest.mark.parametrize("name", ["tabular", "textnlp", "syndoc"])
def test_what_is_shown_is_yaml_that_means_the_same(env: str, name: str, repository: Path) -> None:
    effective_service = only(effective(load_project(repository), env, "aws"), name)
    text = "\n".join(line.text for line in yaml_lines(effective_service))
    parsed = parse(text, "shown.yaml", "service")
    assert parsed.problems == ()
    assert parsed.tree is not None
    assert plain(parsed.tree) == as_plain(effective_service.config)
    assert yaml.safe_load(text) == as_plain(effective_service.config)


def test_what_nobody_wrote_can_be_left_out() -> None:
    found = shown("service: {replicas: 2}\ndependencies: [{name: db, type: cache}]")
    lines = [line.text for line in yaml_lines(found, written_only=True)]
    assert lines == [
        "apiVersion: v1",
        "kind: ServiceConfig",
        "metadata:",
        "  name: alpha",
        "spec:",
        "  service:",
        "    replicas: 2",
        "  dependencies:",
        "    - name: db",
        "      type: cache",
    ]


def test_replicas_are_not_shown_where_autoscaling_decides() -> None:
    found = shown("service: {replicas: 2, autoscaling: {max: 3, cpu: 70}}\nworkers: [{name: w, replicas: 2}]")
    paths = {value.path for value in values(found)}
    assert "spec.service.replicas" not in paths
    assert "spec.workers[w].replicas" in paths
    assert found.config.spec.service.replicas == 2


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("plain", "plain"),
        ("30s", "30s"),
        ("4Gi", "4Gi"),
        ("/api/x", "/api/x"),
        ("1", '"1"'),
        ("1.35", '"1.35"'),
        ("012", '"012"'),
        ("0x1f", '"0x1f"'),
        ("2024-01-01", '"2024-01-01"'),
        ("12:30", '"12:30"'),
        ("true", '"true"'),
        ("yes", '"yes"'),
        ("", '""'),
        (" a", '" a"'),
        ("a ", '"a "'),
        ("a: b", '"a: b"'),
        ("*", '"*"'),
        ("ü", '"ü"'),
        ("a\nb", '"a\\nb"'),
        (True, "true"),
        (None, "null"),
        (0.5, "0.5"),
        ([], "[]"),
        (["a", 1], "[a, 1]"),
        ({"a": "b: c"}, '{a: "b: c"}'),
    ],
)
def test_text_is_quoted_where_yaml_reads_something_else(value: object, text: str) -> None:
    assert yaml_text(value) == text  # type: ignore[arg-type]


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=30))
def test_any_text_is_read_back_by_new_yaml_and_old(value: str) -> None:
    text = f"a: {yaml_text(value)}\n"
    assert yaml.safe_load(text) == {"a": value}
    tree = parse(text, "f.yaml", "service").tree
    assert tree is not None
    assert plain(tree) == {"a": value}


def test_origins_stand_in_one_column_that_long_lines_do_not_move() -> None:
    found = shown(f"service: {{args: [{', '.join(['argument'] * 20)}], replicas: 3}}")
    assert width_of(yaml_lines(found)) == 72
    assert width_of([]) == 0


def test_an_origin_is_a_place_and_a_layer() -> None:
    assert said(Origin("f.yaml", 3, 5, "override")) == "f.yaml:3:5, override"
    assert said(BUILT_IN) == "default"


@pytest.mark.parametrize(
    ("path", "meaning", "accepted", "default"),
    [
        ("spec.networking.ingress.rateLimit", "Requests per minute from one client address.", "a whole number from 10 to 1000000", None),
        ("spec.service.replicas", "Replicas where there is no autoscaling.", "a whole number from 0 to 1000", 1),
        ("spec.service.spot", "Runs on spot capacity.", "true or false", False),
        ("spec.service.command", "Replaces the image's entry point.", "a list of: text", []),
        ("spec.service.priority", "Who is evicted last.", "one of critical, standard, batch", "standard"),
        ("spec.dependencies[postgres].size", "Size, mapped to a machine by the environment's cloud file.", "one of small, medium, large, xlarge", "small"),
        ("spec.dependencies.postgres.size", "Size, mapped to a machine by the environment's cloud file.", "one of small, medium, large, xlarge", "small"),
        ("spec.dependencies[0].existing.host", "", "one line of text", None),
        ("metadata.labels", "Further labels, put on every object of the service.", "a mapping from names to: at most 63 letters", None),
        ("metadata.labels[tier]", "", "at most 63 letters", None),
        ("spec.slo.availability", "Share of good requests in 30 days, percent: 99.9.", "a number above 0 and below 100", None),
        ("spec.monitoring.tracing.samplingRate", "Share of requests traced, 0 to 1.", "a number from 0 to 1", 0.1),
        ("environments.prod.spec.service.replicas", "Replicas where there is no autoscaling.", "a whole number from 0 to 1000", 1),
        ("spec.service.resources.gpu", "GPUs of each replica: a count or {count, type}.", "a mapping, or a whole number from 0 to 16, or digits in quotes", None),
        ("kind", "Kind of this document.", "ServiceConfig", None),
        ("spec.dependencies", "What the service uses.", "a list of: a mapping with type database, cache, storage, queue", []),
    ],
)  # fmt: skip
def test_a_field_is_explained_by_the_schema(path: str, meaning: str, accepted: str, default: object) -> None:
    explained = explain(SERVICE, path)
    assert any(entry.meaning == meaning or not meaning for entry in explained)
    assert any(entry.accepts.startswith(accepted) for entry in explained)
    assert explained[0].default == default


def test_fields_that_differ_between_kinds_are_explained_for_each() -> None:
    explained = explain(SERVICE, "spec.dependencies.engine")
    assert [(entry.variant, entry.default) for entry in explained] == [("cache", "valkey"), ("database", "postgres")]


def test_what_a_mapping_holds_is_listed() -> None:
    (ingress,) = explain(SERVICE, "spec.networking.ingress")
    assert dict(ingress.fields)["rateLimit"] == "Requests per minute from one client address."
    (whole,) = explain(SERVICE, "")
    assert [name for name, _ in whole.fields] == ["apiVersion", "kind", "metadata", "spec", "environments"]
    assert isinstance(whole, Explained)


def test_what_is_required_says_so() -> None:
    assert explain(SERVICE, "metadata.name")[0].required
    assert not explain(SERVICE, "metadata.team")[0].required
    assert explain(SERVICE, "spec.service.autoscaling.max")[0].required


def test_the_fields_of_an_environment_are_explained_too() -> None:
    (pool,) = explain(ENVIRONMENT_SCHEMA, "spec.cluster.nodePools[gpu].gpu.type")
    assert pool.meaning.startswith("GPU type")


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("spec.networking.ingres", "Did you mean ingress? spec.networking has ingress, migration, serviceMesh."),
        ("spce", "Did you mean spec? The file has apiVersion, environments, kind, metadata, spec."),
        ("spec.service.replicas.min", "spec.service.replicas has no fields."),
        ("spec.dependencies[db].siz", "Did you mean size?"),
    ],
)
def test_a_field_that_does_not_exist_names_the_nearest(path: str, said: str) -> None:
    with pytest.raises(UsageError, match="There is no field") as caught:
        explain(SERVICE, path)
    assert said in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("path", "steps"),
    [
        ("spec.service", ("spec", "service")),
        ("spec.dependencies[a-b].size", ("spec", "dependencies", "a-b", "size")),
        ("metadata.labels[example.com/tier]", ("metadata", "labels", "example.com/tier")),
        ("", ()),
    ],
)
def test_paths_are_read_with_dots_and_brackets(path: str, steps: tuple[str, ...]) -> None:
    assert steps_of(path) == steps


def test_every_layer_that_says_something_is_told_the_strongest_last() -> None:
    text = service(
        "alpha", "service: {retries: 2, type: job}", rest="environments: {dev: {spec: {service: {retries: 3}}}}"
    )
    environment = ENVIRONMENT + "  serviceDefaults: {service: {retries: 1}}\n"
    found = project({"alpha": text}, {"dev": {"environment": environment, "aws": CLOUD}})
    layers = layers_of(found, "dev", "aws", "alpha")
    said_values = said_by(layers, steps_of("spec.service.retries"))
    assert [(one.value, one.origin.layer) for one in said_values] == [
        (1, "environment"),
        (2, "service"),
        (3, "override"),
    ]
    assert said_by(layers, steps_of("spec.service.port")) == []
    own = said_by(layers_of(found, "dev", "aws", None), steps_of("spec.region"))
    assert [(one.value, one.origin.layer) for one in own] == [("us-east-1", "cloud")]


def test_layers_of_what_does_not_exist_or_cannot_be_read_are_an_error() -> None:
    found = project({"alpha": "["})
    with pytest.raises(UsageError, match="no service"):
        layers_of(found, "dev", "aws", "beta")
    with pytest.raises(UsageError, match="no environment"):
        layers_of(found, "prod", "aws", "alpha")
    with pytest.raises(InvalidConfiguration):
        layers_of(found, "dev", "aws", "alpha")


def test_differences_are_paths_with_both_values() -> None:
    text = service(
        "alpha",
        "service: {replicas: 2, env: [{name: A, value: x}]}\ndependencies: [{name: db, type: cache}]",
        rest="environments: {two: {spec: {service: {replicas: 3, env: [{name: B, value: y}]}, dependencies: [{name: db, replicas: 1}]}}}",
    )
    two = ENVIRONMENT.replace("name: dev", "name: two").replace("10.10", "10.20")
    found = project(
        {"alpha": text}, {"dev": {"environment": ENVIRONMENT, "aws": CLOUD}, "two": {"environment": two, "aws": CLOUD}}
    )
    first, second = (effective(found, env, "aws") for env in ("dev", "two"))
    compared = differences(only(first, "alpha"), only(second, "alpha"))
    assert [
        (entry.path, entry.first and entry.first.value, entry.second and entry.second.value) for entry in compared
    ] == [
        ("spec.service.replicas", 2, 3),
        ("spec.dependencies[db].replicas", 0, 1),
        ("spec.service.env[B].name", None, "B"),
        ("spec.service.env[B].value", None, "y"),
    ]
    assert differences(only(first, "alpha"), only(first, "alpha")) == []


def test_a_value_that_was_taken_away_says_by_whom() -> None:
    text = service(
        "alpha",
        "service: {disruptionBudget: {maxUnavailable: 1}}",
        rest="environments: {two: {spec: {service: {disruptionBudget: null}}}}",
    )
    two = ENVIRONMENT.replace("name: dev", "name: two").replace("10.10", "10.20")
    environments = {"dev": {"environment": ENVIRONMENT, "aws": CLOUD}, "two": {"environment": two, "aws": CLOUD}}
    first, second = (effective(project({"alpha": text}, environments), env, "aws") for env in ("dev", "two"))
    (entry,) = differences(only(first, "alpha"), only(second, "alpha"))
    assert entry.path == "spec.service.disruptionBudget.maxUnavailable"
    assert entry.second is not None
    assert (entry.second.value, entry.second.origin.layer) == (None, "override")


def test_environments_differ_in_themselves_too() -> None:
    two = ENVIRONMENT.replace("name: dev", "name: two").replace("10.10", "10.20")
    found = project({}, {"dev": {"environment": ENVIRONMENT, "aws": CLOUD}, "two": {"environment": two, "aws": CLOUD}})
    first, second = (effective(found, env, "aws") for env in ("dev", "two"))
    assert [entry.path for entry in differences(first.environment, second.environment)] == [
        "metadata.name",
        "spec.network.cidr",
    ]
