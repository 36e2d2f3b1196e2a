"""Metrics for Prometheus, fed by what happens, added up over the processes of a container.

Processes add up through files in one folder (prometheus_client's multi-process mode). That folder has to be known before
prometheus_client is first imported, so nothing here imports it earlier than it is needed.
"""

from __future__ import annotations

import errno
import math
import os
import sys
import threading
import time
from asyncio import CancelledError
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from inferloop_synthetic.errors import ConstraintError, InputError, ModelFileError
from inferloop_synthetic.jobs.errors import LeaseLost
from inferloop_synthetic.security.errors import Refused
from inferloop_synthetic.telemetry.backlog import Backlog
from inferloop_synthetic.telemetry.memory import MemoryExceeded

if TYPE_CHECKING:
    from prometheus_client import Metric

FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
ENDED = "0"
"""Stands for all processes that ended, where file names have a process's number; no process has this one."""
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.8, 1, 1.5, 2, 2.5, 5, 10, 30, 60)
"""Of latencies in seconds; an objective is measured exactly where it is one of them."""
GENERATION_BUCKETS = (0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200)
"""Of generations in seconds, from rows made while the caller waits to jobs of hours."""
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
REFUSALS = frozenset({"unauthenticated", "forbidden", "rate-limited"})
FAILURES = ("input", "constraint", "memory", "disk", "timeout", "cancelled", "error")
WINDOW_S = 60
_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS}


class MetricsOff(Refused):
    """Metrics are switched off."""

    status = 404
    code = "metrics-off"
    title = "Metrics are off"


class Generation(Protocol):
    """A generation that is under way."""

    def records(self, rows: int) -> None:
        """Count rows that were made."""
        ...


class Metrics:
    """The metrics of one process; `render` gives those of all processes that share the folder."""

    def __init__(
        self,
        directory: Path | None = None,
        *,
        engines: Collection[str] = (),
        memory: Callable[[], int] = lambda: 0,
        backlog: Callable[[], Backlog | None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._directory, self._engines, self._memory, self._backlog = directory, frozenset(engines), memory, backlog
        self._clock, self._rate = clock, RecentRequests(clock)
        if directory is not None:
            _share(directory)
        from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

        self._registry = CollectorRegistry()
        own: dict[str, Any] = {"registry": self._registry}
        live: dict[str, Any] = {**own, "multiprocess_mode": "livesum"}
        by_engine = {**own, "labelnames": ["engine"]}
        self._generations = Counter("guardian_generations", "Generations that were started.", **by_engine)
        self._succeeded = Counter("guardian_successful_generations", "Generations that ended well.", **by_engine)
        self._failed = Counter("guardian_failed_generations", "Generations that failed, by why.", ["engine", "reason"], **own)
        self._generation_seconds = Histogram(
            "guardian_generation_duration_seconds", "Time from begin to end of generations that ended well.",
            buckets=GENERATION_BUCKETS, **by_engine,
        )  # fmt: skip
        self._records = Counter("guardian_records_generated", "Rows that were made.", **by_engine)
        self._validations = Counter("guardian_validations", "Validations, by whether the policy was kept.", ["outcome"], **own)
        self._refused = Counter("guardian_refused_requests", "Requests refused, by why.", ["reason"], **own)
        self._active = Gauge("guardian_active_tasks_total", "Generations and validations under way.", **live)
        self._memory_used = Gauge("guardian_memory_usage_bytes", "Resident memory, with that of child processes.", **live)
        self._request_rate = Gauge("guardian_request_rate_per_minute", "Requests of the last 60 seconds.", **live)
        where = ["method", "route", "status"]
        self._http = Counter("http_requests", "Requests answered.", where, **own)
        self._seconds = Histogram(
            "http_request_duration_seconds", "Time to the end of the answer.", [*where[:2], "waits"], buckets=BUCKETS, **own
        )
        self._start_at_zero()

    def _start_at_zero(self) -> None:
        """Have every series from the start: a rate over a counter that appears with its first event misses that event."""
        for engine in (*sorted(self._engines), "other"):
            for metric in (self._generations, self._succeeded, self._records, self._generation_seconds):
                metric.labels(engine)
            for reason in FAILURES:
                self._failed.labels(engine, reason)
        for outcome in ("passed", "failed"):
            self._validations.labels(outcome)
        for refusal in sorted(REFUSALS):
            self._refused.labels(refusal)

    @contextmanager
    def task(self) -> Iterator[None]:
        """Count a task as active while the block runs."""
        self._active.inc()
        try:
            yield
        finally:
            self._active.dec()

    @contextmanager
    def generation(self, engine: str) -> Iterator[Generation]:
        """Count a generation: as active while the block runs, as failed when it raises, as successful otherwise."""
        self.started(engine)
        begin = self._clock()
        try:
            with self.task():
                yield _Generation(self, engine)
        except BaseException as error:
            self.failed(engine, failure_reason(error))
            raise
        self.succeeded(engine, self._clock() - begin)

    def started(self, engine: str) -> None:
        """Count a generation that begins."""
        self._generations.labels(self._known(engine)).inc()

    def made(self, engine: str, rows: int) -> None:
        """Count rows that were made."""
        self._records.labels(self._known(engine)).inc(rows)

    def succeeded(self, engine: str, seconds: float) -> None:
        """Count a generation that ended well, and how long it took."""
        self._succeeded.labels(self._known(engine)).inc()
        self._generation_seconds.labels(self._known(engine)).observe(seconds)

    def failed(self, engine: str, reason: str) -> None:
        """Count a generation that did not, by one of FAILURES."""
        self._failed.labels(self._known(engine), reason if reason in FAILURES else "error").inc()

    def _known(self, engine: str) -> str:
        """Callers may write any name for an engine: labels are of those that are installed."""
        return engine if engine in self._engines else "other"

    def validated(self, passed: bool) -> None:
        """Count a validation by whether its policy was kept."""
        self._validations.labels("passed" if passed else "failed").inc()

    def refused(self, code: str) -> None:
        """Count a request that was refused, by the code of the refusal."""
        if code in REFUSALS:
            self._refused.labels(code).inc()

    def http(self, method: str, route: str, status: int, seconds: float, *, waits: bool = False) -> None:
        """Count an answered request; `route` is the template of its path, never the path.

        `waits` says that the answer takes as long as what was asked for: rows made at once, a validation, a download.
        """
        verb = method if method in METHODS else "OTHER"
        self._http.labels(verb, route, str(status)).inc()
        self._seconds.labels(verb, route, "true" if waits else "false").observe(seconds)
        self._rate.add()

    def refresh(self) -> None:
        """Measure what is measured and not counted; called before rendering, and now and then where processes add up."""
        self._memory_used.set(self._memory())
        self._request_rate.set(self._rate.count())

    def collect(self) -> Iterable[Metric]:
        """Yield the metrics of all processes."""
        from prometheus_client import Metric

        self.refresh()
        counts = {"passed": 0.0, "failed": 0.0}
        for metric in self._all():
            if metric.name == "guardian_validations":
                for sample in metric.samples:
                    if sample.name == "guardian_validations_total":
                        counts[sample.labels["outcome"]] = sample.value
            # When the series began is of this process only, and of no use beside sums.
            metric.samples = [sample for sample in metric.samples if not sample.name.endswith("_created")]
            yield metric
        total = sum(counts.values())
        rate = Metric("guardian_validation_pass_rate", "Share of validations whose policy was kept.", "gauge")
        rate.add_sample("guardian_validation_pass_rate", {}, counts["passed"] / total if total else math.nan)
        yield rate
        yield from self._queue()

    def _queue(self) -> Iterator[Metric]:
        """Yield what is known of the queue: the same from every process, as all look into the same database."""
        from prometheus_client import Metric

        found = self._backlog()
        if found is None:
            return
        jobs = Metric("guardian_jobs", "Jobs of all replicas that wait or run.", "gauge")
        for state, number in (("queued", found.queued), ("running", found.running)):
            jobs.add_sample("guardian_jobs", {"state": state}, number)
        yield jobs
        oldest = Metric("guardian_oldest_queued_job_age_seconds", "Age of the job that has waited longest.", "gauge")
        oldest.add_sample("guardian_oldest_queued_job_age_seconds", {}, found.oldest_s)
        yield oldest

    def _all(self) -> list[Metric]:
        if self._directory is None:
            return list(self._registry.collect())
        from prometheus_client.multiprocess import MultiProcessCollector

        with _settled(self._directory):
            return list(MultiProcessCollector(None, path=str(self._directory)).collect())  # type: ignore[no-untyped-call]

    def render(self) -> tuple[bytes, str]:
        """Return the metrics as text, and its media type."""
        from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

        return generate_latest(self), CONTENT_TYPE_LATEST

    def serve(self, host: str, port: int) -> Callable[[], None]:
        """Answer GET /metrics on a port of its own, for workers; returns what stops it."""
        from prometheus_client import start_http_server

        server, thread = start_http_server(port, host, registry=self)

        def stop() -> None:
            server.shutdown()
            server.server_close()
            thread.join()

        return stop


class NoMetrics:
    """Takes every event and tells nothing."""

    @contextmanager
    def task(self) -> Iterator[None]:
        """Run the block."""
        yield

    @contextmanager
    def generation(self, engine: str) -> Iterator[Generation]:
        """Run the block."""
        yield _Generation(self, engine)

    def started(self, engine: str) -> None:
        """Take the event."""

    def made(self, engine: str, rows: int) -> None:
        """Take the event."""

    def succeeded(self, engine: str, seconds: float) -> None:
        """Take the event."""

    def failed(self, engine: str, reason: str) -> None:
        """Take the event."""

    def validated(self, passed: bool) -> None:
        """Take the event."""

    def refused(self, code: str) -> None:
        """Take the event."""

    def http(self, method: str, route: str, status: int, seconds: float, *, waits: bool = False) -> None:
        """Take the event."""

    def refresh(self) -> None:
        """Measure nothing."""

    def render(self) -> tuple[bytes, str]:
        """Raise MetricsOff."""
        raise MetricsOff("This service tells no metrics.", hint="Operators: set GUARDIAN_METRICS_ENABLED=true.")

    def serve(self, host: str, port: int) -> Callable[[], None]:
        """Open no port."""
        return lambda: None


AnyMetrics = Metrics | NoMetrics


class RecentRequests:
    """Counts events of the last 60 seconds in 60 numbers."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._counts: dict[int, int] = {}

    def add(self) -> None:
        """Count one event now."""
        with self._lock:
            second = int(self._clock())
            if second not in self._counts:
                self._counts = {at: count for at, count in self._counts.items() if at > second - WINDOW_S}
            self._counts[second] = self._counts.get(second, 0) + 1

    def count(self) -> int:
        """Return the events of the last 60 seconds."""
        with self._lock:
            since = int(self._clock()) - WINDOW_S
            return sum(count for at, count in self._counts.items() if at > since)


def failure_reason(error: BaseException) -> str:
    """Return which of FAILURES an exception is."""
    from inferloop_synthetic.pipeline.make import Cancelled

    kinds: tuple[tuple[tuple[type[BaseException], ...], str], ...] = (
        ((TimeoutError,), "timeout"),
        ((MemoryError, MemoryExceeded), "memory"),
        ((ConstraintError,), "constraint"),
        ((InputError, ModelFileError), "input"),
        ((KeyboardInterrupt, SystemExit, GeneratorExit, CancelledError, Cancelled, LeaseLost), "cancelled"),
    )
    found = next((reason for kind, reason in kinds if isinstance(error, kind)), None)
    if found is not None:
        return found
    status = getattr(error, "status", None)  # of errors that are answers already
    if isinstance(status, int):
        return {504: "timeout", 507: "disk"}.get(status, "input" if status < 500 else "error")
    return "disk" if isinstance(error, OSError) and error.errno in _DISK else "error"


@dataclass(frozen=True)
class _Generation:
    metrics: AnyMetrics
    engine: str

    def records(self, rows: int) -> None:
        self.metrics.made(self.engine, rows)


def _share(directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    if "prometheus_client.values" in sys.modules and os.environ.get(FOLDER_VARIABLE) != str(directory):
        raise InputError(
            f"GUARDIAN_METRICS_DIRECTORY={directory}: prometheus_client is loaded already and counts in this process only; "
            f"set {FOLDER_VARIABLE} to the same folder before the program starts"
        )
    os.environ[FOLDER_VARIABLE] = str(directory)


@contextmanager
def _settled(directory: Path) -> Iterator[None]:
    """Hold the folder while it is read, with what ended processes left behind added up.

    A worker runs each job in a process of its own: their files would become too many to read. The gauges of processes that
    ended are thrown away, as what they had under way is not under way any more.
    """
    import fcntl

    descriptor = os.open(directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        for file in directory.glob("*.db"):
            kind, _, pid = file.stem.rpartition("_")
            if pid.isdigit() and pid != ENDED and not _alive(int(pid)):
                if kind in {"counter", "histogram"}:
                    _add_up(file, directory / f"{kind}_{ENDED}.db")
                file.unlink()
        yield
    finally:
        os.close(descriptor)


def _add_up(file: Path, into: Path) -> None:
    from prometheus_client.mmap_dict import MmapedDict

    total = MmapedDict(str(into))  # type: ignore[no-untyped-call]
    try:
        for key, value, _, _ in MmapedDict.read_all_values_from_file(str(file)):  # type: ignore[no-untyped-call]
            before, _ = total.read_value(key)  # type: ignore[no-untyped-call]
            total.write_value(key, before + value, 0.0)  # type: ignore[no-untyped-call]
    finally:
        total.close()  # type: ignore[no-untyped-call]


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
