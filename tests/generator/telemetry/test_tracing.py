"""Traces: one from the request over the queue to each part, also where those are other processes; and what spans never hold."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from collector import Collector
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from inferloop_synthetic.executors.in_process import InProcess
from inferloop_synthetic.executors.processes import Processes
from inferloop_synthetic.jobs.database import open_database
from inferloop_synthetic.jobs.model import State
from inferloop_synthetic.jobs.store import JobStore
from inferloop_synthetic.jobs.worker import WorkerContext, work_on
from inferloop_synthetic.pipeline.destination import open_destination
from inferloop_synthetic.telemetry.jobs import JobTelemetry
from inferloop_synthetic.telemetry.logs import bound
from inferloop_synthetic.telemetry.metrics import Metrics
from inferloop_synthetic.telemetry.parts import TraceContext
from inferloop_synthetic.telemetry.tracing import NoTracing, Tracing, TracingTarget, make_provider, read_traceparent

CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def tracing(exporter: InMemorySpanExporter) -> Tracing:
    return Tracing(make_provider(TracingTarget(None), exporter))


def test_a_span_goes_on_with_the_callers_trace(tracing: Tracing, exporter: InMemorySpanExporter) -> None:
    with tracing.span("GET", parent=CALLER, kind="server"):
        inner = tracing.traceparent()
    (span,) = exporter.get_finished_spans()
    assert f"{span.context.trace_id:032x}" == CALLER[3:35]
    assert f"{span.parent.span_id:016x}" == CALLER[36:52]
    assert inner == f"00-{CALLER[3:35]}-{span.context.span_id:016x}-01"


@pytest.mark.parametrize(
    "text",
    ["", "nonsense", CALLER.upper(), CALLER[:-1], CALLER + "-00", "01" + CALLER[2:], CALLER.replace("0af7651916cd43dd8448eb211c80319c", "0" * 32),
     CALLER.replace("b7ad6b7169203331", "0" * 16), CALLER + "\n", "x" * 100_000],
)  # fmt: skip
def test_what_is_no_traceparent_begins_a_trace_of_its_own(
    tracing: Tracing, exporter: InMemorySpanExporter, text: str
) -> None:
    with tracing.span("GET", parent=text):
        pass
    (span,) = exporter.get_finished_spans()
    assert span.parent is None


def test_spans_within_spans_are_below_them(tracing: Tracing, exporter: InMemorySpanExporter) -> None:
    with tracing.span("outer"), tracing.span("inner"):
        pass
    inner, outer = exporter.get_finished_spans()
    assert inner.parent.span_id == outer.context.span_id


def test_a_given_parent_wins_over_the_surrounding_span(tracing: Tracing, exporter: InMemorySpanExporter) -> None:
    with tracing.span("request"), tracing.span("job", parent=CALLER):
        pass
    assert f"{exporter.get_finished_spans()[0].context.trace_id:032x}" == CALLER[3:35]


def test_a_failed_span_tells_the_kind_of_error_and_not_its_text(
    tracing: Tracing, exporter: InMemorySpanExporter
) -> None:
    with pytest.raises(ValueError, match="Ann"), tracing.span("part"):
        raise ValueError("could not convert 'Ann Smith'")
    (span,) = exporter.get_finished_spans()
    assert span.status.status_code is StatusCode.ERROR
    assert span.attributes["error.type"] == "builtins.ValueError"
    assert span.events == ()
    assert "Ann" not in span.to_json()


def test_attributes_have_known_names_only(tracing: Tracing) -> None:
    with pytest.raises(ValueError, match="not an attribute"), tracing.span("x", attributes={"cell": "Ann"}):
        pass
    with pytest.raises(ValueError, match="not an attribute"), tracing.span("x") as span:
        span.set({"cell": "Ann"})


def test_logs_name_the_span_that_they_are_written_in(tracing: Tracing) -> None:
    with tracing.span("x", parent=CALLER):
        assert bound()["trace_id"] == CALLER[3:35]
    assert "trace_id" not in bound()


def test_without_tracing_the_trace_is_still_handed_on() -> None:
    tracing = NoTracing()
    with tracing.span("request", parent=CALLER):
        handed = tracing.traceparent()
        assert handed is not None
        assert read_traceparent(handed) == handed
        assert handed[3:35] == CALLER[3:35]
    with tracing.span("alone"), tracing.span("inner"):
        assert bound()["trace_id"] == str(tracing.traceparent())[3:35]


def test_nothing_global_is_changed(tracing: Tracing) -> None:
    from opentelemetry import trace

    with tracing.span("x"):
        pass
    assert not isinstance(trace.get_tracer_provider(), type(tracing._provider))


@pytest.fixture
def collector() -> Iterator[Collector]:
    started = Collector()
    yield started
    started.close()


@pytest.mark.parametrize("executor", [InProcess(threads=1), Processes(workers=2)], ids=["in-process", "processes"])
def test_one_trace_leads_from_the_request_through_the_queue_to_every_part(
    collector: Collector, tmp_path: Path, executor: Any
) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'jobs.db'}")
    database.migrate()
    store = JobStore(database)
    target = TracingTarget(collector.endpoint)
    api, worker = target.open(), target.open()
    spec = {"schema": {"columns": [{"name": "id", "kind": "integer"}]}, "rows": 30, "part_rows": 10, "format": "csv"}
    with api.span("POST", parent=CALLER, kind="server"):
        job = store.create(spec, "key:ann", rows=30, trace=api.traceparent()).job
    api.close()

    metrics = Metrics(engines=("tabular",))
    context = WorkerContext(
        store=store,
        destination_for=lambda job_id: open_destination(str(tmp_path / "results" / job_id)),
        folder_for=lambda job_id: tmp_path / "work" / job_id,
        executor=executor,
        observer=JobTelemetry(metrics, worker),
    )
    done = work_on(job.id, context)
    worker.close()
    database.close()
    assert done is not None
    assert done.state is State.succeeded, done.error

    by_name: dict[str, list[dict[str, Any]]] = {}
    for span in collector.spans:
        by_name.setdefault(span["name"], []).append(span)
    assert {name: len(spans) for name, spans in by_name.items()} == {"POST": 1, "job": 1, "part": 3}
    assert {span["trace"] for span in collector.spans} == {CALLER[3:35]}
    assert by_name["POST"][0]["parent"] == CALLER[36:52]
    assert by_name["job"][0]["parent"] == by_name["POST"][0]["id"]
    assert {span["parent"] for span in by_name["part"]} == {by_name["job"][0]["id"]}
    assert {span["part"] for span in by_name["part"]} == {0, 1, 2}
    elsewhere = {span["process"] for span in by_name["part"]} - {by_name["job"][0]["process"]}
    assert bool(elsewhere) == isinstance(executor, Processes)

    told = metrics.render()[0].decode()
    assert 'guardian_generations_total{engine="tabular"} 1.0' in told
    assert 'guardian_successful_generations_total{engine="tabular"} 1.0' in told
    assert 'guardian_records_generated_total{engine="tabular"} 30.0' in told


def test_containers_take_the_trace_from_their_variables(collector: Collector) -> None:
    context = TraceContext(CALLER, TracingTarget(collector.endpoint, service="worker"), "job-1")
    program = (
        "import os; from inferloop_synthetic.telemetry.parts import *\n"
        "with part_span(TraceContext.from_environ(os.environ), index=7, rows=5): pass\n"
        "os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", program], env=context.environ(), check=True)
    (span,) = collector.spans
    assert (span["name"], span["trace"], span["parent"], span["part"]) == ("part", CALLER[3:35], CALLER[36:52], 7)


def test_variables_and_context_say_the_same() -> None:
    context = TraceContext(CALLER, TracingTarget("http://collector:4318", service="worker"), "job-1")
    assert TraceContext.from_environ(context.environ()) == context
    assert TraceContext.from_environ({}) is None
    assert TraceContext.from_environ({"TRACEPARENT": "nonsense"}) is None


def test_a_collector_that_is_not_there_stops_no_part(tmp_path: Path) -> None:
    from inferloop_synthetic.telemetry.parts import part_span

    made = []
    with part_span(TraceContext(CALLER, TracingTarget("http://127.0.0.1:1"), "job"), index=0, rows=1):
        made.append(1)
    assert made == [1]


def test_only_the_share_asked_for_is_traced(exporter: InMemorySpanExporter) -> None:
    tracing = Tracing(make_provider(TracingTarget(None, ratio=0.0), exporter))
    with tracing.span("own"):
        handed = tracing.traceparent()
    assert exporter.get_finished_spans() == ()
    assert handed is not None
    assert read_traceparent(handed) == handed
    assert int(handed[-2:], 16) & 1 == 0  # the flag `sampled`
