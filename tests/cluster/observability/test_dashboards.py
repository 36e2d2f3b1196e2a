"""Pages of Grafana: whole, within the grid, each panel with what a reader needs, and only rows that something feeds."""

from __future__ import annotations

import itertools
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

from .conftest import SERVICE, Charts, pages

COLUMNS = 24


@pytest.fixture(scope="session")
def all_pages(service_objects: list[Any], platform_objects: list[Any]) -> dict[str, dict[str, Any]]:
    """Every page that the charts bring."""
    return pages(service_objects) | pages(platform_objects)


def panels(page: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the panels of a page, without the headings of rows."""
    return [panel for panel in page["panels"] if panel["type"] != "row"]


def rows(page: dict[str, Any]) -> list[str]:
    """Return the headings of a page."""
    return [panel["title"] for panel in page["panels"] if panel["type"] == "row"]


def test_there_is_a_page_for_the_platform_for_logs_and_for_the_service(all_pages: dict[str, Any]) -> None:
    assert set(all_pages) == {"tabular.json", "inferloop-overview.json", "inferloop-logs.json"}


def test_grafanas_own_types_know_every_field(all_pages: dict[str, Any]) -> None:
    for page in all_pages.values():
        again = json.loads(JSONEncoder().encode(Dashboard.from_json(page)))
        assert again == page


def test_every_panel_has_what_a_reader_needs(all_pages: dict[str, Any]) -> None:
    for page in all_pages.values():
        for panel in panels(page):
            assert panel["title"]
            assert panel["description"].endswith("."), panel["title"]
            assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
            assert panel["targets"], panel["title"]
            sources = {panel["datasource"]["uid"], *(target["datasource"]["uid"] for target in panel["targets"])}
            offered = {f"${{{one['name']}}}" for one in page["templating"]["list"] if one["type"] == "datasource"}
            assert len(sources) == 1
            assert sources <= offered, panel["title"]


def test_panels_stay_within_the_grid_and_beside_each_other(all_pages: dict[str, Any]) -> None:
    for page in all_pages.values():
        taken: dict[tuple[int, int], str] = {}
        for panel in page["panels"]:
            at = panel["gridPos"]
            assert at["x"] + at["w"] <= COLUMNS, panel["title"]
            cells = itertools.product(range(at["x"], at["x"] + at["w"]), range(at["y"], at["y"] + at["h"]))
            for cell in cells:
                assert cell not in taken, f"{panel['title']} lies over {taken[cell]}"
                taken[cell] = panel["title"]
        # A row of panels fills the width: a gap is a panel that was forgotten or is too narrow.
        for _, group in itertools.groupby(
            sorted(panels(page), key=lambda one: one["gridPos"]["y"]), lambda one: one["gridPos"]["y"]
        ):
            assert sum(panel["gridPos"]["w"] for panel in group) == COLUMNS


def test_titles_and_numbers_are_of_one_panel_each(all_pages: dict[str, Any]) -> None:
    for page in all_pages.values():
        identifiers = [panel["id"] for panel in page["panels"]]
        assert len(set(identifiers)) == len(identifiers)
        titles = [panel["title"] for panel in panels(page)]
        assert len(set(titles)) == len(titles)


def test_pages_have_identifiers_that_grafana_takes_and_share_none(all_pages: dict[str, Any], charts: Charts) -> None:
    long = "a" * 40
    (page,) = pages(
        charts.rendered("modules/helm-release/chart", SERVICE | {"name": long}, namespace="inferloop")
    ).values()
    (other,) = pages(
        charts.rendered("modules/helm-release/chart", SERVICE | {"name": long}, namespace="inferloop2")
    ).values()
    found = [one["uid"] for one in (*all_pages.values(), page, other)]
    assert len(set(found)) == len(found)
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{1,40}", uid) for uid in found)


def test_nothing_is_left_to_be_filled_in(all_pages: dict[str, Any]) -> None:
    for page in all_pages.values():
        assert re.findall(r"__[A-Z]+__", json.dumps(page)) == []


def test_the_services_page_is_of_this_service(all_pages: dict[str, Any]) -> None:
    page = all_pages["tabular.json"]
    assert page["title"] == "tabular"
    selectors = re.findall(r'service="([^"]+)"', json.dumps(page).replace('\\"', '"'))
    assert set(selectors) == {"tabular"}


ALL = ["Availability", "Latency", "Requests", "Generation", "Queue", "Resources"]


@pytest.mark.parametrize(
    ("changes", "headings"),
    [
        ({}, ALL),
        ({"monitoring": {"slo": None}}, ALL[2:]),
        ({"monitoring": {"slo": {"availability": 99.5}}}, [ALL[0], *ALL[2:]]),
        ({"monitoring": {"slo": {"latencyP95Seconds": 1}}}, ALL[1:]),
        ({"processes": {"main": {"kind": "Deployment"}}}, ["Generation", "Resources"]),
    ],
    ids=["all", "no objectives", "availability", "latency", "worker alone"],
)
def test_rows_that_nothing_feeds_are_left_out(charts: Charts, changes: dict[str, Any], headings: list[str]) -> None:
    (page,) = pages(charts.service(**changes)).values()
    assert rows(page) == headings
    hundreds = {panel["id"] // 100 * 100 for panel in panels(page)}
    assert hundreds == {panel["id"] for panel in page["panels"] if panel["type"] == "row"}


def test_jobs_alone_have_no_page(charts: Charts) -> None:
    job = charts.service(processes={"main": {"kind": "Job", "command": ["true"]}})
    assert pages(job) == {}


def test_without_prices_no_cost_is_shown_and_without_loki_no_logs(charts: Charts) -> None:
    found = pages(charts.platform(prices=None, logs="elastic"))
    assert set(found) == {"inferloop-overview.json"}
    assert "Cost" not in rows(found["inferloop-overview.json"])
    assert "namespace_service:requests_cost:per_hour" not in json.dumps(found)
    with_prices = pages(charts.platform())["inferloop-overview.json"]
    assert "Cost" in rows(with_prices)
    assert "EUR" in json.dumps(with_prices)


def test_the_overview_shows_what_was_promised(all_pages: dict[str, Any]) -> None:
    headings = rows(all_pages["inferloop-overview.json"])
    assert headings == [
        "Health", "Requests", "Error budgets", "Generation", "Queues", "Services' resources", "Cluster", "Cost",
    ]  # fmt: skip


def test_the_files_are_what_the_code_writes(repository: Path) -> None:
    done = subprocess.run(
        [sys.executable, repository / "tools/dashboards/write.py", "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_logs_are_found_by_every_id_that_lines_have(all_pages: dict[str, Any]) -> None:
    page = all_pages["inferloop-logs.json"]
    boxes = {one["name"] for one in page["templating"]["list"] if one["type"] == "textbox"}
    assert boxes == {"trace_id", "request_id", "job_id", "text"}
    for panel in panels(page):
        (target,) = panel["targets"]
        for name in boxes:
            assert f"${name}" in target["expr"]
