"""Monitors find what they are to ask: the labels are those of the objects, the ports are there."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Charts

PROCESSES = {
    "main": {"kind": "Deployment", "port": 8000},
    "generate": {"kind": "Deployment", "command": ["inferloop-synthetic", "worker"]},
    "admin": {"kind": "StatefulSet", "port": 9000},
    "nightly": {"kind": "CronJob", "schedule": {"expression": "0 3 * * *"}, "command": ["true"]},
}


def of_kind(objects: list[dict[str, Any]], *kinds: str) -> list[dict[str, Any]]:
    """Return the objects of some kinds."""
    return [tree for tree in objects if tree["kind"] in kinds]


def selects(selector: dict[str, Any], labels: dict[str, str]) -> bool:
    """Say whether a selector is about an object with these labels."""
    wanted = selector.get("matchLabels", {}).items() <= labels.items()
    return wanted and all(labels.get(one["key"]) in one["values"] for one in selector.get("matchExpressions", []))


@pytest.mark.parametrize("mesh", ["none", "linkerd"])
@pytest.mark.parametrize("metrics", [{}, {"port": 9100}], ids=["one port", "own port"])
def test_every_process_that_runs_on_is_asked_once(charts: Charts, metrics: dict[str, Any], mesh: str) -> None:
    objects = charts.service(processes=PROCESSES, monitoring={"metrics": metrics}, mesh={"kind": mesh})
    asked: dict[str, int] = {}
    for monitor in of_kind(objects, "PodMonitor"):
        (endpoint,) = monitor["spec"]["podMetricsEndpoints"]
        for workload in of_kind(objects, "Deployment", "StatefulSet"):
            pod = workload["spec"]["template"]
            if not selects(monitor["spec"]["selector"], pod["metadata"]["labels"]):
                continue
            ports = [port["name"] for one in pod["spec"]["containers"] for port in one.get("ports", [])]
            assert endpoint["port"] in ports, f"{workload['metadata']['name']} has {ports}"
            asked[workload["metadata"]["name"]] = asked.get(workload["metadata"]["name"], 0) + 1
    assert asked == {"tabular-generate": 1, "tabular-admin": 1}

    (monitor,) = of_kind(objects, "ServiceMonitor")
    found = [
        one for one in of_kind(objects, "Service") if selects(monitor["spec"]["selector"], one["metadata"]["labels"])
    ]
    (endpoint,) = monitor["spec"]["endpoints"]
    behind = [one for one in found if endpoint["port"] in {port["name"] for port in one["spec"]["ports"]}]
    assert [one["metadata"]["name"] for one in behind] == ["tabular"]


def test_within_istio_the_sidecar_is_asked(charts: Charts) -> None:
    objects = charts.service(processes=PROCESSES, mesh={"kind": "istio"})
    for monitor in of_kind(objects, "PodMonitor"):
        (endpoint,) = monitor["spec"]["podMetricsEndpoints"]
        assert (endpoint["portNumber"], endpoint["path"]) == (15020, "/stats/prometheus")
    (monitor,) = of_kind(objects, "ServiceMonitor")
    assert monitor["spec"]["endpoints"][0]["path"] == "/stats/prometheus"


def test_jobs_are_not_asked(charts: Charts) -> None:
    objects = charts.service(processes={"main": {"kind": "Job", "command": ["true"]}})
    assert of_kind(objects, "ServiceMonitor", "PodMonitor", "PrometheusRule") == []


def test_parts_of_the_platform_are_asked_where_they_are(charts: Charts) -> None:
    everything = of_kind(charts.platform(), "PodMonitor")
    assert {one["spec"]["namespaceSelector"]["matchNames"][0] for one in everything} == {
        "argocd", "cert-manager", "external-secrets", "velero",
    }  # fmt: skip
    assert all(one["spec"]["podMetricsEndpoints"][0]["honorLabels"] for one in everything)
    assert of_kind(charts.platform(components={}), "PodMonitor") == []
