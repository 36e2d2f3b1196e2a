"""What guards the API's handlers: dependencies that authenticate, check the scope, count against limits, put on record."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any, Protocol, cast

import anyio.to_thread
from anyio import CapacityLimiter
from starlette.requests import Request

from inferloop_synthetic.security.authenticate import Authenticator
from inferloop_synthetic.security.errors import Forbidden, Refused, TooMany, Unauthenticated, Unavailable
from inferloop_synthetic.security.limits import RateLimiter, Standing
from inferloop_synthetic.security.principal import Principal, Scope
from inferloop_synthetic.telemetry.audit import AnyAudit, Outcome
from inferloop_synthetic.telemetry.http import route_of
from inferloop_synthetic.telemetry.logs import fields
from inferloop_synthetic.telemetry.metrics import AnyMetrics

_READS = {"GET", "HEAD", "OPTIONS"}
_log = logging.getLogger(__name__)


class Guards(Protocol):
    """What `app.state.services` has to hold for these dependencies."""

    authenticator: Authenticator
    limiter: RateLimiter
    audit: AnyAudit
    metrics: AnyMetrics
    threads: CapacityLimiter
    """Threads for what is looked up for each request."""


def requires(scope: Scope, *, audited: bool = False) -> Callable[[Request], Awaitable[Principal]]:
    """Return a dependency that lets callers with the scope through, and gives them to the handler.

    It raises Unauthenticated, TooMany and Forbidden, in that order. What changes something is put on record before it happens and
    when it has been answered; so is what is `audited`, such as the download of a result.
    """

    async def principal(request: Request) -> Principal:
        return await anyio.to_thread.run_sync(admitted, request, limiter=_guards(request).threads)

    def admitted(request: Request) -> Principal:
        guards = _guards(request)
        client = request.client.host if request.client else None
        try:
            caller = guards.authenticator.authenticate(request.scope["headers"], client)
        except Unauthenticated as refusal:
            _refused(request, guards, refusal, "unknown")
            raise
        request.state.principal = caller
        try:
            _add(request, guards.limiter.request(caller))
            _check_scope(caller, scope)
        except (TooMany, Forbidden) as refusal:
            _refused(request, guards, refusal, caller.subject)
            raise
        if audited or request.method not in _READS:
            _on_record(request, guards, caller)
        return caller

    return principal


def charge_records(request: Request, principal: Principal, rows: int) -> None:
    """Count the records that a request asks for; raises TooMany, and then nothing is counted."""
    guards = _guards(request)
    try:
        _add(request, guards.limiter.records(principal, rows))
    except TooMany as refusal:
        _refused(request, guards, refusal, principal.subject)
        raise


def _guards(request: Request) -> Guards:
    return cast(Guards, request.app.state.services)


def _check_scope(caller: Principal, scope: Scope) -> None:
    if not caller.may(scope):
        held = ", ".join(word for word in Scope if word in caller.scopes) or "none"
        challenge = f'Bearer realm="inferloop-synthetic", error="insufficient_scope", scope="{scope}"'
        raise Forbidden(
            f"This needs the scope {scope}; the credential has {held}.",
            hint=f"Ask your operator for a credential with the scope {scope}.",
            headers={"WWW-Authenticate": challenge} if caller.subject.startswith("jwt:") else {},
        )


def _add(request: Request, standing: Standing) -> None:
    """Have the answer tell what is left, together with what was counted before in this request."""
    before = cast(Standing, getattr(request.state, "standing", Standing()))
    request.state.standing = before.and_also(standing)
    request.state.response_headers = request.state.standing.headers()


def _on_record(request: Request, guards: Guards, caller: Principal) -> None:
    action, resource, client = _action(request), request.url.path, request.client.host if request.client else None
    details = {"credential": caller.credential, "client": client}
    guards.audit.record(action, subject=caller.subject, outcome="allowed", resource=resource, details=details)

    def on_answer(status: int) -> None:
        outcome: Outcome = "done" if status < 400 else "refused" if status in {401, 403, 409, 422, 429} else "failed"
        try:
            guards.audit.record(
                action, subject=caller.subject, outcome=outcome, resource=resource, details={**details, "http_status": status}
            )
        except Unavailable:
            # It has happened and its beginning is on record; the answer is on its way.
            _log.exception("the outcome of a request is not on record", extra=fields(action=action, http_status=status))

    request.state.on_answer = on_answer


def _refused(request: Request, guards: Guards, refusal: Refused, subject: str) -> None:
    guards.metrics.refused(refusal.code)
    if isinstance(refusal, Unauthenticated) and not _tried(request):
        return  # nobody tried a credential: scanners and misconfigured clients would fill the record
    details: dict[str, Any] = {"reason": refusal.code, "client": request.client.host if request.client else None}
    guards.audit.record(_action(request), subject=subject, outcome="refused", resource=request.url.path, details=details)


def _tried(request: Request) -> bool:
    return "x-api-key" in request.headers or "authorization" in request.headers


def _action(request: Request) -> str:
    return f"{request.method} {route_of(request.scope)}"
