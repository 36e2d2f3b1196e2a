"""The page of a service's logs in Loki: by level, by trace, by request, by job."""

from __future__ import annotations

from grafana_foundation_sdk.builders import common, dashboard, logs, loki, timeseries
from grafana_foundation_sdk.models import common as common_models
from grafana_foundation_sdk.models import units
from grafana_foundation_sdk.models.dashboard import DataSourceRef, VariableRefresh
from panels import page

LOKI = DataSourceRef(type_val="loki", uid="${loki}")
STREAM = '{k8s_namespace_name=~"$namespace", service_name=~"$service"}'
IDS = ("trace_id", "request_id", "job_id")
"""Fields of the service's lines that the collector makes searchable (see modules/platform/addons/otel-collector)."""


def logs_page() -> dashboard.Dashboard:
    """Return the page."""
    board = page(
        "Logs", "inferloop_logs", "Lines of services, found by trace, request or job; each leads to its trace."
    )
    board.with_variable(dashboard.DatasourceVariable("loki").label("Loki").type("loki"))
    board.with_variable(_labels("namespace", "k8s_namespace_name", ""))
    board.with_variable(_labels("service", "service_name", '{k8s_namespace_name=~"$namespace"}'))
    for name in IDS:
        board.with_variable(dashboard.TextBoxVariable(name).label(name.replace("_", " ").capitalize()))
    board.with_variable(dashboard.TextBoxVariable("text").label("Text"))
    return board.with_panel(_levels()).with_panel(_lines())


def found() -> str:
    """Return the query for lines; a field that is left empty restricts nothing."""
    return STREAM + " |= `$text`" + "".join(f" | {name}=~`${name}.*`" for name in IDS)


def _labels(name: str, label: str, stream: str) -> dashboard.QueryVariable:
    return (
        dashboard.QueryVariable(name)
        .label(name.capitalize())
        .datasource(LOKI)
        .query({"label": label, "stream": stream, "type": 1, "refId": name})
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .multi(True)
        .include_all(True)
        .all_value(".+")
    )


def _levels() -> timeseries.Panel:
    query = f"sum by (severity_text) (count_over_time({found()} [$__auto]))"
    return (
        timeseries.Panel()
        .id(1)
        .title("Lines by level")
        .description("How many lines there are of each level.")
        .datasource(LOKI)
        .unit(units.Short)
        .span(24)
        .height(6)
        .draw_style(common_models.GraphDrawStyle.BARS)
        .stacking(common.StackingConfig().mode(common_models.StackingMode.NORMAL).group("A"))
        .with_target(loki.Dataquery().expr(query).ref_id("A").legend_format("{{severity_text}}").datasource(LOKI))
    )


def _lines() -> logs.Panel:
    return (
        logs.Panel()
        .id(2)
        .title("Lines")
        .description("The newest lines first; the trace id in the details of a line leads to its trace.")
        .datasource(LOKI)
        .unit(units.Short)
        .span(24)
        .height(22)
        .show_time(True)
        .enable_log_details(True)
        .wrap_log_message(True)
        .prettify_log_message(False)
        .sort_order(common_models.LogsSortOrder.DESCENDING)
        .with_target(loki.Dataquery().expr(found()).ref_id("A").datasource(LOKI))
    )
