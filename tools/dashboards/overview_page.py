"""The page of the whole platform: are all services well, what do they answer and make, what do they use and cost."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.models import units
from panels import Panel, Query, bars, lines, number, page, row, rows_of, values_of

SERIES = 'namespace=~"$namespace",service=~"$service"'
BY = "sum by (namespace, service)"
NAME = "{{namespace}}/{{service}}"


def overview_page() -> Dashboard:
    """Return the page; its last row is left out where no prices are known (see templates/dashboards.yaml)."""
    board = page(
        "Inferloop", "inferloop_overview", "All services: health, requests, budgets, generation, use and cost."
    )
    board.with_variable(values_of("namespace", "namespace", "namespace_pod_service:kube_pod:info"))
    board.with_variable(values_of("service", "service", 'namespace_pod_service:kube_pod:info{namespace=~"$namespace"}'))
    row(board, 100, "Health", _health())
    row(board, 200, "Requests", _requests())
    row(board, 300, "Error budgets", _budgets())
    row(board, 400, "Generation", _generation())
    row(board, 500, "Queues", _queues())
    row(board, 600, "Services' resources", _resources())
    row(board, 700, "Cluster", _cluster())
    row(board, 800, "Cost", _cost())
    return board


def _health() -> list[Panel]:
    return [
        bars(
            "Instances that answer",
            "Share of the targets of each service that Prometheus reaches.",
            units.PercentUnit,
            Query(f"avg by (namespace, service) (up{{{SERIES}}})", NAME),
            steps=((None, "red"), (0.5, "orange"), (1.0, "green")),
        ),
        rows_of(
            "Alerts that fire",
            "Alerts of services and of the platform.",
            Query('sum by (alertname, severity, namespace, service) (ALERTS{alertstate="firing"})'),
            ("severity", "alertname", "namespace", "service"),
            width=10,
        ),
        number(
            "Pods not ready",
            "Pods of services that should answer and do not.",
            units.Short,
            Query(
                'sum(kube_pod_status_ready{condition="false",namespace=~"$namespace"} '
                f"* on (namespace, pod) group_left (service) namespace_pod_service:kube_pod:info{{{SERIES}}} "
                'unless on (namespace, pod) kube_pod_status_phase{phase="Succeeded"} == 1) or vector(0)'
            ),
            steps=((None, "green"), (1.0, "red")),
            width=6,
        ),
    ]


def _requests() -> list[Panel]:
    return [
        lines(
            "Requests by service",
            "Answers per second, probes left out.",
            units.RequestsPerSecond,
            Query(f"namespace_service:http_requests:rate5m{{{SERIES}}}", NAME),
            stacked=True,
        ),
        lines(
            "Failed requests by service",
            "Share of requests that were answered with 5xx.",
            units.PercentUnit,
            Query(f"namespace_service:http_requests_errors:ratio_rate5m{{{SERIES}}}", NAME),
        ),
        lines(
            "95 of 100 answers by service",
            "Time to the end of the answer; answers that take as long as what was asked for left out.",
            units.Seconds,
            Query(
                "histogram_quantile(0.95, sum by (namespace, service, le) (rate(http_request_duration_seconds_bucket"
                f'{{{SERIES},waits="false",route!~"/health|/healthz|/ready|/readyz|/metrics"}}[$__rate_interval])))',
                NAME,
            ),
        ),
    ]


def _budgets() -> list[Panel]:
    errors, slow = "namespace_service:http_requests_errors", "namespace_service:http_requests_slow"
    return [
        bars(
            "Error budget left",
            "Share of the failures that 30 days allow for and that did not happen yet.",
            units.PercentUnit,
            Query(f"clamp_min({errors}_budget:remaining30d{{{SERIES}}}, 0)", NAME),
            steps=((None, "red"), (0.1, "orange"), (0.25, "green")),
        ),
        lines(
            "Burn rate of error budgets",
            "Over 1 hour; 1 uses the budget up in 30 days, from the line on somebody is called.",
            units.Short,
            Query(
                f"{errors}:ratio_rate1h{{{SERIES}}} / on (namespace, service) {errors}_budget:ratio{{{SERIES}}}", NAME
            ),
            limits=(14.4,),
        ),
        lines(
            "Burn rate of latency budgets",
            "Over 1 hour; 1 is as many slow requests as the objective allows.",
            units.Short,
            Query(f"{slow}:ratio_rate1h{{{SERIES}}} / on (namespace, service) {slow}_budget:ratio{{{SERIES}}}", NAME),
            limits=(14.4,),
        ),
    ]


def _generation() -> list[Panel]:
    return [
        lines(
            "Rows made by service",
            "Rows per second.",
            units.RowsPerSecond,
            Query(f"{BY} (rate(guardian_records_generated_total{{{SERIES}}}[$__rate_interval]))", NAME),
            stacked=True,
        ),
        lines(
            "Failed generations by service",
            "Per second and reason, without those that are the callers'.",
            units.OpsPerSecond,
            Query(
                "sum by (namespace, service, reason) (rate(guardian_failed_generations_total"
                f'{{{SERIES},reason!~"input|constraint|cancelled"}}[$__rate_interval])) > 0',
                NAME + " {{reason}}",
            ),
        ),
        lines(
            "95 of 100 generations by service",
            "Time from begin to end, of those that ended well.",
            units.Seconds,
            Query(
                "histogram_quantile(0.95, sum by (namespace, service, le) "
                f"(rate(guardian_generation_duration_seconds_bucket{{{SERIES}}}[$__rate_interval])))",
                NAME,
            ),
        ),
    ]


def _queues() -> list[Panel]:
    return [
        lines(
            "Jobs that wait",
            "In all replicas together.",
            units.Short,
            Query(f'max by (namespace, service) (guardian_jobs{{{SERIES},state="queued"}})', NAME),
        ),
        lines(
            "Jobs that run",
            "In all replicas together.",
            units.Short,
            Query(f'max by (namespace, service) (guardian_jobs{{{SERIES},state="running"}})', NAME),
        ),
        lines(
            "Oldest job that waits",
            "For how long it has waited; somebody is told from the line on.",
            units.Seconds,
            Query(f"max by (namespace, service) (guardian_oldest_queued_job_age_seconds{{{SERIES}}})", NAME),
            limits=(1800.0,),
        ),
    ]


def _resources() -> list[Panel]:
    cpu, memory = (
        f"namespace_service:kube_pod_container_resource_requests_{kind}:sum{{{SERIES}}}" for kind in ("cpu", "memory")
    )
    return [
        lines(
            "Processors by service",
            "Cores used.",
            units.Short,
            Query(f"namespace_service:container_cpu_usage_seconds:rate5m{{{SERIES}}}", NAME),
            stacked=True,
        ),
        lines(
            "Memory by service",
            "Working set.",
            units.BytesIEC,
            Query(f"namespace_service:container_memory_working_set_bytes:sum{{{SERIES}}}", NAME),
            stacked=True,
        ),
        lines(
            "Use of what is requested",
            "Cores and memory used, as shares of what pods request. Far below 1 costs money, above 1 depends on luck.",
            units.PercentUnit,
            Query(
                f"namespace_service:container_cpu_usage_seconds:rate5m{{{SERIES}}} / on (namespace, service) {cpu}",
                NAME + " processors",
            ),
            Query(
                f"namespace_service:container_memory_working_set_bytes:sum{{{SERIES}}} "
                f"/ on (namespace, service) {memory}",
                NAME + " memory",
            ),
        ),
    ]


def _cluster() -> list[Panel]:
    return [
        lines(
            "Processors of the cluster",
            "Cores: what nodes have, what pods request, what is used.",
            units.Short,
            Query('sum(kube_node_status_allocatable{resource="cpu"})', "nodes"),
            Query('sum(kube_pod_container_resource_requests{resource="cpu"})', "requested"),
            Query('sum(rate(container_cpu_usage_seconds_total{container!=""}[$__rate_interval]))', "used"),
            width=6,
        ),
        lines(
            "Memory of the cluster",
            "What nodes have, what pods request, what is used.",
            units.BytesIEC,
            Query('sum(kube_node_status_allocatable{resource="memory"})', "nodes"),
            Query('sum(kube_pod_container_resource_requests{resource="memory"})', "requested"),
            Query('sum(container_memory_working_set_bytes{container!=""})', "used"),
            width=6,
        ),
        lines(
            "Nodes",
            "Nodes by whether they are ready.",
            units.Short,
            Query('sum by (status) (kube_node_status_condition{condition="Ready"})', "ready: {{status}}"),
            width=6,
        ),
        bars(
            "Quota used",
            "Share of the quota of each namespace.",
            units.PercentUnit,
            Query(
                'sort_desc(kube_resourcequota{type="used",namespace=~"$namespace"} / ignoring (type) '
                '(kube_resourcequota{type="hard",namespace=~"$namespace"} > 0))',
                "{{namespace}} {{resource}}",
            ),
            steps=((None, "green"), (0.8, "orange"), (0.9, "red")),
            width=6,
        ),
        bars(
            "Volumes used",
            "Share of the space of each volume.",
            units.PercentUnit,
            Query(
                "sort_desc(kubelet_volume_stats_used_bytes / kubelet_volume_stats_capacity_bytes)",
                "{{namespace}}/{{persistentvolumeclaim}}",
            ),
            steps=((None, "green"), (0.8, "orange"), (0.9, "red")),
            width=24,
        ),
    ]


def _cost() -> list[Panel]:
    cost = f"namespace_service:requests_cost:per_hour{{{SERIES}}}"
    return [
        lines(
            "Cost by service",
            "__CURRENCY__ per hour: what pods request, at the prices in the values of this chart.",
            "none",
            Query(cost, NAME),
            stacked=True,
            width=10,
        ),
        number(
            "Cost of a month",
            "__CURRENCY__ for 730 hours as they are now.",
            "none",
            Query(f"sum({cost}) * 730"),
            width=4,
            decimals=2,
        ),
        lines(
            "Cost of a million rows",
            "__CURRENCY__ for what a service requests, over the rows that it made within an hour.",
            "none",
            Query(
                f"1e6 * {cost} / on (namespace, service) "
                f"({BY} (increase(guardian_records_generated_total{{{SERIES}}}[1h])) > 0)",
                NAME,
            ),
            width=10,
        ),
    ]
