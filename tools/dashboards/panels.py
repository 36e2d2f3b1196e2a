"""Panels in the one form that all pages have: a title, a sentence, a unit, a data source that the reader chooses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from grafana_foundation_sdk.builders import bargauge, common, dashboard, prometheus, stat, table, timeseries
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models import common as common_models
from grafana_foundation_sdk.models.common import LegendDisplayMode, LegendPlacement, SortOrder, TooltipDisplayMode
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    DashboardLinkType,
    DataSourceRef,
    DataTransformerConfig,
    Threshold,
    ThresholdsMode,
    VariableRefresh,
)
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

PROMETHEUS = DataSourceRef(type_val="prometheus", uid="${prometheus}")
Panel = timeseries.Panel | stat.Panel | bargauge.Panel | table.Panel
HEIGHT = 8
TAG = "inferloop"


@dataclass(frozen=True)
class Query:
    """An expression and what its series are called."""

    expr: str
    legend: str = ""


def page(title: str, uid: str, description: str) -> dashboard.Dashboard:
    """Return an empty page; its first variable is the Prometheus to ask."""
    links = dashboard.DashboardLink("Inferloop").type(DashboardLinkType.DASHBOARDS).tags([TAG])
    return (
        dashboard.Dashboard(title)
        .uid(uid)
        .description(description)
        .tags([TAG])
        .readonly()
        .timezone("browser")
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .time("now-6h", "now")
        .refresh("1m")
        .links([links.as_dropdown(True).include_vars(True).keep_time(True).icon("external link").tooltip("").url("")])
        .with_variable(dashboard.DatasourceVariable("prometheus").label("Prometheus").type("prometheus"))
    )


def values_of(name: str, label: str, metric: str) -> dashboard.QueryVariable:
    """Return a variable that offers the values of a label, several at once or all."""
    return (
        dashboard.QueryVariable(name)
        .label(name.capitalize())
        .datasource(PROMETHEUS)
        .query(f"label_values({metric}, {label})")
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .multi(True)
        .include_all(True)
        .all_value(".+")
    )


def row(page: dashboard.Dashboard, number: int, title: str, panels: Sequence[Panel]) -> None:
    """Put a row and its panels on a page, with ids from `number` on: charts leave rows out by them."""
    page.with_row(dashboard.Row(title).id(number))
    for identifier, panel in enumerate(panels, number + 1):
        page.with_panel(panel.id(identifier))


def lines(
    title: str,
    description: str,
    unit: str,
    *queries: Query,
    width: int = 8,
    stacked: bool = False,
    limits: Sequence[float] = (),
    most: float | None = None,
) -> timeseries.Panel:
    """Return a panel of lines over time; `limits` are drawn as dashed lines."""
    panel = (
        timeseries.Panel()
        .title(title)
        .description(description)
        .datasource(PROMETHEUS)
        .unit(unit)
        .min(0)
        .span(width)
        .height(HEIGHT)
        .fill_opacity(30 if stacked else 10)
        .legend(
            common.VizLegendOptions()
            .display_mode(LegendDisplayMode.LIST)
            .placement(LegendPlacement.BOTTOM)
            .show_legend(True)
            .calcs([])
        )
        .tooltip(common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI).sort(SortOrder.DESCENDING))
        .targets(_targets(queries))
    )
    if stacked:
        panel.stacking(common.StackingConfig().mode(common_models.StackingMode.NORMAL).group("A"))
    if most is not None:
        panel.max(most)
    if limits:
        panel.thresholds(_thresholds([(None, "transparent"), *((limit, "red") for limit in limits)]))
        panel.thresholds_style(common.GraphThresholdsStyleConfig().mode(common_models.GraphTresholdsStyleMode.DASHED))
    return panel


def number(
    title: str,
    description: str,
    unit: str,
    query: Query,
    *,
    steps: Sequence[tuple[float | None, str]] = ((None, "text"),),
    width: int = 4,
    decimals: int | None = None,
) -> stat.Panel:
    """Return a panel with the number of now; `steps` are (from, colour)."""
    panel = (
        stat.Panel()
        .title(title)
        .description(description)
        .datasource(PROMETHEUS)
        .unit(unit)
        .span(width)
        .height(HEIGHT)
        .thresholds(_thresholds(steps))
        .graph_mode(common_models.BigValueGraphMode.AREA)
        .color_mode(common_models.BigValueColorMode.VALUE)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]).fields("").values(False))
        .targets(_targets([query]))
    )
    return panel if decimals is None else panel.decimals(decimals)


def bars(
    title: str, description: str, unit: str, query: Query, *, steps: Sequence[tuple[float | None, str]], width: int = 8
) -> bargauge.Panel:
    """Return a panel with a bar for each series, as it is now, from 0 to 1."""
    return (
        bargauge.Panel()
        .title(title)
        .description(description)
        .datasource(PROMETHEUS)
        .unit(unit)
        .min(0)
        .max(1)
        .span(width)
        .height(HEIGHT)
        .orientation(common_models.VizOrientation.HORIZONTAL)
        .display_mode(common_models.BarGaugeDisplayMode.BASIC)
        .thresholds(_thresholds(steps))
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]).fields("").values(False))
        .targets(_targets([query], instant=True))
    )


def rows_of(title: str, description: str, query: Query, columns: Sequence[str], *, width: int = 12) -> table.Panel:
    """Return a table with a line for each series as it is now, and its labels as columns."""
    kept = {"includeByName": dict.fromkeys(columns, True), "indexByName": {name: i for i, name in enumerate(columns)}}
    return (
        table.Panel()
        .title(title)
        .description(description)
        .datasource(PROMETHEUS)
        .unit("short")
        .span(width)
        .height(HEIGHT)
        .show_header(True)
        .targets(_targets([query], instant=True, form=PromQueryFormat.TABLE))
        .with_transformation(DataTransformerConfig(id_val="organize", options=kept))
    )


def _targets(
    queries: Sequence[Query], *, instant: bool = False, form: PromQueryFormat = PromQueryFormat.TIME_SERIES
) -> list[Builder[Dataquery]]:  # fmt: skip
    found: list[Builder[Dataquery]] = []
    for letter, query in zip("ABCDEFGH", queries, strict=False):
        target = prometheus.Dataquery().expr(query.expr).ref_id(letter).datasource(PROMETHEUS).format(form)
        target = target.legend_format(query.legend) if query.legend else target
        found.append(target.instant() if instant else target.range())
    return found


def _thresholds(steps: Sequence[tuple[float | None, str]]) -> dashboard.ThresholdsConfig:
    return dashboard.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps([Threshold(*step) for step in steps])
