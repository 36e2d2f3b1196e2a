"""What is told of work on jobs: the log names the job, the trace goes on from the request, and metrics count what happens."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from inferloop_synthetic.jobs.model import AnyReceipt, Job, State
from inferloop_synthetic.telemetry.logs import bind
from inferloop_synthetic.telemetry.metrics import AnyMetrics, failure_reason
from inferloop_synthetic.telemetry.parts import TraceContext, trace_context
from inferloop_synthetic.telemetry.tracing import AnyTracing, Attributes, Span

if TYPE_CHECKING:
    from contextlib import AbstractContextManager


class JobTelemetry:
    """Surrounds and counts the work on jobs of one process. A job counts as started once, however many workers it takes."""

    def __init__(self, metrics: AnyMetrics, tracing: AnyTracing) -> None:
        self._metrics, self._tracing = metrics, tracing
        self._reasons: dict[str, str] = {}
        self._counted: set[str] = set()

    def working(self, job: Job) -> AbstractContextManager[Span]:
        """Surround the work on a job."""
        return self._working(job)

    @contextmanager
    def _working(self, job: Job) -> Iterator[Span]:
        if job.attempt <= 1:
            self._metrics.started(_engine(job))
        attributes: Attributes = {"job.id": job.id, "job.attempt": job.attempt, "engine": _engine(job), "rows": job.rows}
        with (
            bind(job_id=job.id, attempt=job.attempt),
            self._metrics.task(),
            self._tracing.span("job", parent=job.trace, kind="consumer", attributes=attributes) as span,
        ):
            yield span

    def trace(self, job: Job) -> TraceContext | None:
        """Return what the parts of a job continue its trace by; asked within `working`."""
        return trace_context(self._tracing, job.id)

    def part_made(self, job: Job, receipt: AnyReceipt) -> None:
        """Count the rows of a part that is on record."""
        self._metrics.made(_engine(job), receipt.rows)

    def went_wrong(self, job: Job, error: BaseException) -> None:
        """Keep why a job fails, for when it has."""
        self._reasons[job.id] = failure_reason(error)

    def job_ended(self, job: Job) -> None:
        """Count how a job ended; told again of the same job, do nothing."""
        reason = self._reasons.pop(job.id, "error")
        if job.id in self._counted:
            return
        # A process is told again of a job at most while it ends it; ids are kept for a while, not for ever.
        self._counted = {job.id} if len(self._counted) > 1000 else self._counted | {job.id}
        if job.state is State.succeeded:
            self._metrics.succeeded(_engine(job), _seconds(job))
        elif job.state in {State.failed, State.cancelled}:
            self._metrics.failed(_engine(job), "cancelled" if job.state is State.cancelled else reason)
        verdict = _released(job)
        if verdict is not None:
            self._metrics.validated(verdict)


def _engine(job: Job) -> str:
    return str(job.spec.get("engine", "tabular"))


def _seconds(job: Job) -> float:
    """Return the time from the first attempt to the end."""
    return 0.0 if job.started is None or job.finished is None else (job.finished - job.started).total_seconds()


def _released(job: Job) -> bool | None:
    """Return whether the policy was kept by what a job made; None where nothing was judged."""
    results = (job.result or {}).get("results") or {}
    validation = results.get("validation") if isinstance(results, dict) else None
    verdict = validation.get("released") if isinstance(validation, dict) else None
    return verdict if isinstance(verdict, bool) else None
