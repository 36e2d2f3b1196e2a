"""The values of add-ons hang together: lines lead to traces, traces to lines, and pods' labels are told that rules ask for."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from platform_cases import CASES
from terraform_tree import copy_of_the_source

ROOT = """
module "values" {
  source           = "./modules/platform/values"
  for_each         = { for name, case in jsondecode(file("cases.json")) : name => case }
  environment      = each.value.environment
  platform         = merge(yamldecode(file("modules/platform/values/tests/platform.yaml")), each.value.changes)
  cluster_services = each.value.cluster_services
  namespaces       = each.value.namespaces
}

output "applications" {
  value = { for name, computed in module.values : name => computed.applications.applications }
}
"""
CHART = {"otlp", "memory_limiter", "batch"}
"""What the collector's chart brings itself."""
CHOICES = [
    pytest.param(logs, traces, id=f"{logs}-{traces}")
    for logs in ("loki", "elastic", "none")
    for traces in ("tempo", "jaeger", "none")
]


@pytest.fixture(scope="session")
def addons(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """The values of all add-ons for each choice of logs and traces, as Terraform computes them."""
    base = next(case for case in CASES.values() if case["cluster_services"].get("managed", True))
    cases = {}
    for choice in CHOICES:
        logs, traces = choice.values
        services = base["cluster_services"] | {"logs": logs, "traces": traces}
        cases[f"{logs}-{traces}"] = base | {"cluster_services": services}
    root = tmp_path_factory.mktemp("addons")
    tree = copy_of_the_source(root, tmp_path_factory.mktemp("plugins"))
    (root / "main.tf").write_text(ROOT)
    (root / "cases.json").write_text(json.dumps(cases))
    tree.succeed(".", "init", "-input=false", "-no-color")
    tree.succeed(".", "apply", "-auto-approve", "-input=false", "-no-color")
    found = json.loads(tree.succeed(".", "output", "-json", "applications"))
    return {
        case: {name: application["values"] for name, application in applications.items() if "values" in application}
        for case, applications in found.items()
    }


def sources(values: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return Grafana's data sources by their identifier."""
    return {one["uid"]: one for one in values["kube-prometheus-stack"]["grafana"]["additionalDataSources"] or []}


@pytest.mark.parametrize("traces", ["tempo", "jaeger"])
def test_a_line_leads_to_its_trace_and_a_trace_to_its_lines(addons: dict[str, Any], traces: str) -> None:
    there = sources(addons[f"loki-{traces}"])
    (field,) = there["loki"]["jsonData"]["derivedFields"]
    assert there[field["datasourceUid"]]["type"] == traces
    assert (field["matcherType"], field["matcherRegex"], field["url"]) == ("label", "trace_id", "${__value.raw}")
    back = there[traces]["jsonData"]["tracesToLogsV2"]
    assert there[back["datasourceUid"]]["type"] == "loki"
    assert back["filterByTraceID"]
    # Loki makes labels of these attributes of what comes by OTLP, with _ for each dot.
    assert {tag["key"].replace(".", "_") for tag in back["tags"]} == {tag["value"] for tag in back["tags"]}


@pytest.mark.parametrize(("logs", "traces"), CHOICES)
def test_no_source_of_data_leads_to_one_that_is_not_there(addons: dict[str, Any], logs: str, traces: str) -> None:
    values = addons[f"{logs}-{traces}"]
    there = sources(values)
    assert there.keys() == {logs, traces} - {"none"}
    named = set(re.findall(r'"datasourceUid": "(\w+)"', json.dumps(there)))
    assert named <= there.keys()


@pytest.mark.parametrize(("logs", "traces"), CHOICES)
def test_the_collectors_pipelines_name_only_what_it_has(addons: dict[str, Any], logs: str, traces: str) -> None:
    config = addons[f"{logs}-{traces}"]["otel-collector"]["config"]
    for pipeline in config["service"]["pipelines"].values():
        for kind in ("receivers", "processors", "exporters"):
            assert set(pipeline[kind]) <= CHART | set(config[kind]), pipeline


def test_the_collector_takes_the_ids_out_of_lines_that_the_page_of_logs_asks_for(
    addons: dict[str, Any], repository: Path
) -> None:
    config = addons["loki-tempo"]["otel-collector"]["config"]
    assert config["service"]["pipelines"]["logs"]["processors"].index("transform/ids") > 0
    (step,) = config["processors"]["transform/ids"]["log_statements"]
    taken = set(re.findall(r'cache\["(\w+)"\]', " ".join(step["statements"])))
    page = json.loads((repository / "modules/platform/charts/observability/files/dashboards/logs.json").read_text())
    asked = {one["name"] for one in page["templating"]["list"] if one["type"] == "textbox"} - {"text"}
    assert asked | {"span_id", "level"} == taken


def test_pods_labels_that_rules_ask_for_are_told(addons: dict[str, Any]) -> None:
    documented = yaml.safe_load((Path(__file__).parent / "metrics.yaml").read_text())["kube-state-metrics"]["metrics"]
    asked = {label for label in documented["kube_pod_labels"] if label.startswith("label_")}
    (allowed,) = addons["loki-tempo"]["kube-prometheus-stack"]["kube-state-metrics"]["metricLabelsAllowlist"]
    listed = re.fullmatch(r"pods=\[(.+)\]", allowed)
    assert listed
    assert {"label_" + re.sub(r"\W", "_", label) for label in listed[1].split(",")} == asked
