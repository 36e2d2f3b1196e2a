"""Logs: one JSON object a line with the ids of request, trace and job; no secrets, no forged lines."""

from __future__ import annotations

import errno
import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from inferloop_synthetic.errors import InputError
from inferloop_synthetic.jobs.errors import StoreUnavailable
from inferloop_synthetic.security.tokens import new_token
from inferloop_synthetic.telemetry.logs import MASK, JsonFormatter, bind, configure, fields

log = logging.getLogger("inferloop_synthetic.test")


@pytest.fixture
def told() -> Iterator[Any]:
    """Set logging up as a process does; give what it tells, line by line."""
    root, stream = logging.getLogger(), io.StringIO()
    handlers, level = root.handlers[:], root.level
    configure("INFO", "json", stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)


def test_a_line_tells_when_where_what_and_the_fields(told: Any) -> None:
    log.info("a job began", extra=fields(rows=5, engine="tabular"))
    (line,) = told()
    assert line.pop("time").endswith("+00:00")
    assert line == {
        "level": "INFO", "service": "inferloop-synthetic", "logger": "inferloop_synthetic.test", "message": "a job began",
        "rows": 5, "engine": "tabular",
    }  # fmt: skip


def test_ids_are_on_everything_in_their_block_and_nothing_after(told: Any) -> None:
    with bind(request_id="r-1"):
        with bind(job_id="j-1", trace_id=None):
            log.info("inside")
            logging.getLogger("some.library").warning("also inside")
        log.info("between")
    log.info("outside")
    ids = [(line.get("request_id"), line.get("job_id")) for line in told()]
    assert ids == [("r-1", "j-1"), ("r-1", "j-1"), ("r-1", None), (None, None)]
    assert all("trace_id" not in line for line in told())


def test_fields_of_other_names_are_refused_and_never_told(told: Any) -> None:
    with pytest.raises(ValueError, match="cell"):
        fields(cell="Ann")
    with pytest.raises(ValueError, match="cell"), bind(cell="Ann"):
        pass
    log.info("x", extra={"fields": {"cell": "Ann", "rows": 1}, "other": "Ann"})
    assert "Ann" not in json.dumps(told())


@pytest.mark.parametrize(
    ("secret", "text"),
    [
        pytest.param(key := new_token().text(), f"got {key} from", id="key"),
        pytest.param(key[20:40], f"X-API-Key: {key}", id="part of a key"),
        (
            "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbm4ifQ.c2lnbmF0dXJl",
            "token eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbm4ifQ.c2lnbmF0dXJl used",
        ),
        ("hunter22", "postgresql://app:hunter22@db:5432/x"),
        ("hunter22", "redis://:hunter22@cache:6379/0"),
        ("abcdef123456", "Authorization: Bearer abcdef123456"),
        ("YWJjOmRlZg==", "authorization: basic YWJjOmRlZg=="),
        ("s3cr3t", "connect host=db password=s3cr3t user=app"),
        ("deadbeef", "https://bucket/x?X-Amz-Signature=deadbeef&y=1"),
        ("AKIA123", "https://bucket/x?X-Amz-Credential=AKIA123%2F2030&y=1"),
        ("c2ln", "https://blob/x?sv=1&sig=c2ln&se=2"),
    ],
)
def test_what_looks_like_a_credential_is_masked_wherever_it_stands(told: Any, secret: str, text: str) -> None:
    log.warning(text)
    log.warning("argument: %s", text)
    log.warning("field", extra=fields(reason=text))
    log.warning("error", exc_info=ConnectionError(text))
    logging.getLogger("some.library").warning("%r", [text])
    lines = json.dumps(told())
    assert secret not in lines
    assert lines.count(MASK) >= 5


def test_a_line_cannot_be_forged(told: Any) -> None:
    log.info('x\n{"level": "INFO", "message": "forged"}', extra=fields(subject='ann"\n{"forged": 1}'))
    assert len(told()) == 1
    assert "forged" not in told()[0]


def test_an_exception_is_told_by_type_and_place_without_its_text(told: Any) -> None:
    def fails() -> None:
        raise ValueError("could not convert 'Ann Smith' to a number")

    try:
        fails()
    except ValueError:
        log.exception("it failed")
    (line,) = told()
    assert line["error"]["type"] == "ValueError"
    assert line["error"]["at"][-1].startswith("test_logs.py:")
    assert line["error"]["at"][-1].endswith(" fails")
    assert "Ann" not in json.dumps(line)


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (StoreUnavailable("the database db:5432 cannot be used"), "the database db:5432 cannot be used"),
        (ConnectionRefusedError("refused by queue:6379"), "refused by queue:6379"),
        (OSError(errno.ENOSPC, "x", "/data/ann-smith.csv"), "No space left on device"),
    ],
)
def test_texts_about_servers_and_disks_are_told(told: Any, error: Exception, text: str) -> None:
    log.error("x", exc_info=error)
    assert told()[0]["error"]["text"] == text


def test_causes_are_told_by_type(told: Any) -> None:
    try:
        try:
            raise KeyError("Ann")
        except KeyError as cause:
            raise InputError("column 'name': 'Ann'") from cause
    except InputError as error:
        log.warning("x", exc_info=error)
    assert told()[0]["error"]["causes"] == ["KeyError"]
    assert "Ann" not in json.dumps(told())


def test_a_call_with_wrong_arguments_is_told_all_the_same() -> None:
    record = log.makeRecord(log.name, logging.INFO, "file.py", 1, "%d rows", ("many",), None)
    assert json.loads(JsonFormatter().format(record))["message"] == "%d rows"


@pytest.mark.parametrize(("level", "lines"), [("DEBUG", 4), ("INFO", 3), ("warning", 2), ("ERROR", 1)])
def test_the_level_decides_what_is_told(told: Any, level: str, lines: int) -> None:
    stream = io.StringIO()
    configure(level, "json", stream)
    for severity in (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR):
        log.log(severity, "x")
    assert len(stream.getvalue().splitlines()) == lines


def test_an_unknown_level_is_an_error() -> None:
    with pytest.raises(InputError, match="GUARDIAN_LOG_LEVEL"):
        configure("LOUD")


@pytest.mark.parametrize("name", ["sqlalchemy.engine", "httpx", "urllib3", "uvicorn.access"])
def test_lines_of_libraries_that_hold_statements_and_addresses_are_not_told(told: Any, name: str) -> None:
    logging.getLogger(name).info("INSERT INTO people VALUES ('Ann')")
    assert told() == []


def test_for_people_a_line_is_text(told: Any) -> None:
    stream = io.StringIO()
    configure("INFO", "text", stream)
    log.warning("memory is\nshort", extra=fields(used_bytes=5))
    assert stream.getvalue()[12:] == " WARNING memory is  used_bytes=5\n"
    assert stream.getvalue().count("\n") == 1
