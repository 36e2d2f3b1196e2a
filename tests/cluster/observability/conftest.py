"""Both charts rendered, with everything that they can watch."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from inferloop_deploy.programs import find_programs

ROOT = Path(__file__).resolve().parents[3]
SERVICE = {
    "name": "tabular",
    "environment": "prod",
    "labels": {"Team": "synthetic-data"},
    "image": {"repository": "registry.example/inferloop/tabular", "tag": "0.1.0"},
    "processes": {
        "main": {"kind": "Deployment", "replicas": 2, "port": 8000},
        "generate": {"kind": "Deployment", "command": ["inferloop-synthetic", "worker"]},
    },
    "monitoring": {
        "slo": {"availability": 99.9, "latencyP95Seconds": 0.3},
        "runbook": "https://docs.inferloop.example/runbooks",
    },
}
PLATFORM = {
    "environment": "prod",
    "runbooks": "https://docs.inferloop.example/runbooks",
    "logs": "loki",
    "components": {"argocd": True, "certManager": True, "externalSecrets": True, "velero": True},
    "prices": {"currency": "EUR", "cpuHour": 0.04, "memoryGiBHour": 0.005, "gpuHour": 2.5},
}


@dataclass(frozen=True)
class Charts:
    """Renders the charts with helm."""

    helm: Path
    promtool: Path
    folder: Path

    def rendered(self, chart: str, values: dict[str, Any], *, namespace: str = "inferloop") -> list[dict[str, Any]]:
        """Return the objects of a chart; raises AssertionError with helm's complaint."""
        done = self.helm_template(chart, values, namespace)
        assert done.returncode == 0, done.stderr
        return [tree for tree in yaml.safe_load_all(done.stdout) if tree]

    def service(self, **changes: Any) -> list[dict[str, Any]]:
        """Return the objects of the service chart."""
        return self.rendered("modules/helm-release/chart", SERVICE | changes)

    def platform(self, **changes: Any) -> list[dict[str, Any]]:
        """Return the objects of the platform's chart."""
        return self.rendered("modules/platform/charts/observability", PLATFORM | changes, namespace="monitoring")

    def helm_template(self, chart: str, values: dict[str, Any], namespace: str) -> subprocess.CompletedProcess[str]:
        """Run helm and return what it said."""
        command = [self.helm, "template", values.get("name", "observability"), ROOT / chart, "--namespace", namespace]
        command += ["--kube-version", "1.34.0", "--values", "-"]
        return subprocess.run(command, input=json.dumps(values), capture_output=True, text=True, check=False)


def rule_groups(objects: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the groups of all PrometheusRules."""
    return [group for tree in objects if tree["kind"] == "PrometheusRule" for group in tree["spec"]["groups"]]


def rules(objects: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield every rule."""
    for group in rule_groups(objects):
        yield from group["rules"]


def pages(objects: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the pages of Grafana by the name of their file."""
    return {
        name: json.loads(text)
        for tree in objects
        if tree["kind"] == "ConfigMap" and tree["metadata"]["labels"].get("grafana_dashboard") == "1"
        for name, text in tree["data"].items()
    }


@pytest.fixture(scope="session")
def charts(tmp_path_factory: pytest.TempPathFactory) -> Charts:
    """What renders charts and reads rules."""
    found = find_programs(ROOT, ["helm", "promtool"])
    return Charts(found["helm"], found["promtool"], tmp_path_factory.mktemp("charts"))


@pytest.fixture(scope="session")
def service_objects(charts: Charts) -> list[dict[str, Any]]:
    """The service's objects."""
    return charts.service()


@pytest.fixture(scope="session")
def platform_objects(charts: Charts) -> list[dict[str, Any]]:
    """The platform's objects."""
    return charts.platform()
