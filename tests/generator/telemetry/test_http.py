"""What is told of every request, whatever becomes of it."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import PlainTextResponse, StreamingResponse
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from starlette.testclient import TestClient

from inferloop_synthetic.telemetry.http import ObservedRequests
from inferloop_synthetic.telemetry.logs import JsonFormatter
from inferloop_synthetic.telemetry.metrics import Metrics
from inferloop_synthetic.telemetry.tracing import Tracing, TracingTarget, make_provider

CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class Observed:
    """An application behind the middleware, and all that it tells."""

    def __init__(self, caplog: pytest.LogCaptureFixture) -> None:
        self.exporter, self.metrics, self._caplog = InMemorySpanExporter(), Metrics(), caplog
        app, below = FastAPI(), APIRouter(prefix="/below")

        @app.get("/jobs/{job_id}")
        def job(job_id: str) -> str:
            logging.getLogger("inferloop_synthetic.handler").info("within")
            return job_id

        @below.get("/{name}/deep")
        def deep(name: str) -> str:
            return name

        @app.get("/health")
        def health() -> str:
            return "ok"

        @app.get("/broken")
        def broken() -> str:
            raise ValueError("Ann Smith")

        @app.get("/stream")
        def stream() -> StreamingResponse:
            def rows() -> Any:
                yield b"1\n"
                raise ValueError("Ann Smith")

            return StreamingResponse(rows())

        @app.get("/headers")
        def headers(request: Request) -> PlainTextResponse:
            request.state.response_headers = {"RateLimit": "x", "Content-Type": "evil"}
            return PlainTextResponse("x")

        app.include_router(below)
        tracing = Tracing(make_provider(TracingTarget(None), self.exporter))
        self.client = TestClient(
            ObservedRequests(app, metrics=self.metrics, tracing=tracing), raise_server_exceptions=False
        )

    def lines(self, logger: str = "inferloop_synthetic.access") -> list[dict[str, Any]]:
        return [json.loads(JsonFormatter().format(record)) for record in self._caplog.records if record.name == logger]

    def count(self, labels: str) -> bool:
        return f"http_requests_total{{{labels}}}" in self.metrics.render()[0].decode()


@pytest.fixture
def observed(caplog: pytest.LogCaptureFixture) -> Observed:
    caplog.set_level(logging.DEBUG)
    return Observed(caplog)


@pytest.mark.parametrize(
    ("path", "method", "status", "route"),
    [
        ("/jobs/7", "GET", 200, "/jobs/{job_id}"),
        ("/below/ann/deep", "GET", 200, "/below/{name}/deep"),
        ("/jobs/7", "POST", 405, None),
        ("/nothing/ann-smith?name=Ann", "GET", 404, "unmatched"),
        ("/broken", "GET", 500, "/broken"),
    ],
)
def test_requests_are_told_by_route_and_never_by_path(
    observed: Observed, path: str, method: str, status: int, route: str | None
) -> None:
    assert observed.client.request(method, path).status_code == status
    (line,) = observed.lines()
    assert line["http_status"] == status
    if route is not None:
        assert line["route"] == route
        assert observed.count(f'method="{method}",route="{route}",status="{status}"')
    (span,) = observed.exporter.get_finished_spans()
    assert span.attributes["http.response.status_code"] == status
    assert "Ann" not in json.dumps(line) + span.to_json() + observed.metrics.render()[0].decode()


def test_everything_within_a_request_names_it(observed: Observed) -> None:
    answer = observed.client.get("/jobs/7", headers={"X-Request-ID": "request-0001", "traceparent": CALLER})
    assert answer.headers["X-Request-ID"] == "request-0001"
    (span,) = observed.exporter.get_finished_spans()
    assert f"{span.context.trace_id:032x}" == CALLER[3:35]


@pytest.mark.parametrize(
    "given", ["short", "x" * 65, "with space in it", "new\tline-0001", "ünïcödé-0001".encode(), ""]
)
def test_request_ids_that_are_none_are_replaced(observed: Observed, given: Any) -> None:
    answer = observed.client.get("/health", headers={"X-Request-ID": given})
    assert len(answer.headers["X-Request-ID"]) == 32


def test_made_up_methods_share_a_series(observed: Observed) -> None:
    for method in ("BREW", "PROPFIND", "X" * 50):
        observed.client.request(method, "/nothing")
    assert observed.count('method="OTHER",route="unmatched",status="404"')
    assert "BREW" not in observed.metrics.render()[0].decode()


def test_an_answer_that_breaks_off_is_told(observed: Observed) -> None:
    with pytest.raises(ValueError, match="Ann"):
        TestClient(observed.client.app).get("/stream")
    assert [line["route"] for line in observed.lines()] == ["/stream"]
    assert "Ann" not in observed.exporter.get_finished_spans()[0].to_json()


def test_probes_are_counted_and_neither_traced_nor_told_at_info(
    observed: Observed, caplog: pytest.LogCaptureFixture
) -> None:
    observed.client.get("/health")
    assert observed.exporter.get_finished_spans() == ()
    assert [record.levelname for record in caplog.records if record.name == "inferloop_synthetic.access"] == ["DEBUG"]
    assert observed.count('method="GET",route="/health",status="200"')


@pytest.mark.parametrize("path", ["/health", "/healthz", "/ready", "/readyz", "/metrics"])
def test_what_machines_ask_every_few_seconds_makes_no_spans(observed: Observed, path: str) -> None:
    observed.client.get(path)
    assert observed.exporter.get_finished_spans() == ()


def test_headers_of_the_answer_are_added_and_never_replaced(observed: Observed) -> None:
    answer = observed.client.get("/headers")
    assert answer.headers["RateLimit"] == "x"
    assert answer.headers["Content-Type"].startswith("text/plain")
