"""Structured logs: one JSON object a line, with the ids of request, trace and job, without rows and secrets.

Three rules keep data out. Values are logged only under the names in FIELDS. Texts of exceptions are withheld, as they may
quote cells ("could not convert 'Ann Smith'"), except those of kinds that are known not to; type and place of every
exception are there. What looks like a credential is masked, whoever logged it.
"""

from __future__ import annotations

import json
import logging
import os
import re
import ssl
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Literal, TextIO
from urllib.error import URLError

from inferloop_synthetic.errors import InputError
from inferloop_synthetic.jobs.errors import Unavailable
from inferloop_synthetic.security.errors import Refused

FIELDS = frozenset(
    """action attempt audit bytes client credential deaths delay_s depth engine executor expected_bytes format
    from_state hash host http_method http_status job_id jobs limit limit_bytes outcome part parts phase port previous
    queue reason removed request_id resource retry_after_s revision role route rows seconds seq service setting
    signal span_id state subject trace_id used_bytes version worker workers""".split()  # noqa: SIM905 (reads better)
)
"""What may be logged beside the message. None of these ever holds a value out of a table."""
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
MASK = "[masked]"
_LONGEST_TEXT = 300
_FRAMES = 12
_SECRETS = re.compile(
    r"isk_[a-z2-7]{4,}_\w+"  # API keys
    r"|eyJ[\w-]{5,}\.[\w-]*\.?[\w-]*"  # JWTs
    r"|(?<=://)[^/\s@]*:[^/\s@]*(?=@)"  # user:password in URLs
    r"|(?i:\b(?:bearer|basic)\s+)[\w.~+/=-]{8,}"
    r"|(?i:(?<=password=)|(?<=passwd=)|(?<=secret=)|(?<=token=)|(?<=signature=)|(?<=credential=)|(?<=sig=)|(?<=api-key: ))"
    r"[^\s&'\",]+"
)
_TOLD_KINDS = (ConnectionError, TimeoutError, URLError, ssl.SSLError, Refused, Unavailable)
"""Exceptions whose texts are about servers and limits, never about data."""

_bound: ContextVar[Mapping[str, object]] = ContextVar("inferloop_log_fields", default={})  # noqa: B039 (never changed in place)


@contextmanager
def bind(**fields: object) -> Iterator[None]:
    """Put these fields on everything logged in the block, in this task or thread."""
    unknown = fields.keys() - FIELDS
    if unknown:
        raise ValueError(f"not a field of the log: {', '.join(sorted(unknown))}")
    before = _bound.set({**_bound.get(), **{name: value for name, value in fields.items() if value is not None}})
    try:
        yield
    finally:
        _bound.reset(before)


def bound() -> Mapping[str, object]:
    """Return the fields of the block that this code runs in."""
    return _bound.get()


def fields(**values: object) -> dict[str, dict[str, object]]:
    """Return `extra` for a logging call; raises ValueError for a name that is not in FIELDS."""
    unknown = values.keys() - FIELDS
    if unknown:
        raise ValueError(f"not a field of the log: {', '.join(sorted(unknown))}")
    return {"fields": values}


def masked(text: str) -> str:
    """Return a text with everything in it that looks like a credential masked."""
    return _SECRETS.sub(MASK, text)


def describe(error: BaseException) -> dict[str, object]:
    """Return type, place and causes of an exception, and its text where its kind is known to hold no data."""
    told: dict[str, object] = {"type": _name(error), "at": _places(error)}
    text = _safe_text(error)
    if text is not None:
        told["text"] = masked(text)[:_LONGEST_TEXT]
    causes: list[str] = []
    cause = error.__cause__ or error.__context__
    while cause is not None and len(causes) < 5:
        causes.append(_name(cause))
        cause = cause.__cause__ or cause.__context__
    return told | ({"causes": causes} if causes else {})


class JsonFormatter(logging.Formatter):
    """One JSON object a record."""

    def __init__(self, service: str = "inferloop-synthetic") -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as a line of JSON."""
        return json.dumps(self.tree(record), ensure_ascii=False, default=lambda value: type(value).__name__)

    def tree(self, record: logging.LogRecord) -> dict[str, object]:
        """Return what is told of a record."""
        tree: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "service": self._service,
            "logger": record.name,
            "message": _message(record),
        }
        given = getattr(record, "fields", {})
        tree |= {
            name: _plain(value) for name, value in (*bound().items(), *given.items()) if name in FIELDS and value is not None
        }
        if record.exc_info and record.exc_info[1] is not None:
            tree["error"] = describe(record.exc_info[1])
        return tree


class TextFormatter(JsonFormatter):
    """The same for people: time, level, message, fields."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as a line of text."""
        tree = self.tree(record)
        fixed = {"time", "level", "service", "logger", "message"}
        rest = " ".join(f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in tree.items() if name not in fixed)
        message = json.dumps(tree["message"], ensure_ascii=False)[1:-1]
        return f"{str(tree['time'])[11:23]} {tree['level']:<7} {message}" + (f"  {rest}" if rest else "")


def configure(
    level: str = "INFO",
    style: Literal["json", "text"] = "json",
    stream: TextIO | None = None,
    service: str = "inferloop-synthetic",
) -> None:
    """Send the logs of this process, libraries' included, to a stream (standard error). Called once, where a process starts."""
    if level.upper() not in LEVELS:
        raise InputError(f"GUARDIAN_LOG_LEVEL: {level!r} is no level; {', '.join(LEVELS)} are")
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter(service) if style == "json" else TextFormatter(service))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    logging.captureWarnings(capture=True)
    # Their lines at INFO and DEBUG hold URLs, statements with their values, and headers.
    for name in (
        "alembic",
        "sqlalchemy",
        "httpx",
        "httpcore",
        "urllib3",
        "asyncio",
        "rq",
        "rq.worker",
        "opentelemetry",
        "multipart",
        "watchfiles",
    ):
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "rq.worker"):
        logging.getLogger(name).handlers[:] = []
        logging.getLogger(name).propagate = name != "uvicorn.access"  # requests are logged by telemetry.http, without their query


def _message(record: logging.LogRecord) -> str:
    try:
        text = record.getMessage()
    except (TypeError, ValueError):
        text = str(record.msg)
    # What follows the first line is a traceback or an answer that a library logged.
    return masked(text.partition("\n")[0])[:_LONGEST_TEXT]


def _plain(value: object) -> object:
    if isinstance(value, bool | int | float):
        return value
    return masked(str(value))[:_LONGEST_TEXT]


def _name(error: BaseException) -> str:
    kind = type(error)
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"


def _places(error: BaseException) -> list[str]:
    # Without the lines of source: those of a test or a notebook may hold values.
    frames = traceback.extract_tb(error.__traceback__, limit=-_FRAMES) if error.__traceback__ else []
    return [f"{_short(frame.filename)}:{frame.lineno} {frame.name}" for frame in frames]


def _short(path: str) -> str:
    parts = path.replace("\\", "/").split("/")
    for start in ("inferloop_synthetic", "site-packages"):
        if start in parts:
            return "/".join(parts[parts.index(start) + (start == "site-packages") :])
    return parts[-1]


def _safe_text(error: BaseException) -> str | None:
    if isinstance(error, _TOLD_KINDS):
        return str(error)
    if isinstance(error, OSError) and error.errno is not None:
        return os.strerror(error.errno)
    return None
