"""One trace leads through everything that is told of a request: the logs of API and worker, and the spans that both send."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from collector import Collector
from servers import free_port

TRACE, CALLER = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
REQUEST = "request-0001"
ASKED = {"schema": {"id": "integer[1:1000]"}, "rows": 30, "part_rows": 10}


@pytest.fixture
def collector() -> Iterator[Collector]:
    """What spans are sent to."""
    started = Collector()
    yield started
    started.close()


@pytest.fixture
def environ(collector: Collector, tmp_path: Path) -> dict[str, str]:
    """The variables that the chart gives containers, and what keeps both processes on this machine."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GUARDIAN_", "OTEL_"))}
    return kept | {
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint,
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "OTEL_SERVICE_NAME": "tabular",
        "OTEL_TRACES_SAMPLER": "parentbased_traceidratio",
        # None of its own: a caller that traces is followed all the same.
        "OTEL_TRACES_SAMPLER_ARG": "0",
        "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=dev",
        "GUARDIAN_TEMP_DIR": str(tmp_path),
        "GUARDIAN_AUTHENTICATION": "off",
        "GUARDIAN_RUN_JOBS": "false",
    }


def program(*arguments: str) -> list[str]:
    """Return the command line of the service's own program."""
    return [sys.executable, "-m", "inferloop_synthetic", *arguments]


def lines(text: str) -> list[dict[str, Any]]:
    """Return the lines of a log."""
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def submit(environ: dict[str, str]) -> tuple[str, str]:
    """Ask a server for a job, as a caller that traces; return the job's id and the server's log."""
    port = free_port()
    server = subprocess.Popen(program("serve", "--port", str(port)), env=environ, stderr=subprocess.PIPE, text=True)
    assert server.stderr is not None
    told = []
    for line in server.stderr:
        told.append(line)
        if "Uvicorn running" in line:
            break
    headers = {
        "Content-Type": "application/json",
        "traceparent": f"00-{TRACE}-{CALLER}-01",
        "X-Request-ID": REQUEST,
    }
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/generate", json.dumps(ASKED).encode(), headers, method="POST"
    )
    try:
        with urllib.request.urlopen(request) as answer:
            assert answer.headers["X-Request-ID"] == REQUEST
            job = json.load(answer)["id"]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz"):
            pass
    finally:
        server.terminate()
        rest = server.communicate()[1]
    return job, "".join(told) + rest


def test_a_callers_trace_is_in_every_line_and_span_from_the_request_to_the_last_part(
    environ: dict[str, str], collector: Collector
) -> None:
    job, told = submit(environ)
    worker = subprocess.run(program("worker", "--burst"), env=environ, capture_output=True, text=True, check=True)

    (access,) = [line for line in lines(told) if line.get("route") == "/generate"]
    assert (access["trace_id"], access["request_id"], access["http_status"]) == (TRACE, REQUEST, 202)

    about_the_job = [line for line in lines(worker.stderr) if job in line["message"]]
    assert about_the_job
    assert {line.get("trace_id") for line in about_the_job} == {TRACE}
    assert {line.get("job_id") for line in about_the_job} == {job}

    spans = {span["name"]: span for span in collector.spans}
    assert {span["trace"] for span in collector.spans} == {TRACE}
    assert {span["service"] for span in collector.spans} == {"tabular"}
    assert spans["POST"]["parent"] == CALLER
    assert spans["POST"]["id"] == access["span_id"]
    assert spans["job"]["parent"] == spans["POST"]["id"]
    assert spans["job"]["id"] in {line["span_id"] for line in about_the_job}
    assert [span["parent"] for span in collector.spans if span["name"] == "part"] == [spans["job"]["id"]] * 3
