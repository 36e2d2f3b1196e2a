"""Telemetry as the settings ask for it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Literal

from inferloop_synthetic.settings import Settings
from inferloop_synthetic.telemetry.audit import AnyAudit, AuditLog, NoAudit
from inferloop_synthetic.telemetry.backlog import Backlog, BacklogWatch
from inferloop_synthetic.telemetry.logs import fields
from inferloop_synthetic.telemetry.memory import MemoryWatch
from inferloop_synthetic.telemetry.metrics import AnyMetrics, Metrics, NoMetrics
from inferloop_synthetic.telemetry.tracing import Tracing, TracingTarget

EVERY_S = 5.0
_log = logging.getLogger(__name__)


class Heartbeat:
    """Calls functions every few seconds in a thread of its own, until it is closed."""

    def __init__(self, calls: Collection[Callable[[], object]], every_s: float = EVERY_S) -> None:
        self._calls, self._every_s, self._end = tuple(calls), every_s, threading.Event()
        self._thread = threading.Thread(target=self._run, name="telemetry", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._end.wait(self._every_s):
            for call in self._calls:
                try:
                    call()
                except OSError:
                    # A full disk or a process that ended while it was looked at; the next beat may do better.
                    _log.warning("a measurement failed", exc_info=True)

    def close(self) -> None:
        """Stop, and wait for a call that is under way."""
        self._end.set()
        self._thread.join()


@dataclass(frozen=True)
class Telemetry:
    """What the service tells of itself."""

    metrics: AnyMetrics
    audit: AnyAudit
    tracing: Tracing
    memory: MemoryWatch
    heartbeats: tuple[Heartbeat, ...]

    def close(self) -> None:
        """Send what was not sent yet."""
        for heartbeat in self.heartbeats:
            heartbeat.close()
        self.tracing.close()


def build_telemetry(
    settings: Settings,
    *,
    role: Literal["api", "worker"] = "api",
    engines: Collection[str] = (),
    backlog: Callable[[], Backlog] | None = None,
) -> Telemetry:
    """Return metrics, audit log, tracing and memory watch; the log itself is set up earlier, by `logs.configure`.

    `backlog` looks up the jobs that wait and run, for the metrics.
    """
    watched = settings.enable_resource_monitoring
    memory = MemoryWatch(settings.max_memory_usage_mb * 2**20 if watched and settings.max_memory_usage_mb else None)
    metrics: AnyMetrics = NoMetrics()
    heartbeats: list[Heartbeat] = []
    if settings.metrics_enabled:
        # The jobs of a worker are part of its tree of processes, which is measured beside it (see `exporter`).
        measured = watched and not (role == "worker" and settings.metrics_directory)
        watch = None if backlog is None else BacklogWatch(backlog)
        metrics = Metrics(
            settings.metrics_directory,
            engines=engines,
            memory=memory.used if measured else lambda: 0,
            backlog=(lambda: None) if watch is None else watch.last,
        )
        if watch is not None:
            watch.look()
            # In a thread of its own: a database that is silent must not hold up the measuring of memory.
            heartbeats.append(Heartbeat([watch.look]))
    audit: AnyAudit = AuditLog(settings.audit_log_path) if settings.enable_audit_logging else NoAudit()
    name = settings.trace_service or f"inferloop-synthetic-{settings.service}-{role}"
    target = TracingTarget(settings.otlp_endpoint, settings.trace_sample_ratio, name)
    calls: list[Callable[[], object]] = [memory.used] if watched else []
    calls += [metrics.refresh] if settings.metrics_enabled else []
    if not settings.enable_audit_logging:
        _log.warning("nothing is put on record", extra=fields(setting="GUARDIAN_ENABLE_AUDIT_LOGGING"))
    heartbeats += [Heartbeat(calls)] if calls else []
    return Telemetry(metrics, audit, target.open(), memory, tuple(heartbeats))
