"""The page of one service; the chart puts its name and namespace in and leaves out rows that nothing feeds."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.models import units
from panels import Panel, Query, lines, number, page, row

SERIES = 'namespace="__NAMESPACE__",service="__SERVICE__"'
PROBES = 'route!~"/health|/healthz|/ready|/readyz|/metrics"'
PODS = f"on (namespace, pod) group_left (service) namespace_pod_service:kube_pod:info{{{SERIES}}}"
BUDGET_LEFT = ((None, "red"), (0.0, "orange"), (0.25, "green"))
FAST, SLOW = 14.4, 6.0
CALLED = "Lines: at 14.4 over 1 hour and at 6 over 6 hours somebody is called."


def service_page() -> Dashboard:
    """Return the page; its rows are told apart by their hundreds (see templates/monitoring/dashboard.yaml)."""
    board = page("__SERVICE__", "inferloop_service", "What the service promises, answers, makes and uses.")
    row(board, 100, "Availability", _availability())
    row(board, 200, "Latency", _latency())
    row(board, 300, "Requests", _requests())
    row(board, 400, "Generation", _generation())
    row(board, 500, "Queue", _queue())
    row(board, 600, "Resources", _resources())
    return board


def _burn(metric: str, budget: str) -> list[Query]:
    return [
        Query(f"{metric}:ratio_rate{window}{{{SERIES}}} / on (namespace, service) {budget}{{{SERIES}}}", window)
        for window in ("5m", "1h", "6h", "3d")
    ]


def _availability() -> list[Panel]:
    errors = "namespace_service:http_requests_errors"
    return [
        number(
            "Error budget left",
            "Share of the failures that 30 days allow for and that did not happen yet.",
            units.PercentUnit,
            Query(f"{errors}_budget:remaining30d{{{SERIES}}}"),
            steps=BUDGET_LEFT,
            decimals=1,
        ),
        number(
            "Failed in the last hour",
            "Share of requests that were answered with 5xx.",
            units.PercentUnit,
            Query(f"{errors}:ratio_rate1h{{{SERIES}}}"),
            decimals=3,
        ),
        lines(
            "Burn rate of the error budget",
            f"1 uses the budget up in exactly 30 days. {CALLED}",
            units.Short,
            *_burn(errors, f"{errors}_budget:ratio"),
            width=16,
            limits=(SLOW, FAST),
        ),
    ]


def _latency() -> list[Panel]:
    slow = "namespace_service:http_requests_slow"
    return [
        number(
            "Too slow in the last hour",
            "Share of requests that took longer than the objective; 5 % may.",
            units.PercentUnit,
            Query(f"{slow}:ratio_rate1h{{{SERIES}}}"),
            steps=((None, "green"), (0.05, "red")),
            width=8,
            decimals=2,
        ),
        lines(
            "Burn rate of the latency budget",
            f"1 is as many slow requests as the objective allows. {CALLED}",
            units.Short,
            *_burn(slow, f"{slow}_budget:ratio"),
            width=16,
            limits=(SLOW, FAST),
        ),
    ]


def _requests() -> list[Panel]:
    buckets = (
        f'sum by (le) (rate(http_request_duration_seconds_bucket{{{SERIES},{PROBES},waits="false"}}[$__rate_interval]))'
    )
    by_route = f"sum by (le, route) (rate(http_request_duration_seconds_bucket{{{SERIES},{PROBES}}}[$__rate_interval]))"
    return [
        lines(
            "Requests by status",
            "Answers per second, probes left out.",
            units.RequestsPerSecond,
            Query(f"sum by (status) (rate(http_requests_total{{{SERIES},{PROBES}}}[$__rate_interval]))", "{{status}}"),
            stacked=True,
        ),
        lines(
            "Requests by route",
            "Answers per second, probes left out.",
            units.RequestsPerSecond,
            Query(
                f"sum by (method, route) (rate(http_requests_total{{{SERIES},{PROBES}}}[$__rate_interval]))",
                "{{method}} {{route}}",
            ),
            stacked=True,
        ),
        lines(
            "Refused requests",
            "Without a credential, without the right, or too many.",
            units.RequestsPerSecond,
            Query(
                f"sum by (reason) (rate(guardian_refused_requests_total{{{SERIES}}}[$__rate_interval]))", "{{reason}}"
            ),
        ),
        lines(
            "Latency",
            "Time to the end of the answer, without answers as long as what they bring, such as downloads.",
            units.Seconds,
            *(Query(f"histogram_quantile({share}, {buckets})", f"{share:.0%}") for share in (0.5, 0.95, 0.99)),
            width=12,
        ),
        lines(
            "95 of 100 answers by route",
            "Time to the end of the answer, all answers.",
            units.Seconds,
            Query(f"histogram_quantile(0.95, {by_route})", "{{route}}"),
            width=12,
        ),
    ]


def _generation() -> list[Panel]:
    return [
        lines(
            "Rows made",
            "Rows per second by engine.",
            units.RowsPerSecond,
            Query(
                f"sum by (engine) (rate(guardian_records_generated_total{{{SERIES}}}[$__rate_interval])) > 0",
                "{{engine}}",
            ),
            stacked=True,
        ),
        lines(
            "Generations ended",
            "Per second; failed ones by why. Reasons input, constraint and cancelled are the callers'.",
            units.OpsPerSecond,
            Query(f"sum(rate(guardian_successful_generations_total{{{SERIES}}}[$__rate_interval]))", "well"),
            Query(
                f"sum by (reason) (rate(guardian_failed_generations_total{{{SERIES}}}[$__rate_interval])) > 0",
                "failed: {{reason}}",
            ),
        ),
        lines(
            "Time of generations",
            "From begin to end, of those that ended well.",
            units.Seconds,
            *(
                Query(
                    f"histogram_quantile({share}, sum by (le) "
                    f"(rate(guardian_generation_duration_seconds_bucket{{{SERIES}}}[$__rate_interval])))",
                    f"{share:.0%}",
                )
                for share in (0.5, 0.95)
            ),
        ),
        lines(
            "Under way",
            "Generations and validations that are being worked on, by process.",
            units.Short,
            Query(f"sum by (component) (guardian_active_tasks_total{{{SERIES}}})", "{{component}}"),
            width=12,
        ),
        lines(
            "Validations",
            "Per second, by whether the policy was kept.",
            units.OpsPerSecond,
            Query(f"sum by (outcome) (rate(guardian_validations_total{{{SERIES}}}[$__rate_interval]))", "{{outcome}}"),
            width=12,
        ),
    ]


def _queue() -> list[Panel]:
    return [
        lines(
            "Jobs",
            "Jobs that wait and that run, in all replicas together.",
            units.Short,
            Query(f"max by (state) (guardian_jobs{{{SERIES}}})", "{{state}}"),
            width=12,
        ),
        lines(
            "Oldest job that waits",
            "For how long it has waited; somebody is told from the line on.",
            units.Seconds,
            Query(f"max(guardian_oldest_queued_job_age_seconds{{{SERIES}}})", "oldest"),
            width=12,
            limits=(1800.0,),
        ),
    ]


def _resources() -> list[Panel]:
    return [
        lines(
            "Processors used",
            "Cores by pod; the line is what all pods requested.",
            units.Short,
            Query(
                "sum by (pod) (rate(container_cpu_usage_seconds_total"
                f'{{namespace="__NAMESPACE__",container!=""}}[$__rate_interval]) * {PODS})',
                "{{pod}}",
            ),
            Query(f"namespace_service:kube_pod_container_resource_requests_cpu:sum{{{SERIES}}}", "requested"),
        ),
        lines(
            "Memory used",
            "Working set by pod; the line is what all pods requested.",
            units.BytesIEC,
            Query(
                "sum by (pod) (container_memory_working_set_bytes"
                f'{{namespace="__NAMESPACE__",container!=""}} * {PODS})',
                "{{pod}}",
            ),
            Query(f"namespace_service:kube_pod_container_resource_requests_memory:sum{{{SERIES}}}", "requested"),
        ),
        lines(
            "Instances",
            "Targets of Prometheus that answer, by process.",
            units.Short,
            Query(f"sum by (component) (up{{{SERIES}}})", "{{component}}"),
        ),
        lines(
            "Restarts",
            "Containers that were started again, in the last hour.",
            units.Short,
            Query(
                "sum by (pod) (increase(kube_pod_container_status_restarts_total"
                f'{{namespace="__NAMESPACE__"}}[1h]) * {PODS}) > 0',
                "{{pod}}",
            ),
            width=12,
        ),
        lines(
            "Processors held back",
            "Share of the periods in which a container wanted more than its limit.",
            units.PercentUnit,
            Query(
                "sum by (pod) (rate(container_cpu_cfs_throttled_periods_total"
                f'{{namespace="__NAMESPACE__",container!=""}}[$__rate_interval]) * {PODS}) / '
                "sum by (pod) (rate(container_cpu_cfs_periods_total"
                f'{{namespace="__NAMESPACE__",container!=""}}[$__rate_interval]) * {PODS})',
                "{{pod}}",
            ),
            width=12,
            most=1,
        ),
    ]
