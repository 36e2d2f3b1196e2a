"""Traces by OpenTelemetry: from the request through the queue to the job and its parts.

A trace goes from process to process as text, W3C `traceparent` (`00-<trace>-<span>-01`): in the header of a request, in the
column `trace` of a job, in what a part is started with.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from inferloop_synthetic.errors import InputError
from inferloop_synthetic.telemetry.logs import bind, bound

if TYPE_CHECKING:
    from opentelemetry import trace
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter

Kind = Literal["internal", "server", "client", "producer", "consumer"]
Attributes = Mapping[str, str | int | float | bool | None]
ATTRIBUTES = frozenset(
    """http.request.method http.route http.response.status_code error.type job.id job.attempt job.state part.index part.rows
    part.bytes rows engine format executor messaging.system messaging.operation.name service.role worker.id""".split()  # noqa: SIM905 (reads better)
)
"""What spans may carry. None of these ever holds a value out of a table."""
_TRACEPARENT = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}")
_LONGEST_TEXT = 200


class Span(Protocol):
    """A span that is under way."""

    def set(self, attributes: Attributes) -> None:
        """Add attributes."""
        ...


@dataclass(frozen=True)
class TracingTarget:
    """Where spans go, as plain values that can be sent to another process; `open` makes tracing there."""

    endpoint: str | None
    ratio: float = 1.0
    service: str = "inferloop-synthetic"

    def open(self) -> Tracing:
        """Return tracing that exports there; without an endpoint spans are made (logs name them) and not exported."""
        return Tracing(make_provider(self), self)


def read_traceparent(text: str | None) -> str | None:
    """Return a traceparent that can be used, or None."""
    return text if text is not None and _TRACEPARENT.fullmatch(text) else None


class Tracing:
    """Makes spans through a provider of its own; nothing global is touched."""

    def __init__(self, provider: TracerProvider, target: TracingTarget | None = None) -> None:
        self._provider, self.target = provider, target or TracingTarget(None)
        self._tracer = provider.get_tracer("inferloop_synthetic")

    @contextmanager
    def span(
        self, name: str, *, parent: str | None = None, kind: Kind = "internal", attributes: Attributes | None = None
    ) -> Iterator[Span]:
        """Run the block in a span, below `parent` (a traceparent) or else below the span that this code runs in.

        A block that raises ends its span as failed, with the exception's type. Its text is left out, as it may quote data.
        """
        from opentelemetry.trace import SpanKind, Status, StatusCode

        with self._tracer.start_as_current_span(
            name,
            context=_context(parent),
            kind=SpanKind[kind.upper()],
            attributes=_checked(attributes or {}),
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            ids = span.get_span_context()
            with bind(trace_id=f"{ids.trace_id:032x}", span_id=f"{ids.span_id:016x}"):
                try:
                    yield _OpenSpan(span)
                except BaseException as error:
                    span.set_attribute("error.type", f"{type(error).__module__}.{type(error).__name__}")
                    span.set_status(Status(StatusCode.ERROR))
                    raise

    def traceparent(self) -> str | None:
        """Return the span that this code runs in as text, or None outside of spans."""
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        carrier: dict[str, str] = {}
        TraceContextTextMapPropagator().inject(carrier)
        return carrier.get("traceparent")

    def flush(self, most_ms: int) -> None:
        """Send what was not sent yet, for at most so long."""
        self._provider.force_flush(most_ms)

    def close(self) -> None:
        """Send what was not sent yet, and stop."""
        self._provider.shutdown()


class NoTracing:
    """Sends no spans, and still hands the trace on, so that logs of all processes name the same trace."""

    target: TracingTarget | None = None

    @contextmanager
    def span(
        self, name: str, *, parent: str | None = None, kind: Kind = "internal", attributes: Attributes | None = None
    ) -> Iterator[Span]:
        """Run the block with the ids of a span bound to its logs."""
        _checked(attributes or {})
        known = read_traceparent(parent)
        trace = known[3:35] if known else bound().get("trace_id") or secrets.token_hex(16)
        with bind(trace_id=trace, span_id=secrets.token_hex(8)):
            yield _NoSpan()

    def traceparent(self) -> str | None:
        """Return the span that this code runs in as text (marked as not recorded), or None outside of spans."""
        ids = bound()
        return f"00-{ids['trace_id']}-{ids['span_id']}-00" if "trace_id" in ids and "span_id" in ids else None

    def close(self) -> None:
        """Have nothing to send."""


AnyTracing = Tracing | NoTracing


def make_provider(target: TracingTarget, exporter: SpanExporter | None = None) -> TracerProvider:
    """Return a provider that exports by OTLP over HTTP in the background, or through the exporter given, at once."""
    try:
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor
        from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
    except ImportError as error:
        raise InputError("traces need the extra [api]: pip install 'inferloop-synthetic[api]'") from error
    resource = Resource.create({"service.name": target.service, "process.pid": os.getpid()})
    provider = TracerProvider(resource=resource, sampler=ParentBased(TraceIdRatioBased(target.ratio)), shutdown_on_exit=True)
    if exporter is not None:
        provider.add_span_processor(SimpleSpanProcessor(exporter))
    elif target.endpoint is not None:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=target.endpoint.rstrip("/") + "/v1/traces")))
    return provider


class _OpenSpan:
    def __init__(self, span: trace.Span) -> None:
        self._span = span

    def set(self, attributes: Attributes) -> None:
        self._span.set_attributes(_checked(attributes))


class _NoSpan:
    def set(self, attributes: Attributes) -> None:
        _checked(attributes)


def _context(parent: str | None) -> Context | None:
    known = read_traceparent(parent)
    if known is None:
        return None
    from opentelemetry.context import Context
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    return TraceContextTextMapPropagator().extract({"traceparent": known}, context=Context())


def _checked(attributes: Attributes) -> dict[str, str | int | float | bool]:
    unknown = attributes.keys() - ATTRIBUTES
    if unknown:
        raise ValueError(f"not an attribute of spans: {', '.join(sorted(unknown))}")
    return {
        name: value[:_LONGEST_TEXT] if isinstance(value, str) else value
        for name, value in attributes.items()
        if value is not None
    }
