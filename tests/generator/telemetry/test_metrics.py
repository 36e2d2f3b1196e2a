"""Metrics: every one that is promised, fed by what happens, added up over processes, with labels that callers cannot multiply."""

from __future__ import annotations

import errno
import math
import os
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from inferloop_synthetic.errors import ConstraintError, InputError
from inferloop_synthetic.jobs.errors import LeaseLost, StoreUnavailable
from inferloop_synthetic.security.errors import TooMany
from inferloop_synthetic.telemetry.backlog import FRESH_S, Backlog, BacklogWatch
from inferloop_synthetic.telemetry.memory import MemoryExceeded
from inferloop_synthetic.telemetry.metrics import FAILURES, Metrics, MetricsOff, NoMetrics, failure_reason

PROMISED = {
    "guardian_generations_total": "counter",
    "guardian_successful_generations_total": "counter",
    "guardian_failed_generations_total": "counter",
    "guardian_records_generated_total": "counter",
    "guardian_validation_pass_rate": "gauge",
    "guardian_memory_usage_bytes": "gauge",
    "guardian_active_tasks_total": "gauge",
    "guardian_request_rate_per_minute": "gauge",
    "guardian_generation_duration_seconds": "histogram",
    "guardian_jobs": "gauge",
    "guardian_oldest_queued_job_age_seconds": "gauge",
    "http_requests_total": "counter",
    "http_request_duration_seconds": "histogram",
}


def samples(text: bytes | str) -> dict[str, float]:
    """Return name{labels} -> value of an exposition, read by Prometheus' own parser."""
    found = {}
    for family in text_string_to_metric_families(text if isinstance(text, str) else text.decode()):
        for sample in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
    return found


@pytest.fixture
def metrics() -> Metrics:
    return Metrics(engines=("tabular", "ctgan"), memory=lambda: 123, backlog=lambda: Backlog(3, 1, 7.5))


@pytest.mark.parametrize("name", PROMISED)
def test_every_promised_metric_is_told_from_the_start(metrics: Metrics, name: str) -> None:
    metrics.http("GET", "/status", 200, 0.1)
    assert f"# TYPE {name} {PROMISED[name]}" in metrics.render()[0].decode()


def test_a_generation_that_ends_well_is_counted(metrics: Metrics) -> None:
    with metrics.generation("tabular") as generation:
        generation.records(700)
        generation.records(300)
        during = samples(metrics.render()[0])
    after = samples(metrics.render()[0])
    assert (during["guardian_active_tasks_total"], after["guardian_active_tasks_total"]) == (1, 0)
    assert during["guardian_successful_generations_total{engine=tabular}"] == 0
    assert after["guardian_generations_total{engine=tabular}"] == 1
    assert after["guardian_successful_generations_total{engine=tabular}"] == 1
    assert after["guardian_records_generated_total{engine=tabular}"] == 1000
    assert sum(value for name, value in after.items() if name.startswith("guardian_failed")) == 0


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (InputError("x"), "input"),
        (ConstraintError("x"), "constraint"),
        (MemoryError(), "memory"),
        (MemoryExceeded("x"), "memory"),
        (TimeoutError(), "timeout"),
        (OSError(errno.ENOSPC, "full"), "disk"),
        (OSError(errno.EINVAL, "odd"), "error"),
        (TooMany("x"), "input"),
        (KeyboardInterrupt(), "cancelled"),
        (LeaseLost("x"), "cancelled"),
        (ZeroDivisionError(), "error"),
    ],
)
def test_a_generation_that_fails_is_counted_by_why(metrics: Metrics, error: BaseException, reason: str) -> None:
    with pytest.raises(type(error)), metrics.generation("ctgan"):
        raise error
    after = samples(metrics.render()[0])
    assert after[f"guardian_failed_generations_total{{engine=ctgan,reason={reason}}}"] == 1
    assert after["guardian_successful_generations_total{engine=ctgan}"] == 0
    assert after["guardian_active_tasks_total"] == 0
    assert failure_reason(error) in FAILURES


def test_the_pass_rate_is_of_validations_and_unknown_before_the_first(metrics: Metrics) -> None:
    assert math.isnan(samples(metrics.render()[0])["guardian_validation_pass_rate"])
    for passed in (True, True, False, True):
        metrics.validated(passed)
    assert samples(metrics.render()[0])["guardian_validation_pass_rate"] == 0.75


def test_names_that_callers_make_up_add_no_series(metrics: Metrics) -> None:
    before = len(samples(metrics.render()[0]))
    for number in range(50):
        with metrics.generation(f"engine-{number}"):
            pass
        metrics.http(f"VERB{number}", "unmatched", 404, 0.1)
        metrics.refused(f"code-{number}")
        metrics.failed("tabular", f"reason-{number}")
    after = samples(metrics.render()[0])
    assert after["guardian_generations_total{engine=other}"] == 50
    assert after["http_requests_total{method=OTHER,route=unmatched,status=404}"] == 50
    histogram = len([name for name in after if name.startswith("http_request_duration_seconds")])
    assert len(after) == before + 1 + histogram


def test_requests_are_counted_and_timed_by_route(metrics: Metrics) -> None:
    for seconds in (0.15, 0.3, 0.004):
        metrics.http("GET", "/jobs/{job_id}", 200, seconds)
    after = samples(metrics.render()[0])
    assert after["http_requests_total{method=GET,route=/jobs/{job_id},status=200}"] == 3
    buckets = {
        bound: after[
            f"http_request_duration_seconds_bucket{{le={bound},method=GET,route=/jobs/{{job_id}},waits=false}}"
        ]
        for bound in ("0.005", "0.2", "0.5", "+Inf")
    }
    assert buckets == {"0.005": 1, "0.2": 2, "0.5": 3, "+Inf": 3}
    assert after["http_request_duration_seconds_sum{method=GET,route=/jobs/{job_id},waits=false}"] == pytest.approx(
        0.454
    )


def test_answers_that_take_as_long_as_what_was_asked_for_are_timed_apart(metrics: Metrics) -> None:
    metrics.http("POST", "/generate", 202, 0.1)
    metrics.http("POST", "/generate", 200, 40, waits=True)
    after = samples(metrics.render()[0])
    assert after["http_request_duration_seconds_sum{method=POST,route=/generate,waits=false}"] == pytest.approx(0.1)
    assert after["http_request_duration_seconds_sum{method=POST,route=/generate,waits=true}"] == 40


def test_generations_that_end_well_are_timed(metrics: Metrics) -> None:
    now = [100.0]
    metrics = Metrics(engines=("tabular",), clock=lambda: now[0])
    assert samples(metrics.render()[0])["guardian_generation_duration_seconds_count{engine=tabular}"] == 0
    with metrics.generation("tabular"):
        now[0] += 45
    with pytest.raises(InputError), metrics.generation("tabular"):
        raise InputError("x")
    after = samples(metrics.render()[0])
    assert after["guardian_generation_duration_seconds_bucket{engine=tabular,le=30.0}"] == 0
    assert after["guardian_generation_duration_seconds_bucket{engine=tabular,le=60.0}"] == 1
    assert after["guardian_generation_duration_seconds_count{engine=tabular}"] == 1


def test_the_queue_is_told_as_it_was_found() -> None:
    found: list[Backlog | None] = [Backlog(3, 1, 7.5)]
    metrics = Metrics(backlog=lambda: found[0])
    after = samples(metrics.render()[0])
    assert after["guardian_jobs{state=queued}"] == 3
    assert after["guardian_jobs{state=running}"] == 1
    assert after["guardian_oldest_queued_job_age_seconds"] == 7.5
    found[0] = None
    assert not [name for name in samples(metrics.render()[0]) if name.startswith(("guardian_jobs", "guardian_oldest"))]


def test_what_was_found_too_long_ago_is_not_told() -> None:
    now, gone = [0.0], [False]

    def measure() -> Backlog:
        if gone[0]:
            raise StoreUnavailable("the database is gone")
        return Backlog(1, 0, 2.0)

    watch = BacklogWatch(measure, lambda: now[0])
    assert watch.last() is None
    watch.look()
    gone[0], now[0] = True, FRESH_S
    watch.look()
    assert watch.last() == Backlog(1, 0, 2.0)
    now[0] = FRESH_S + 1
    assert watch.last() is None


def test_the_request_rate_is_of_the_last_sixty_seconds() -> None:
    now = [1000.0]
    metrics = Metrics(clock=lambda: now[0])
    rates = []
    for second in range(180):
        now[0] = 1000.0 + second
        if second < 90:
            metrics.http("GET", "/status", 200, 0.01)
        rates.append(samples(metrics.render()[0])["guardian_request_rate_per_minute"])
    assert rates[0] == 1
    assert rates[29] == 30
    assert rates[89] == 60
    assert rates[119] == 30
    assert rates[149] == rates[179] == 0


def test_memory_is_measured_when_asked() -> None:
    used = [100]
    metrics = Metrics(memory=lambda: used[0])
    used[0] = 4096
    assert samples(metrics.render()[0])["guardian_memory_usage_bytes"] == 4096


def test_switched_off_nothing_is_told_and_everything_goes_on() -> None:
    metrics = NoMetrics()
    with metrics.generation("tabular") as generation, metrics.task():
        generation.records(5)
    metrics.http("GET", "/", 200, 1)
    metrics.validated(True)
    with pytest.raises(MetricsOff) as caught:
        metrics.render()
    assert caught.value.status == 404


PROCESS = """
import os, sys
from pathlib import Path
from inferloop_synthetic.telemetry.metrics import Metrics
metrics = Metrics(Path(sys.argv[1]), engines=("tabular",), memory=lambda: int(sys.argv[2]))
for _ in range(int(sys.argv[3])):
    with metrics.generation("tabular") as generation:
        generation.records(10)
    metrics.http("GET", "/status", 200, 0.1)
metrics.validated(True)
metrics.refresh()
task = metrics.task()
task.__enter__()
print("ready", flush=True)
sys.stdin.readline()
if "render" in sys.argv:
    print(metrics.render()[0].decode(), end="", flush=True)
os._exit(0)
"""


class Processes:
    """Processes that count into one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.started = folder, []  # type: ignore[var-annotated]

    def start(self, *words: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", PROCESS, str(self.folder), *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        return process


@pytest.fixture
def processes(tmp_path: Path) -> Any:
    made = Processes(tmp_path / "metrics")
    yield made
    for process in made.started:
        process.kill()
        process.communicate()


def test_processes_add_up_and_those_that_ended_stay_counted(processes: Processes) -> None:
    ended, killed = processes.start("100", "3"), processes.start("1000", "4")
    ended.communicate("end\n")
    killed.kill()
    killed.wait()
    told = samples(processes.start("7", "2", "render").communicate("tell\n")[0])
    assert told["guardian_generations_total{engine=tabular}"] == 9
    assert told["guardian_records_generated_total{engine=tabular}"] == 90
    assert told["http_requests_total{method=GET,route=/status,status=200}"] == 9
    assert told["http_request_duration_seconds_count{method=GET,route=/status,waits=false}"] == 9
    assert told["guardian_validation_pass_rate"] == 1
    # What the two had under way or in memory when they ended is not there any more.
    assert told["guardian_active_tasks_total"] == 1
    assert told["guardian_memory_usage_bytes"] == 7
    assert told["guardian_request_rate_per_minute"] == 2


def test_gauges_of_living_processes_are_added(processes: Processes) -> None:
    processes.start("100", "1")
    told = samples(processes.start("7", "1", "render").communicate("tell\n")[0])
    assert told["guardian_active_tasks_total"] == 2
    assert told["guardian_memory_usage_bytes"] == 107
    assert told["guardian_request_rate_per_minute"] == 2


def test_what_ended_processes_leave_behind_does_not_grow(processes: Processes) -> None:
    counts = []
    for _ in range(3):
        told = processes.start("1", "1", "render").communicate("tell\n")[0]
        counts.append(samples(told)["guardian_generations_total{engine=tabular}"])
        left = {file.name.rpartition("_")[2] for file in processes.folder.glob("*.db")}
        assert len(left) <= 2
    assert counts == [1, 2, 3]


def test_a_folder_that_comes_too_late_is_an_error(tmp_path: Path) -> None:
    import prometheus_client  # noqa: F401

    with pytest.raises(InputError, match="loaded already"):
        Metrics(tmp_path)
    assert os.environ.get("PROMETHEUS_MULTIPROC_DIR") != str(tmp_path)


def test_a_worker_answers_on_a_port_of_its_own(metrics: Metrics) -> None:
    from servers import free_port

    port = free_port()
    stop = metrics.serve("127.0.0.1", port)
    try:
        with metrics.generation("tabular"):
            pass
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
            assert samples(answer.read())["guardian_generations_total{engine=tabular}"] == 1
    finally:
        stop()
