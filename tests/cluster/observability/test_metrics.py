"""Every page, rule and alert asks only for metrics and labels that are really told: ours by a service that runs, others' as documented."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families
from promql import Match, Reading, read

from inferloop_synthetic.api.server import serving
from inferloop_synthetic.settings import load_settings
from inferloop_synthetic.telemetry.metrics import BUCKETS

from .conftest import Charts, pages, rules

TARGET = {"namespace", "pod", "container", "endpoint", "instance", "job"}
"""Labels that Prometheus' operator puts on what a monitor finds (https://prometheus-operator.dev/docs/api-reference/api/)."""
SCHEMA = {"id": "integer[1:1000]", "name": "string"}
VARIABLES = {"$__rate_interval": "5m", "$__interval": "1m"}
OURS = ("guardian_", "http_request")


@dataclass(frozen=True)
class Told:
    """What a service that runs told: the labels of each metric, and the values of each label."""

    labels: dict[str, frozenset[str]]
    values: dict[tuple[str, str], frozenset[str]]


@pytest.fixture(scope="session")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """Start the API, ask for what ends well and what does not, and fetch its metrics."""
    environ = {
        "GUARDIAN_TEMP_DIR": str(tmp_path_factory.mktemp("api")),
        "GUARDIAN_AUTHENTICATION": "off",
        "GUARDIAN_LOG_LEVEL": "CRITICAL",
        "GUARDIAN_ENABLE_AUDIT_LOGGING": "false",
    }
    app = serving(load_settings(environ))
    with TestClient(app, base_url="http://127.0.0.1", client=("127.0.0.1", 5), raise_server_exceptions=False) as client:
        assert client.post("/generate", json={"schema": SCHEMA, "rows": 5, "wait": True}).status_code == 200
        job = client.post("/generate", json={"schema": SCHEMA, "rows": 5}).json()["id"]
        while client.get(f"/jobs/{job}", headers={"Prefer": "wait=10"}).json()["state"] in {"queued", "running"}:
            pass
        rows = [{"age": 20 + i % 50, "spend": i % 50 * 2.5} for i in range(120)]
        client.post("/validate", json={"real": rows, "synthetic": rows})
        assert client.post("/generate", json={}).status_code == 422
        assert client.get("/nowhere").status_code == 404
        for path in ("/health", "/healthz", "/ready", "/readyz", "/metrics"):
            client.get(path)
        app.state.services.database.close()
        app.state.services.store.get = _broken
        assert client.get(f"/jobs/{'0' * 32}").status_code == 500
        text = client.get("/metrics").text
    labels: dict[str, set[str]] = {}
    values: dict[tuple[str, str], set[str]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels.setdefault(sample.name, set()).update(sample.labels)
            for label, value in sample.labels.items():
                values.setdefault((sample.name, label), set()).add(value)
    return Told({k: frozenset(v) for k, v in labels.items()}, {k: frozenset(v) for k, v in values.items()})


def _broken(*_: object) -> None:
    raise RuntimeError


def documented() -> dict[str, frozenset[str]]:
    """Return the labels of others' metrics."""
    exporters = yaml.safe_load((Path(__file__).parent / "metrics.yaml").read_text())
    return {
        metric: frozenset(labels) | frozenset(exporter["target"])
        for exporter in exporters.values()
        for metric, labels in exporter["metrics"].items()
    }


def relabelled(objects: list[dict[str, Any]]) -> set[str]:
    """Return the labels that all monitors of a service add."""
    endpoints = [
        one for tree in objects for one in tree["spec"].get("endpoints", tree["spec"].get("podMetricsEndpoints"))
    ]
    found = [{step["targetLabel"] for step in endpoint["relabelings"]} for endpoint in endpoints]
    assert len(found) == 2
    return set.intersection(*found)


@pytest.fixture(scope="session")
def known(told: Told, service_objects: list[Any], platform_objects: list[Any]) -> dict[str, frozenset[str]]:
    """The labels of all metrics: ours, others', and those that rules record from them."""
    monitors = [tree for tree in service_objects if tree["kind"] in {"ServiceMonitor", "PodMonitor"}]
    ours = TARGET | relabelled(monitors)
    found = documented() | {metric: labels | ours for metric, labels in told.labels.items()} | {"up": frozenset(ours)}
    waiting = [rule for rule in (*rules(service_objects), *rules(platform_objects)) if "record" in rule]
    while waiting:
        ready = [rule for rule in waiting if not unresolved(read(rule["expr"], found), waiting)]
        assert ready, f"these wait for each other: {[rule['record'] for rule in waiting]}"
        for rule in ready:
            labels = read(rule["expr"], found).labels or frozenset()
            found[rule["record"]] = labels | set(rule.get("labels", {}))
            waiting.remove(rule)
    return found


def unresolved(reading: Reading, waiting: list[dict[str, Any]]) -> set[str]:
    """Return the metrics of an expression that a rule still has to record."""
    return reading.metrics & {rule["record"] for rule in waiting}


@dataclass(frozen=True)
class Question:
    """An expression, where it stands, and which labels of its answer are shown."""

    where: str
    expr: str
    shown: frozenset[str] = frozenset()


def questions(objects: list[dict[str, Any]]) -> Iterator[Question]:
    """Yield every expression of rules and pages."""
    for rule in rules(objects):
        text = json.dumps(rule.get("annotations", {}))
        shown = frozenset(re.findall(r"\$labels\.(\w+)", text)) - set(rule.get("labels", {}))
        yield Question(
            f"{rule.get('alert') or rule['record']} {rule.get('labels', {}).get('long', '')}", rule["expr"], shown
        )
    for name, page in pages(objects).items():
        for panel in page["panels"]:
            for target in panel.get("targets", []):
                if target["datasource"]["type"] == "prometheus":
                    yield Question(f"{name}: {panel['title']}", filled(target["expr"]), shown_by(panel, target))
        for variable in page["templating"]["list"]:
            if variable["type"] == "query" and variable["datasource"]["type"] == "prometheus":
                found = re.fullmatch(r"label_values\((.+), (\w+)\)", variable["query"])
                assert found, variable["query"]
                yield Question(f"{name}: ${variable['name']}", found[1], frozenset({found[2]}))


def shown_by(panel: dict[str, Any], target: dict[str, Any]) -> frozenset[str]:
    """Return the labels that a panel shows, in names of series and as columns."""
    columns = [step["options"]["includeByName"] for step in panel["transformations"] if step["id"] == "organize"]
    return frozenset(re.findall(r"\{\{(\w+)\}\}", target.get("legendFormat", ""))) | {
        name for one in columns for name in one
    }


def filled(expression: str) -> str:
    """Return an expression with values for Grafana's variables."""
    for name, value in VARIABLES.items():
        expression = expression.replace(name, value)
    return expression


def wrong(question: Question, known: dict[str, frozenset[str]]) -> list[str]:
    """Return what is wrong with a question."""
    reading = read(question.expr, known)
    missing = sorted(question.shown - (reading.labels or frozenset()))
    problems = [*reading.problems, *(f"shows {label}, which the answer has not" for label in missing)]
    return [f"{question.where}: {problem}" for problem in problems]


def test_everything_that_is_asked_for_is_told(
    known: dict[str, frozenset[str]], service_objects: list[Any], platform_objects: list[Any]
) -> None:
    asked = [*questions(service_objects), *questions(platform_objects)]
    assert len(asked) > 100
    assert [problem for question in asked for problem in wrong(question, known)] == []


@pytest.mark.parametrize(
    ("expression", "shown", "problem"),
    [
        ("rate(guardian_rows_total[5m])", (), "guardian_rows_total: nothing exposes this metric"),
        ('http_requests_total{code="500"}', (), "http_requests_total: has no label code"),
        ("sum by (model) (guardian_generations_total)", (), "sum by: there is no label model"),
        ("sum(http_requests_total)", ("route",), "shows route, which the answer has not"),
        ("kube_pod_info", (), "kube_pod_info: nothing exposes this metric"),
        ("guardian_generations_total / guardian_memory_usage_bytes", (), "the sides have different labels"),
    ],
)
def test_what_is_not_told_is_found(
    known: dict[str, frozenset[str]], expression: str, shown: tuple[str, ...], problem: str
) -> None:
    assert problem in "\n".join(wrong(Question("here", expression, frozenset(shown)), known))


def test_values_of_our_labels_are_those_that_are_told(
    told: Told, known: dict[str, frozenset[str]], service_objects: list[Any], platform_objects: list[Any]
) -> None:
    missing = []
    for question in (*questions(service_objects), *questions(platform_objects)):
        for match in read(question.expr, known).matches:
            if match.metric.startswith(OURS) and match.label in told.labels[match.metric]:
                missing += [
                    f"{question.where}: {match.label}={value}"
                    for value in values_of(match)
                    if not seen(told, match, value)
                ]
    assert missing == []


def values_of(match: Match) -> list[str]:
    """Return the values that a matcher names, each alternative of a regular expression by itself."""
    return match.value.split("|") if match.regular else [match.value]


def seen(told: Told, match: Match, value: str) -> bool:
    """Say whether a label has this value somewhere; the bucket of latencies is of one route, and may not have been hit."""
    values = told.values[match.metric, match.label]
    return any(re.fullmatch(value, one) for one in values) if match.regular else value in values


def test_others_metrics_that_nothing_asks_for_are_not_listed(
    known: dict[str, frozenset[str]], service_objects: list[Any], platform_objects: list[Any], charts: Charts
) -> None:
    stateful = charts.service(processes={"main": {"kind": "StatefulSet", "port": 8000}})
    asked = {
        metric
        for objects in (service_objects, platform_objects, stateful)
        for question in questions(objects)
        for metric in read(question.expr, known).metrics
    }
    assert documented().keys() - asked == set()


def test_every_number_that_the_service_tells_of_itself_is_shown_or_watched(
    told: Told, known: dict[str, frozenset[str]], service_objects: list[Any], platform_objects: list[Any]
) -> None:
    asked = {
        metric
        for question in (*questions(service_objects), *questions(platform_objects))
        for metric in read(question.expr, known).metrics
    }
    sums = {name for name in told.labels if name.endswith(("_sum", "_count"))}
    # Worked out over 60 seconds by the process; pages work it out from the counter, over the time that they show.
    own_rates = {"guardian_request_rate_per_minute", "guardian_validation_pass_rate"}
    # The kernel's number, which limits are held against, is shown in its place.
    other_memory = {"guardian_memory_usage_bytes"}
    assert {name for name in told.labels if name.startswith(OURS)} - asked - sums - own_rates == other_memory


def test_the_charts_buckets_are_those_of_the_service(told: Told) -> None:
    text = (Path(__file__).parents[3] / "modules/helm-release/chart/templates/monitoring/_monitoring.tpl").read_text()
    found = re.search(r'define "inferloop-service.monitoring.buckets" -}}\n(.+)\n', text)
    assert found
    assert found[1].split() == [str(float(bound)) for bound in BUCKETS]
    assert set(found[1].split()) == told.values["http_request_duration_seconds_bucket", "le"] - {"+Inf"}
