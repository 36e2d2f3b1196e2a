"""The trace of a job, handed on to whichever process makes its parts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from inferloop_synthetic.telemetry.logs import bind
from inferloop_synthetic.telemetry.tracing import AnyTracing, TracingTarget, read_traceparent

if TYPE_CHECKING:
    from inferloop_synthetic.telemetry.tracing import Tracing

PARENT, ENDPOINT, SERVICE, JOB = "TRACEPARENT", "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_SERVICE_NAME", "INFERLOOP_JOB_ID"
_FLUSH_MS = 2000


@dataclass(frozen=True)
class TraceContext:
    """Below which span the parts of a job belong, and where their spans go; plain values that travel to any process."""

    parent: str
    target: TracingTarget
    job_id: str = ""

    def environ(self) -> dict[str, str]:
        """Return it as variables, for containers."""
        found = {PARENT: self.parent, SERVICE: self.target.service, JOB: self.job_id}
        return found if self.target.endpoint is None else {**found, ENDPOINT: self.target.endpoint}

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> TraceContext | None:
        """Return what `environ` wrote, or None where nothing was."""
        parent = read_traceparent(environ.get(PARENT))
        if parent is None:
            return None
        target = TracingTarget(environ.get(ENDPOINT), service=environ.get(SERVICE) or TracingTarget.service)
        return cls(parent, target, environ.get(JOB, ""))


def trace_context(tracing: AnyTracing, job_id: str) -> TraceContext | None:
    """Return the span that this code runs in, for the parts of a job; None outside of traces."""
    parent = tracing.traceparent()
    return None if parent is None or tracing.target is None else TraceContext(parent, tracing.target, job_id)


@contextmanager
def part_span(context: TraceContext | None, *, index: int, rows: int) -> Iterator[None]:
    """Run the making of a part in a span below its job's; without a context, just run it."""
    if context is None:
        yield
        return
    with bind(job_id=context.job_id or None, part=index):
        if context.target.endpoint is None:
            yield
            return
        tracing = _opened(context.target)
        try:
            with tracing.span(
                "part", parent=context.parent, attributes={"job.id": context.job_id, "part.index": index, "part.rows": rows}
            ):
                yield
        finally:
            # Processes that make parts end without a word as soon as there is nothing to do; what they have is sent before.
            tracing.flush(_FLUSH_MS)


@lru_cache(maxsize=4)
def _opened(target: TracingTarget) -> Tracing:
    """A process makes many parts and sends all their spans through one connection."""
    return target.open()
