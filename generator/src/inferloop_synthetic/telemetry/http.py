"""Every request observed in one place: its id, its span, its metrics, its line in the log, its entry in the audit log."""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from inferloop_synthetic.telemetry.logs import bind, fields
from inferloop_synthetic.telemetry.metrics import METHODS, AnyMetrics
from inferloop_synthetic.telemetry.tracing import AnyTracing, Span, read_traceparent

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

UNMATCHED = "unmatched"
QUIET = frozenset({"/health", "/healthz", "/ready", "/readyz", "/metrics"})
"""Asked every few seconds by machines: logged at DEBUG only, and not traced."""
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_log = logging.getLogger("inferloop_synthetic.access")


class ObservedRequests:
    """ASGI middleware, to be the outermost.

    An X-Request-ID that looks like one is taken over, else one is made; the answer names it. Handlers may leave in
    `request.state` headers for the answer (`response_headers`), the caller (`principal`), whether the answer takes as long as
    what was asked for (`waits`), and a function to call at the end with the status (`on_answer`).
    """

    def __init__(
        self, app: App, *, metrics: AnyMetrics, tracing: AnyTracing, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self._app, self._metrics, self._tracing, self._clock = app, metrics, tracing, clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request; other kinds of connection are passed on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope)
        scope.setdefault("state", {})["request_id"] = request_id
        with bind(request_id=request_id):
            if scope["path"] in QUIET:
                await self._observed(scope, receive, send, None)
                return
            method = scope["method"] if scope["method"] in METHODS else "OTHER"
            parent = read_traceparent(_header(scope, b"traceparent"))
            with self._tracing.span(method, parent=parent, kind="server", attributes={"http.request.method": method}) as span:
                await self._observed(scope, receive, send, span)

    async def _observed(self, scope: Scope, receive: Receive, send: Send, span: Span | None) -> None:
        status, started, state = 500, self._clock(), scope["state"]

        async def send_on(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = _with(list(message.get("headers", ())), state)
            await send(message)

        try:
            await self._app(scope, receive, send_on)
        finally:
            seconds, route = self._clock() - started, route_of(scope)
            self._metrics.http(scope["method"], route, status, seconds, waits=state.get("waits", False))
            if span is not None:
                span.set({"http.route": route, "http.response.status_code": status})
            _log.log(_level(route, status), "request", extra=_told(scope, route, status, seconds))
            on_answer = state.get("on_answer")
            if on_answer is not None:
                await asyncio.to_thread(on_answer, status)


def route_of(scope: Scope) -> str:
    """Return the template of a request's path, such as /jobs/{job_id}; of a path that is none of ours only that."""
    route = scope.get("route")
    path = getattr(route, "path_format", None) or getattr(route, "path", None)
    return path if isinstance(path, str) else UNMATCHED


def _told(scope: Scope, route: str, status: int, seconds: float) -> dict[str, dict[str, object]]:
    principal = scope["state"].get("principal")
    client = scope.get("client")
    return fields(
        http_method=scope["method"] if scope["method"] in METHODS else "OTHER",
        route=route,
        http_status=status,
        seconds=round(seconds, 4),
        subject=getattr(principal, "subject", None),
        client=client[0] if client else None,
        job_id=scope.get("path_params", {}).get("job_id"),
    )


def _level(route: str, status: int) -> int:
    if status >= 500:
        return logging.ERROR
    return logging.DEBUG if route in QUIET else logging.INFO


def _request_id(scope: Scope) -> str:
    given = _header(scope, b"x-request-id")
    return given if given is not None and _REQUEST_ID.fullmatch(given) else secrets.token_hex(16)


def _header(scope: Scope, name: bytes) -> str | None:
    found = [value for key, value in scope["headers"] if key == name]
    return found[0].decode("latin-1") if len(found) == 1 else None


def _with(headers: list[tuple[bytes, bytes]], state: MutableMapping[str, Any]) -> list[tuple[bytes, bytes]]:
    present = {name.lower() for name, _ in headers}
    wanted = {"x-request-id": state["request_id"], **state.get("response_headers", {})}
    return headers + [
        (name.lower().encode(), value.encode("latin-1")) for name, value in wanted.items() if name.lower().encode() not in present
    ]
