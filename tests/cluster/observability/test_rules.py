"""Rules: read by promtool, named as the field names them, firing when they should, silent when they should be."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from .conftest import PLATFORM, SERVICE, Charts, rule_groups, rules

HERE = Path(__file__).parent
SEVERITIES = {"critical", "warning"}
POD = 'namespace="inferloop",pod="tabular-1"'
CONTAINER = f'{POD},container="main"'
VOLUME = 'namespace="inferloop",persistentvolumeclaim="data"'
OURS = 'namespace="inferloop",service="tabular"'
QUOTA = 'namespace="inferloop",resourcequota="services",resource="requests.cpu"'
HPA = 'namespace="inferloop",horizontalpodautoscaler="tabular"'
SENT = 'namespace="monitoring",pod="prometheus-0",alertmanager="http://alertmanager:9093"'
APPLICATION = 'namespace="argocd",name="kong",repo="https://git.example/x",dest_namespace="kong"'
CERTIFICATE = 'namespace="inferloop",name="web",issuer_name="platform"'
DAY = 24 * 60


def promtool(charts: Charts, *arguments: object, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run promtool in a folder."""
    command = [charts.promtool, *map(str, arguments)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def written(objects: list[dict[str, Any]], folder: Path, alert: str | None = None) -> Path:
    """Write the rules of a chart as Prometheus reads them; those of the group of one alert where it is named."""
    groups = [
        group for group in rule_groups(objects) if alert is None or alert in {r.get("alert") for r in group["rules"]}
    ]
    (folder / "rules.yaml").write_text(yaml.safe_dump({"groups": groups}))
    return folder


@pytest.mark.parametrize(
    "objects",
    [
        pytest.param(lambda charts: charts.service(), id="service"),
        pytest.param(lambda charts: charts.service(monitoring={"slo": None}), id="service without objectives"),
        pytest.param(
            lambda charts: charts.service(processes={"main": {"kind": "StatefulSet", "port": 8000}}),
            id="stateful service",
        ),
        pytest.param(lambda charts: charts.service(processes={"main": {"kind": "Deployment"}}), id="worker alone"),
        pytest.param(lambda charts: charts.platform(), id="platform"),
        pytest.param(lambda charts: charts.platform(components={}, prices=None), id="bare platform"),
    ],
)
def test_promtool_accepts_all_rules(charts: Charts, objects: Any, tmp_path: Path) -> None:
    folder = written(objects(charts), tmp_path)
    done = promtool(charts, "check", "rules", "--lint=all", "--lint-fatal", "rules.yaml", folder=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert not re.search(r"\b0 rules found", done.stdout)


def test_a_wrong_expression_is_refused(charts: Charts, service_objects: list[Any], tmp_path: Path) -> None:
    folder = written(service_objects, tmp_path)
    text = (folder / "rules.yaml").read_text().replace("sum by (namespace, service)", "sum by namespace, service", 1)
    (folder / "rules.yaml").write_text(text)
    assert promtool(charts, "check", "rules", "rules.yaml", folder=folder).returncode != 0


@pytest.mark.parametrize("name", ["burn-rates", "slow-burns"])
def test_burn_rates_of_error_budgets(charts: Charts, service_objects: list[Any], tmp_path: Path, name: str) -> None:
    folder = written(service_objects, tmp_path)
    shutil.copy(HERE / "rules" / f"{name}.yaml", folder)
    done = promtool(charts, "test", "rules", f"{name}.yaml", folder=folder)
    assert done.returncode == 0, done.stdout + done.stderr


@dataclass(frozen=True)
class Case:
    """Series with which an alert fires at a minute and not before another, and series with which it never does."""

    alert: str
    fires: dict[str, str]
    at: int
    not_at: int
    silent: dict[str, str]
    interval: str = "1m"


def steady(series: str, value: float) -> dict[str, str]:
    """Return a series that does not change for a day."""
    return {series: f"{value}+0x{DAY}"}


CASES = [
    Case("ServiceDown", steady(f'up{{{OURS},component="main"}}', 0), 4, 2, steady(f'up{{{OURS},component="main"}}', 1)),
    Case(
        "ServiceDown",
        {},
        4,
        2,
        steady('kube_deployment_spec_replicas{namespace="inferloop",deployment="tabular"}', 0),
    ),
    Case(
        "QueueNotDraining",
        steady(f'guardian_jobs{{{OURS},state="queued"}}', 3)
        | {f"guardian_oldest_queued_job_age_seconds{{{OURS}}}": f"0+60x{DAY}"},
        42,
        39,
        steady(f'guardian_jobs{{{OURS},state="queued"}}', 3)
        | steady(f"guardian_oldest_queued_job_age_seconds{{{OURS}}}", 1700),
    ),
    Case(
        "GenerationsFailing",
        {
            f'guardian_generations_total{{{OURS},engine="tabular"}}': f"0+10x{DAY}",
            f'guardian_failed_generations_total{{{OURS},engine="tabular",reason="error"}}': f"0+2x{DAY}",
        },
        13,
        9,
        {
            f'guardian_generations_total{{{OURS},engine="tabular"}}': f"0+10x{DAY}",
            f'guardian_failed_generations_total{{{OURS},engine="tabular",reason="input"}}': f"0+9x{DAY}",
            f'guardian_failed_generations_total{{{OURS},engine="tabular",reason="disk"}}': f"0+0.5x{DAY}",
        },
    ),
    Case(
        "NodeNotReady",
        steady('kube_node_status_condition{node="a",condition="Ready",status="true"}', 0),
        6,
        4,
        steady('kube_node_status_condition{node="a",condition="Ready",status="true"}', 1),
    ),
    Case(
        "NodeUnderPressure",
        steady('kube_node_status_condition{node="a",condition="DiskPressure",status="true"}', 1),
        11,
        9,
        steady('kube_node_status_condition{node="a",condition="DiskPressure",status="true"}', 0)
        | steady('kube_node_status_condition{node="a",condition="Ready",status="true"}', 1),
    ),
    Case(
        "PodCrashLooping",
        # Between two starts it runs for a moment, and does not wait.
        {f'kube_pod_container_status_waiting_reason{{{CONTAINER},reason="CrashLoopBackOff"}}': "1 0 1 1 0 " * 40},
        11,
        9,
        steady(f'kube_pod_container_status_waiting_reason{{{CONTAINER},reason="ContainerCreating"}}', 1),
    ),
    Case(
        "PodPending",
        steady(f'kube_pod_status_phase{{{POD},phase="Pending"}}', 1),
        16,
        14,
        steady(f'kube_pod_status_phase{{{POD},phase="Running"}}', 1)
        | steady(f'kube_pod_status_phase{{{POD},phase="Pending"}}', 0),
    ),
    Case(
        "ReplicasMissing",
        steady('kube_deployment_spec_replicas{namespace="inferloop",deployment="tabular"}', 3)
        | steady('kube_deployment_status_replicas_available{namespace="inferloop",deployment="tabular"}', 2),
        16,
        14,
        steady('kube_deployment_spec_replicas{namespace="inferloop",deployment="tabular"}', 3)
        | steady('kube_deployment_status_replicas_available{namespace="inferloop",deployment="tabular"}', 3),
    ),
    Case(
        "ReplicasMissing",
        steady('kube_statefulset_replicas{namespace="inferloop",statefulset="store"}', 3)
        | steady('kube_statefulset_status_replicas_ready{namespace="inferloop",statefulset="store"}', 0),
        16,
        14,
        steady('kube_statefulset_replicas{namespace="inferloop",statefulset="store"}', 0)
        | steady('kube_statefulset_status_replicas_ready{namespace="inferloop",statefulset="store"}', 0),
    ),
    Case(
        "JobFailed",
        {'kube_job_failed{namespace="inferloop",job_name="migrate",condition="true"}': f"_x5 1+0x{DAY}"},
        8,
        4,
        steady('kube_job_failed{namespace="inferloop",job_name="migrate",condition="false"}', 1),
    ),
    Case(
        "ContainerOutOfMemory",
        {f"kube_pod_container_status_restarts_total{{{CONTAINER}}}": "0+0x10 1+0x100"}
        | steady(f'kube_pod_container_status_last_terminated_reason{{{CONTAINER},reason="OOMKilled"}}', 1),
        12,
        9,
        steady(f"kube_pod_container_status_restarts_total{{{CONTAINER}}}", 4)
        | steady(f'kube_pod_container_status_last_terminated_reason{{{CONTAINER},reason="OOMKilled"}}', 1),
    ),
    Case(
        "ContainerMemoryNearLimit",
        steady(f'container_memory_working_set_bytes{{{CONTAINER},id="/x"}}', 95)
        | steady(f'kube_pod_container_resource_limits{{{CONTAINER},resource="memory"}}', 100),
        16,
        14,
        steady(f'container_memory_working_set_bytes{{{CONTAINER},id="/x"}}', 85)
        | steady(f'kube_pod_container_resource_limits{{{CONTAINER},resource="memory"}}', 100),
    ),
    Case(
        "AutoscalerAtMaximum",
        steady(f"kube_horizontalpodautoscaler_status_current_replicas{{{HPA}}}", 10)
        | steady(f"kube_horizontalpodautoscaler_spec_max_replicas{{{HPA}}}", 10)
        | steady(f"kube_horizontalpodautoscaler_spec_min_replicas{{{HPA}}}", 2),
        31,
        29,
        # What has one size only is not at its limit.
        steady(f"kube_horizontalpodautoscaler_status_current_replicas{{{HPA}}}", 2)
        | steady(f"kube_horizontalpodautoscaler_spec_max_replicas{{{HPA}}}", 2)
        | steady(f"kube_horizontalpodautoscaler_spec_min_replicas{{{HPA}}}", 2),
    ),
    Case(
        "QuotaAlmostUsed",
        steady(f'kube_resourcequota{{{QUOTA},type="used"}}', 19)
        | steady(f'kube_resourcequota{{{QUOTA},type="hard"}}', 20),
        16,
        14,
        steady(f'kube_resourcequota{{{QUOTA},type="used"}}', 0)
        | steady(f'kube_resourcequota{{{QUOTA},type="hard"}}', 0),
    ),
    Case(
        "VolumeAlmostFull",
        steady(f"kubelet_volume_stats_available_bytes{{{VOLUME}}}", 4)
        | steady(f"kubelet_volume_stats_capacity_bytes{{{VOLUME}}}", 100),
        6,
        4,
        steady(f"kubelet_volume_stats_available_bytes{{{VOLUME}}}", 6)
        | steady(f"kubelet_volume_stats_capacity_bytes{{{VOLUME}}}", 100),
    ),
    Case(
        "VolumeFillingUp",
        # 29 GiB are left, and 0.01 GiB less each minute: full in two days.
        {
            f"kubelet_volume_stats_available_bytes{{{VOLUME}}}": f"29-0.01x{DAY}",
            f"kubelet_volume_stats_capacity_bytes{{{VOLUME}}}": f"100+0x{DAY}",
        },
        70,
        55,
        {
            f"kubelet_volume_stats_available_bytes{{{VOLUME}}}": f"29-0.001x{DAY}",
            f"kubelet_volume_stats_capacity_bytes{{{VOLUME}}}": f"100+0x{DAY}",
        },
    ),
    Case(
        "PrometheusRuleFailing",
        {'prometheus_rule_evaluation_failures_total{pod="prometheus-0",rule_group="x"}': f"0+1x{DAY}"},
        14,
        9,
        steady('prometheus_rule_evaluation_failures_total{pod="prometheus-0",rule_group="x"}', 7),
    ),
    Case(
        "AlertsNotSent",
        {
            f"prometheus_notifications_errors_total{{{SENT}}}": f"0+9x{DAY}",
            f"prometheus_notifications_sent_total{{{SENT}}}": f"0+10x{DAY}",
        },
        13,
        9,
        {
            f"prometheus_notifications_errors_total{{{SENT}}}": f"0+1x{DAY}",
            f"prometheus_notifications_sent_total{{{SENT}}}": f"0+10x{DAY}",
        },
    ),
    Case(
        "CertificateExpiresSoon",
        steady(f"certmanager_certificate_expiration_timestamp_seconds{{{CERTIFICATE}}}", 7 * 86400),
        62,
        58,
        steady(f"certmanager_certificate_expiration_timestamp_seconds{{{CERTIFICATE}}}", 9 * 86400)
        # One that was never issued has no end; that it is not ready is another alert.
        | steady('certmanager_certificate_expiration_timestamp_seconds{namespace="x",name="new"}', 0),
    ),
    Case(
        "CertificateNotReady",
        steady(f'certmanager_certificate_ready_status{{{CERTIFICATE},condition="Unknown"}}', 1),
        31,
        29,
        steady(f'certmanager_certificate_ready_status{{{CERTIFICATE},condition="True"}}', 1)
        | steady(f'certmanager_certificate_ready_status{{{CERTIFICATE},condition="False"}}', 0),
    ),
    Case(
        "ArgoApplicationOutOfSync",
        steady(f'argocd_app_info{{{APPLICATION},sync_status="OutOfSync",health_status="Healthy"}}', 1),
        31,
        29,
        steady(f'argocd_app_info{{{APPLICATION},sync_status="Synced",health_status="Healthy"}}', 1),
    ),
    Case(
        "ArgoApplicationUnhealthy",
        steady(f'argocd_app_info{{{APPLICATION},sync_status="Synced",health_status="Degraded"}}', 1),
        16,
        14,
        steady(f'argocd_app_info{{{APPLICATION},sync_status="Synced",health_status="Progressing"}}', 1),
    ),
    Case(
        "ExternalSecretNotSynced",
        steady('externalsecret_status_condition{namespace="inferloop",name="x",condition="Ready",status="False"}', 1),
        16,
        14,
        steady('externalsecret_status_condition{namespace="inferloop",name="x",condition="Ready",status="True"}', 1)
        | steady('externalsecret_status_condition{namespace="inferloop",name="x",condition="Ready",status="False"}', 0),
    ),
    Case(
        "BackupFailed",
        {'velero_backup_failure_total{schedule="daily"}': "0+0x10 1+0x100"},
        12,
        9,
        steady('velero_backup_failure_total{schedule="daily"}', 3),
    ),
    Case(
        "BackupFailed",
        {'velero_backup_partial_failure_total{schedule="daily"}': "0+0x10 1+0x100"},
        12,
        9,
        steady('velero_backup_partial_failure_total{schedule="daily"}', 3),
    ),
    Case(
        "BackupTooOld",
        {'velero_backup_last_successful_timestamp{schedule="daily"}': "0+0x2000"},
        26 * 60 + 12,
        26 * 60 + 9,
        # Each day at two o'clock.
        {'velero_backup_last_successful_timestamp{schedule="daily"}': "7200+0x1439 93600+0x600"},
    ),
]


def unit_tests(case: Case) -> dict[str, Any]:
    """Return what promtool is asked about a case."""
    firing = f'count(ALERTS{{alertname="{case.alert}",alertstate="firing"}}) or vector(0)'

    def test(series: dict[str, str], expected: dict[int, int]) -> dict[str, Any]:
        return {
            "interval": case.interval,
            "input_series": [{"series": name, "values": values} for name, values in series.items()],
            "promql_expr_test": [
                {"expr": firing, "eval_time": f"{minute}m", "exp_samples": [{"labels": "{}", "value": value}]}
                for minute, value in expected.items()
            ],
        }

    never = dict.fromkeys((case.not_at, case.at, case.at + 60), 0)
    return {
        "rule_files": ["rules.yaml"],
        "evaluation_interval": "1m",
        "tests": [test(case.fires, {case.not_at: 0, case.at: 1}), test(case.silent, never)],
    }


@pytest.mark.parametrize("case", CASES, ids=[f"{case.alert}-{number}" for number, case in enumerate(CASES)])
def test_alerts_fire_in_time_and_are_silent_otherwise(
    charts: Charts, service_objects: list[Any], platform_objects: list[Any], case: Case, tmp_path: Path
) -> None:
    folder = written([*service_objects, *platform_objects], tmp_path, case.alert)
    (folder / "test.yaml").write_text(yaml.safe_dump(unit_tests(case), sort_keys=False))
    done = promtool(charts, "test", "rules", "test.yaml", folder=folder)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_is_tried(service_objects: list[Any], platform_objects: list[Any]) -> None:
    there = {rule["alert"] for rule in (*rules(service_objects), *rules(platform_objects)) if "alert" in rule}
    burning = {"AvailabilityErrorBudgetBurn", "LatencyErrorBudgetBurn"}
    assert {case.alert for case in CASES} | burning == there


COSTS = """
rule_files: [rules.yaml]
evaluation_interval: 1m
tests:
  - interval: 1m
    input_series:
      - {series: 'kube_pod_labels{namespace="inferloop",pod="a",label_app_kubernetes_io_part_of="inferloop",label_app_kubernetes_io_name="tabular"}', values: 1x10}
      - {series: 'kube_pod_labels{namespace="inferloop",pod="b",label_app_kubernetes_io_part_of="inferloop",label_app_kubernetes_io_name="tabular"}', values: 1x10}
      - {series: 'kube_pod_labels{namespace="inferloop",pod="done",label_app_kubernetes_io_part_of="inferloop",label_app_kubernetes_io_name="tabular"}', values: 1x10}
      - {series: 'kube_pod_labels{namespace="inferloop",pod="g",label_app_kubernetes_io_part_of="inferloop",label_app_kubernetes_io_name="textnlp"}', values: 1x10}
      - {series: 'kube_pod_labels{namespace="kong",pod="k",label_app_kubernetes_io_name="kong"}', values: 1x10}
      - {series: 'kube_pod_status_phase{namespace="inferloop",pod="done",phase="Succeeded"}', values: 1x10}
      - {series: 'kube_pod_status_phase{namespace="inferloop",pod="a",phase="Succeeded"}', values: 0x10}
      - {series: 'kube_pod_container_resource_requests{namespace="inferloop",pod="a",container="main",resource="cpu"}', values: 2x10}
      - {series: 'kube_pod_container_resource_requests{namespace="inferloop",pod="b",container="main",resource="cpu"}', values: 3x10}
      - {series: 'kube_pod_container_resource_requests{namespace="inferloop",pod="done",container="main",resource="cpu"}', values: 50x10}
      - {series: 'kube_pod_container_resource_requests{namespace="inferloop",pod="a",container="main",resource="memory"}', values: 4294967296x10}
      - {series: 'kube_pod_container_resource_requests{namespace="inferloop",pod="g",container="main",resource="cpu"}', values: 1x10}
      - {series: 'kube_pod_container_resource_requests{namespace="inferloop",pod="g",container="main",resource="memory"}', values: 1073741824x10}
      - {series: 'kube_pod_container_resource_requests{namespace="inferloop",pod="g",container="main",resource="nvidia_com_gpu"}', values: 1x10}
      - {series: 'kube_pod_container_resource_requests{namespace="kong",pod="k",container="proxy",resource="cpu"}', values: 1x10}
    promql_expr_test:
      - expr: round(namespace_service:requests_cost:per_hour, 0.000001)
        eval_time: 5m
        exp_samples:
          - {labels: '{namespace="inferloop",service="tabular"}', value: 0.22}
          - {labels: '{namespace="inferloop",service="textnlp"}', value: 2.545}
"""


def test_costs_are_what_running_pods_request_at_the_prices_given(
    charts: Charts, platform_objects: list[Any], tmp_path: Path
) -> None:
    folder = written(platform_objects, tmp_path)
    (folder / "test.yaml").write_text(COSTS)
    done = promtool(charts, "test", "rules", "test.yaml", folder=folder)
    assert done.returncode == 0, done.stdout + done.stderr


def test_alerts_say_whom_they_are_for_and_where_to_read_on(
    service_objects: list[Any], platform_objects: list[Any], repository: Path
) -> None:
    for rule in (*rules(service_objects), *rules(platform_objects)):
        if "alert" not in rule:
            assert re.fullmatch(r"[a-z_]+:[a-z_]+:[a-z0-9_]+", rule["record"]), rule["record"]
            continue
        assert re.fullmatch(r"([A-Z][a-z0-9]+)+", rule["alert"])
        assert rule["labels"]["severity"] in SEVERITIES
        assert rule["labels"]["team"] in {"synthetic-data", "platform"}
        assert rule["labels"]["environment"] == "prod"
        name = re.sub(r"(?<!^)(?=[A-Z])", "-", rule["alert"]).lower()
        assert rule["annotations"]["runbook_url"] == f"{PLATFORM['runbooks']}/{name}/"
        assert (repository / "docs" / "runbooks" / f"{name}.md").exists(), name
        assert rule["annotations"]["summary"]
        assert rule["annotations"]["description"]


def test_every_runbook_is_of_an_alert(
    service_objects: list[Any], platform_objects: list[Any], repository: Path
) -> None:
    linked = {
        rule["annotations"]["runbook_url"].rstrip("/").rpartition("/")[2]
        for rule in (*rules(service_objects), *rules(platform_objects))
        if "alert" in rule
    }
    assert {path.stem for path in (repository / "docs" / "runbooks").glob("*.md")} - {"index"} == linked


def test_without_objectives_nothing_burns_and_the_rest_is_watched(charts: Charts) -> None:
    found = list(rules(charts.service(monitoring={"slo": None})))
    assert {rule["alert"] for rule in found if "alert" in rule} == {
        "ServiceDown",
        "QueueNotDraining",
        "GenerationsFailing",
    }
    assert "namespace_service:http_requests_errors:ratio_rate1h" in {rule.get("record") for rule in found}


def test_without_the_operator_nothing_is_written_that_it_would_read(charts: Charts) -> None:
    for monitoring in ({"operator": False}, {"metrics": {"enabled": False}}):
        objects = charts.service(monitoring=monitoring)
        assert not {tree["kind"] for tree in objects} & {"ServiceMonitor", "PodMonitor", "PrometheusRule"}


@pytest.mark.parametrize(
    ("seconds", "bucket"), [(0.3, "0.3"), (0.35, "0.3"), (0.8, "0.8"), (1, "1.0"), (0.005, "0.005"), (60, "60.0")]
)
def test_an_objective_is_measured_by_the_bucket_that_lets_nothing_slow_pass(
    charts: Charts, seconds: float, bucket: str
) -> None:
    found = charts.service(monitoring={"slo": {"latencyP95Seconds": seconds}})
    slow = next(
        rule for rule in rules(found) if rule.get("record") == "namespace_service:http_requests_slow:ratio_rate5m"
    )
    assert f'le="{bucket}"' in slow["expr"]


@pytest.mark.parametrize("seconds", [0.001, 61])
def test_an_objective_that_cannot_be_measured_is_refused(charts: Charts, seconds: float) -> None:
    values = SERVICE | {"monitoring": {"slo": {"latencyP95Seconds": seconds}}}
    done = charts.helm_template("modules/helm-release/chart", values, "inferloop")
    assert done.returncode != 0
    assert "latencies are measured from 0.005 to 60 seconds" in done.stderr


def test_a_budget_of_more_than_all_requests_still_rings(charts: Charts) -> None:
    found = charts.service(monitoring={"slo": {"availability": 90}})
    alerts = [rule for rule in rules(found) if rule.get("alert") == "AvailabilityErrorBudgetBurn"]
    limits = [rule["expr"].split("> ")[-1].strip() for rule in alerts]
    assert limits == ["0.9", "(6 * 0.1)", "(3 * 0.1)", "(1 * 0.1)"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"runbooks": "docs"}, "/runbooks"),
        ({"prices": {"currency": "EUR"}}, "/prices"),
        ({"components": {"konq": True}}, "/components"),
        ({"alerts": []}, "alerts"),
        ({"backup": {"maximumAgeHours": 0}}, "/backup/maximumAgeHours"),
    ],
)
def test_values_that_mean_nothing_are_refused(charts: Charts, changes: dict[str, Any], said: str) -> None:
    done = charts.helm_template("modules/platform/charts/observability", PLATFORM | changes, "monitoring")
    assert done.returncode != 0
    assert said in done.stderr
