"""Errors as callers get them: problem+json (RFC 9457) with a hint on what to do next."""

from __future__ import annotations

import errno
import logging
from collections.abc import Mapping
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from inferloop_synthetic.advisor.costs import WillNotFit
from inferloop_synthetic.data.policy import SourceRefused
from inferloop_synthetic.errors import ConstraintError, InputError, ModelFileError, SyntheticError
from inferloop_synthetic.jobs.errors import IdempotencyConflict, JobActive, JobNotFound, QuotaExceeded, Unavailable
from inferloop_synthetic.pipeline.destination import DestinationError
from inferloop_synthetic.security.errors import Refused

logger = logging.getLogger(__name__)
MEDIA_TYPE = "application/problem+json"
TYPES = "urn:inferloop:problem:"


class FieldProblem(BaseModel):
    """One field that is wrong."""

    field: str = Field(description="Where it stands in the request, such as `schema.columns.2.min`.")
    message: str


class Problem(BaseModel):
    """What went wrong, and what to do next."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(description="Stable name of this kind of problem.", examples=[f"{TYPES}invalid-input"])
    title: str
    status: int = Field(ge=400, le=599)
    detail: str
    hint: str = Field(description="What to do next.")
    errors: list[FieldProblem] = []


class ApiError(SyntheticError):
    """A request that cannot be answered as asked, with everything that its answer needs."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        hint: str,
        *,
        errors: list[FieldProblem] | None = None,
        headers: Mapping[str, str] | None = None,
        more: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status, self.code, self.hint = status, code, hint
        self.errors, self.headers, self.more = errors or [], dict(headers or {}), dict(more or {})


TITLES = {
    400: "The request cannot be read", 401: "Authentication required", 403: "Not allowed", 404: "There is no such thing",
    405: "This method is not allowed here",
    406: "There is no such form of the answer", 408: "The request took too long to arrive",
    409: "Not in this state", 410: "No longer there", 411: "Length required", 412: "Precondition failed",
    413: "The request is too large", 415: "This media type is not understood", 422: "The request cannot be used as it is",
    429: "Too many requests", 431: "The headers are too large", 500: "The service failed", 501: "Not offered here",
    503: "Temporarily unavailable", 504: "It took too long", 507: "There is no room to store this",
}  # fmt: skip
_HINTS = {
    404: "GET /openapi.json lists the paths there are.",
    405: "The Allow header names the methods of this path.",
    422: "Correct the fields named and send the request again.",
}


def problem(
    status: int,
    code: str,
    detail: str,
    hint: str,
    *,
    errors: list[FieldProblem] | None = None,
    headers: Mapping[str, str] | None = None,
    more: Mapping[str, Any] | None = None,
) -> Response:
    """Return the answer for a problem."""
    tree: dict[str, Any] = {
        "type": TYPES + code,
        "title": TITLES.get(status, "The request failed"),
        "status": status,
        "detail": detail,
        "hint": hint,
    }
    if errors:
        tree["errors"] = [error.model_dump() for error in errors]
    tree.update(more or {})
    return Response(orjson.dumps(tree), status, headers, MEDIA_TYPE)


def as_problem(error: Exception) -> Response | None:
    """Return the answer for an error that callers can act on; None for one that is the service's own fault."""
    match error:
        case ApiError():
            return problem(
                error.status, error.code, str(error), error.hint, errors=error.errors, headers=error.headers, more=error.more
            )
        case Refused():
            return problem(error.status, error.code, str(error), error.hint or error.title, headers=error.headers)
        case JobNotFound():
            return problem(404, "no-such-job", error.message, error.hint or "GET /jobs lists your jobs.")
        case JobActive():
            return problem(409, "job-active", error.message, error.hint or "Wait until the job has ended, or cancel it.")
        case IdempotencyConflict():
            return problem(422, "idempotency-key-reused", error.message, error.hint or "Use a new key for a new request.")
        case QuotaExceeded():
            wait = {"Retry-After": str(error.retry_after_s)}
            return problem(429, "quota-reached", error.message, error.hint, headers=wait, more={"limit": error.limit})
        case Unavailable():
            wait = {"Retry-After": str(error.retry_after_s)}
            return problem(503, "unavailable", error.message, error.hint or "Send the same request again later.", headers=wait)
        case DestinationError():
            hint = "This is no fault of the request: send it again later, or tell the operator."
            return problem(503, "storage-unavailable", str(error), hint, headers={"Retry-After": "10"})
        case SourceRefused():
            hint = "Upload the table, or name a source that GET /config allows; the operator decides (GUARDIAN_SOURCE_*)."
            return problem(422, "source-refused", str(error), hint)
        case ConstraintError():
            return problem(422, "constraint-not-met", str(error), "Loosen the constraint or condition that it names.")
        case WillNotFit():
            return problem(413, "will-not-fit", str(error), error.hint)
        case InputError() | ModelFileError() | SyntheticError():
            hint = getattr(error, "hint", "") or "Correct what it names and send the request again."
            return problem(422, "invalid-input", getattr(error, "message", None) or str(error), hint)
        case MemoryError():
            hint = "Ask for fewer rows or columns, or submit it as a job."
            return problem(503, "out-of-memory", "There is not enough memory for this.", hint, headers={"Retry-After": "10"})
        case OSError() if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            return problem(507, "no-space", "The disk is full.", "Try again later; the operator has to make room.")
        case _:
            return None


def install(app: FastAPI) -> None:
    """Answer everything that the framework itself refuses in the same form."""

    async def refused(request: Request, error: Exception) -> Response:
        answer = as_problem(error)
        assert answer is not None  # noqa: S101  (registered for the classes that it knows)
        return answer

    async def invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)  # noqa: S101
        fields = field_problems(error.errors())
        return problem(422, "invalid-parameters", fields[0].message, _HINTS[422], errors=fields)

    async def http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101
        code = {404: "no-such-path", 405: "method-not-allowed"}.get(error.status_code, f"http-{error.status_code}")
        detail = f"{request.method} {request.url.path[:200]}" if error.status_code in _HINTS else str(error.detail)
        hint = _HINTS.get(error.status_code, "See the documentation of this path in /openapi.json.")
        return problem(error.status_code, code, detail, hint, headers=error.headers)

    app.add_exception_handler(SyntheticError, refused)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, http)


def field_problems(errors: Any, prefix: tuple[str, ...] = ()) -> list[FieldProblem]:
    """Return pydantic's errors as problems of fields, at most twenty."""
    found = []
    for entry in list(errors)[:20]:
        place = ".".join((*prefix, *(str(part) for part in entry["loc"])))
        found.append(FieldProblem(field=place or "request", message=str(entry["msg"]).removeprefix("Value error, ")[:1000]))
    return found


def invalid(problems: list[FieldProblem], hint: str = "Correct the fields named; /openapi.json describes each.") -> ApiError:
    """Return the error for fields that are wrong."""
    detail = "; ".join(f"{entry.field}: {entry.message}" for entry in problems[:5])
    return ApiError(422, "invalid-request", detail, hint, errors=problems)


class LastResort:
    """Turn what nothing else has answered into a problem of status 500 that tells nothing of the inside.

    Once an answer has begun the connection is broken instead, so that nobody takes half an answer for a whole one.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun = False

        async def watched(message: Message) -> None:
            nonlocal begun
            begun = begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, watched)
        except Exception as error:
            if begun:
                raise
            answer = as_problem(error)
            if answer is None:
                logger.error("a request failed", exc_info=True)
                hint = "This is a fault of the service. Tell the operator the X-Request-ID of this answer."
                answer = problem(500, "internal", "The service failed to answer this request.", hint)
            await answer(scope, receive, send)
