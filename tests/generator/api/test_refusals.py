"""What cannot be answered: each refusal is a problem with its status, a stable type, what is wrong, and a hint."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .conftest import ROWS, SCHEMA, Api

DEEP = '{"schema":' * 40 + "1" + "}" * 40


def check(answer: Any, status: int, code: str) -> dict:
    """Return a problem after having seen that it is a whole one."""
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["X-Request-ID"]
    problem = answer.json()
    assert problem["type"] == f"urn:inferloop:problem:{code}"
    assert problem["status"] == status
    assert problem["title"]
    assert problem["detail"]
    assert problem["hint"]
    return problem


WRONG_REQUESTS = [
    # what is sent, status, code, what the detail says
    ({}, 422, "invalid-request", "schema"),
    ({"schema": {}}, 422, "invalid-request", "schema: must be an object of columns"),
    ({"schema": []}, 422, "invalid-request", "schema"),
    ({"schema": {"a": "nothing"}}, 422, "invalid-request", "schema.a: column 'a': unknown kind 'nothing'"),
    ({"schema": {"a": "integer[1:"}}, 422, "invalid-request", "schema.a"),
    ({"schema": {"a": "integer[9:1]"}}, 422, "invalid-request", "min 9 is greater than max 1"),
    ({"schema": {"a": 7}}, 422, "invalid-request", "schema.a"),
    ({"schema": {"": "integer"}}, 422, "invalid-request", "schema"),
    ({"schema": {"columns": []}}, 422, "invalid-request", "schema.columns"),
    (
        {"schema": {"columns": [{"name": "a", "kind": "integer", "mix": 1}]}},
        422,
        "invalid-request",
        "schema.columns.0.mix",
    ),
    ({"schema": {"columns": [{"name": "a", "kind": "integer"}] * 2}}, 422, "invalid-request", "named twice: a"),
    ({"schema": {"columns": [{"name": "a", "kind": "integer", "min": -1e300}]}}, 422, "invalid-input", "column 'a'"),
    ({"schema": {"a": "integer[0:99999999999999999999]"}}, 422, "invalid-input", "does not fit 64-bit"),
    ({"schema": {"a": "date[2024-13-01:2024-01-01]"}}, 422, "invalid-input", "column 'a'"),
    ({"schema": {"a": "date[2025-01-01:2024-01-01]"}}, 422, "invalid-input", "later than"),
    ({"schema": {"columns": [{"name": "a", "kind": "text", "pattern": "(a+)+$"}]}}, 422, "invalid-input", "pattern"),
    ({"schema": SCHEMA, "rows": -1}, 422, "invalid-request", "rows"),
    ({"schema": SCHEMA, "rows": "10"}, 422, "invalid-request", "rows"),
    ({"schema": SCHEMA, "rows": True}, 422, "invalid-request", "rows"),
    ({"schema": SCHEMA, "rows": 1.5}, 422, "invalid-request", "rows"),
    ({"schema": SCHEMA, "rows": 10**9}, 422, "invalid-request", "rows: 1,000,000,000 rows; at most 10,000,000"),
    ({"schema": SCHEMA, "rows": 10**30}, 422, "invalid-request", "rows"),
    ({"schema": SCHEMA, "seed": -1}, 422, "invalid-request", "seed"),
    ({"schema": SCHEMA, "colour": "red"}, 422, "invalid-request", "colour"),
    ({"schema": SCHEMA, "format": "xlsx"}, 422, "invalid-request", "format"),
    ({"schema": SCHEMA, "engine": "quantum"}, 422, "invalid-request", "there is no engine 'quantum' here; there are"),
    ({"schema": SCHEMA, "generator_type": "magic"}, 422, "invalid-request", "generator_type"),
    ({"schema": SCHEMA, "engine": "tabular", "generator_type": "sdv"}, 422, "invalid-request", "not both"),
    ({"schema": SCHEMA, "engine": "ctgan"}, 422, "invalid-request", "engine: ctgan learns from data"),
    ({"schema": SCHEMA, "generator_type": "sdv"}, 422, "invalid-request", "generator_type: gaussian-copula learns"),
    ({"schema": SCHEMA, "engine_options": {"epochs": 5}}, 422, "invalid-request", "engine_options: are for learning"),
    ({"template": "orders", "engine": "tvae"}, 422, "invalid-request", "engine: tvae learns from data"),
    ({"schema": SCHEMA, "template": "orders"}, 422, "invalid-request", "not both"),
    ({"schema": SCHEMA, "validate": True}, 422, "invalid-request", "validate"),
    ({"schema": SCHEMA, "where": {"id": 3}}, 422, "invalid-input", "'id'"),
    ({"schema": SCHEMA, "where": {"id": {"low": []}}}, 422, "invalid-request", "where"),
    ({"template": "unicorns"}, 404, "no-such-template", "unicorns"),
    ({"data": []}, 422, "invalid-request", "data"),
    ({"data": [1, 2]}, 422, "invalid-request", "data"),
    ({"data": [{}]}, 422, "invalid-request", "data"),
    ({"data": 7}, 422, "invalid-request", "data"),
    ({"data": ""}, 422, "invalid-request", "data"),
    ({"data": "a,b\n"}, 422, "invalid-input", "data"),
    ({"data": "a,a\n1,2\n"}, 422, "invalid-input", "'a' occurs 2 times"),
    ({"data": "a,b\n1,2\n"}, 422, "invalid-input", "1 row"),
    ({"data": [{"a": 1}, {"a": "x"}] * 5}, 422, "invalid-input", "'a'"),
    ({"data": [{"a": {"b": 1}}] * 5}, 422, "invalid-input", "'a'"),
    ({"data": ROWS, "source": "x.csv"}, 422, "invalid-request", "not both"),
    ({"data": ROWS, "schema": {"weight": "float"}}, 422, "invalid-input", "'weight' of the schema is not in the table"),
    ({"data": ROWS, "where": {"height": 3}}, 422, "invalid-input", "height"),
    ({"data": ROWS, "where": {"plan": "gold"}}, 422, "invalid-input", "gold"),
    ({"data": ROWS, "policy": "default"}, 422, "invalid-request", "policy"),
    (
        {"data": ROWS, "validate": True, "policy": {"name": "p", "requirements": {"beauty": {"at_most": 1}}}},
        422,
        "invalid-request",
        "beauty",
    ),
    ({"data": ROWS, "validate": True, "policy": "strict"}, 422, "invalid-request", "policy"),
]


@pytest.mark.parametrize(("asked", "status", "code", "words"), WRONG_REQUESTS, ids=lambda value: str(value)[:60])
def test_a_wrong_request_is_told_which_field_is_wrong(api: Api, asked: dict, status: int, code: str, words: str):
    before = len(api.client.get("/jobs", params={"limit": 200}).json()["jobs"])
    problem = check(api.client.post("/generate", json={"wait": True, **asked}), status, code)
    assert words in problem["detail"]
    assert str(api.services.settings.temp_dir) not in problem["detail"]
    assert len(api.client.get("/jobs", params={"limit": 200}).json()["jobs"]) == before


SOURCES = [
    "/etc/passwd", "../../etc/passwd", "file:///etc/passwd", "people.csv", "http://169.254.169.254/latest/meta-data.csv",
    "http://127.0.0.1:8000/x.csv", "http://[::1]/x.csv", "https://localhost/x.csv", "s3://bucket/x.parquet", "gs://b/x.csv",
    "postgresql://user:hunter2@10.0.0.1/db", "sqlite:////etc/x.db", "ftp://example.com/x.csv", "http://", "http://a:b:c/x.csv",
    "https://user:hunter2@example.com/x.csv", "\u0000", "gopher://x",
]  # fmt: skip


@pytest.mark.parametrize("source", SOURCES)
def test_a_source_that_is_not_allowed_is_refused_and_not_looked_at(api: Api, source: str):
    answer = api.client.post("/generate", json={"source": source, "rows": 1})
    assert answer.status_code == 422, answer.text
    assert "hunter2" not in answer.text
    assert answer.json()["hint"]


@pytest.mark.parametrize("source", ["../outside.csv", "/etc/passwd", "link.csv", ".", "sub/../../outside.csv"])
def test_a_path_out_of_the_allowed_folder_is_refused(open_api: Callable[..., Api], tmp_path: Path, source: str):
    (tmp_path / "tables").mkdir()
    (tmp_path / "outside.csv").write_text("a,b\n1,2\n3,4\n")
    (tmp_path / "tables" / "link.csv").symlink_to(tmp_path / "outside.csv")
    api = open_api(source_roots=tmp_path / "tables", run_jobs=False)
    problem = check(api.client.post("/generate", json={"source": source}), 422, "source-refused")
    assert "outside the folders" in problem["detail"]


@pytest.mark.parametrize(
    "source",
    [
        "http://127.0.0.1/x.csv",
        "http://10.1.2.3/x.csv",
        "http://[::ffff:7f00:1]/x.csv",
        "http://0/x.csv",
        "http://2130706433/x",
    ],
)
def test_private_addresses_are_refused_even_where_the_web_is_allowed(open_api: Callable[..., Api], source: str):
    api = open_api(source_web=True, run_jobs=False)
    problem = check(api.client.post("/generate", json={"source": source}), 422, "source-refused")
    assert "not public" in problem["detail"]


CUT_OFF = b'--a\r\nContent-Disposition: form-data; name="data"; filename="x.csv"\r\n\r\na,b\r\n1,2\r\n3,'
BODIES: list[tuple[str | None, bytes, int, str]] = [
    ("application/json", b"", 400, "not-json"),
    ("application/json", b"{", 400, "not-json"),
    ("application/json", b'{"schema": {"a": "integer"}, "rows": NaN}', 400, "not-json"),
    ("application/json", b'{"schema": {"a": "float"}, "timeout": Infinity}', 400, "not-json"),
    ("application/json", b'{"timeout": 1e999, "schema": {"a": "float"}}', 400, "not-json"),
    ("application/json", b'{"a": "\xff"}', 400, "not-json"),
    ("application/json", b'{"a": "\\ud800"}', 400, "not-json"),
    ("application/json", b"[]", 422, "not-an-object"),
    ("application/json", b'"text"', 422, "not-an-object"),
    ("application/json", DEEP.encode(), 422, "too-deep"),
    ("application/json", b"[" * 500_000, 422, "too-deep"),
    ("application/json", json.dumps({"schema": {"a": '"[[[[[[[[[[[[[[[[[[[['}}).encode(), 422, "invalid-request"),
    (None, b"{}", 415, "unsupported-media-type"),
    ("text/plain", b"{}", 415, "unsupported-media-type"),
    ("text/csv", b"a,b\n1,2\n", 415, "unsupported-media-type"),
    ("application/x-www-form-urlencoded", b"rows=1", 415, "unsupported-media-type"),
    ("multipart/form-data", b"x", 400, "not-a-form"),
    ("multipart/form-data; boundary=a", b"--a\r\nnonsense", 400, "not-a-form"),
    ("multipart/form-data; boundary=a", CUT_OFF, 400, "not-a-form"),
]


@pytest.mark.parametrize(("media", "body", "status", "code"), BODIES)
def test_a_body_that_cannot_be_read_is_refused(api: Api, media: str | None, body: bytes, status: int, code: str):
    headers = {} if media is None else {"Content-Type": media}
    for path in ("/generate", "/validate", "/schema"):
        expected = "invalid-request" if path != "/generate" and code == "invalid-request" else code
        check(api.client.post(path, content=body, headers=headers), status, expected)


def test_a_compressed_body_is_refused_before_it_is_unpacked(api: Api):
    body = gzip.compress(b'{"schema": {"a": "integer"}}')
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    check(api.client.post("/generate", content=body, headers=headers), 415, "encoded-body")


FILES = [
    ("empty.csv", b"", 422, "invalid-input", "empty"),
    ("broken.csv", b"a,b\n\xff\xfe,1\n\xff,2\n", 422, "invalid-input", "'a'"),
    ("zeros.csv", b"\0\0\0\0", 422, "invalid-input", "data"),
    ("table.parquet", b"PAR1 nonsense PAR1", 422, "invalid-input", "parquet"),
    ("table.arrow", b"nonsense", 422, "invalid-input", "arrow"),
    ("lines.jsonl", b'{"a": 1}\n{"a": \n', 422, "invalid-input", "data"),
    ("deep.jsonl", b"[" * 100_000, 422, "invalid-input", "data"),
    ("table.xlsx", b"PK", 415, "unknown-table-format", "data"),
    ("../../etc/cron.d/evil", b"a,b\n1,2\n", 415, "unknown-table-format", "data"),
]


@pytest.mark.parametrize(("name", "content", "status", "code", "words"), FILES)
def test_a_file_that_is_no_table_is_refused(api: Api, name: str, content: bytes, status: int, code: str, words: str):
    for wait in ("true", "false"):
        answer = api.client.post("/generate", files={"data": (name, content)}, data={"wait": wait, "rows": "3"})
        problem = check(answer, status, code)
        assert words in problem["detail"]
        assert str(api.services.settings.temp_dir) not in answer.text
    assert api.services.uploads.names() == ()


def test_a_file_in_a_field_that_takes_none_is_refused(api: Api):
    problem = check(api.client.post("/generate", files={"rows": ("a.csv", b"1")}), 422, "invalid-request")
    assert "is no file here; files are data" in problem["detail"]


def test_a_field_given_twice_is_refused(api: Api):
    answer = api.client.post("/generate", files=[("rows", (None, "1")), ("rows", (None, "2"))])
    assert "given twice" in check(answer, 422, "invalid-request")["detail"]


@pytest.mark.parametrize("said", [True, False], ids=["announced", "not announced"])
def test_a_body_beyond_the_limit_is_not_read_to_its_end(open_api: Callable[..., Api], said: bool):
    api = open_api(max_request_bytes=2048, max_upload_bytes=4096)
    taken = 0

    def chunks():
        nonlocal taken
        for _ in range(1000):
            taken += 1
            yield b" " * 1024

    headers = {"Content-Type": "application/json"} | ({"Content-Length": str(1024 * 1000)} if said else {})
    check(api.client.post("/generate", content=chunks(), headers=headers), 413, "too-large")
    check(api.client.post("/generate", files={"data": ("a.csv", b"a,b\n" * 2000)}), 413, "too-large")
    assert "4,096" in api.client.post("/validate", files={"real": ("a.csv", b"a,b\n" * 2000)}).json()["detail"]


def test_a_table_beyond_the_limits_is_refused(open_api: Callable[..., Api]):
    api = open_api(max_rows=50, max_columns=4)
    check(api.client.post("/generate", json={"data": ROWS, "wait": True}), 422, "invalid-input")
    wide = {f"c{i}": "integer" for i in range(5)}
    problem = check(api.client.post("/generate", json={"schema": wide}), 422, "invalid-request")
    assert "5 columns; at most 4" in problem["detail"]
    problem = check(api.client.post("/generate", json={"data": [wide] * 9, "wait": True}), 422, "invalid-input")
    assert "5 columns" in problem["detail"]


def test_a_table_that_unpacks_to_too_much_is_refused(open_api: Callable[..., Api], tmp_path: Path):
    bomb = tmp_path / "bomb.csv.gz"
    bomb.write_bytes(gzip.compress(b"a,b\n" + b"1,xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n" * 400_000))
    assert bomb.stat().st_size < 100_000
    api = open_api(max_unpacked_mb=2)
    with bomb.open("rb") as file:
        answer = api.client.post("/generate", files={"data": ("bomb.csv.gz", file)}, data={"wait": "true"})
    check(answer, 422, "invalid-input")


def test_a_generation_beyond_its_time_is_stopped(open_api: Callable[..., Api]):
    api = open_api(cache_enabled=False)
    many = [{"a": i % 97, "b": i * 7 % 89, "c": str(i % 13)} for i in range(3000)]
    check(api.client.post("/generate", json={"data": many, "wait": True, "timeout": 0.01}), 504, "timeout")


def test_a_generation_beyond_the_memory_is_stopped(open_api: Callable[..., Api], monkeypatch: pytest.MonkeyPatch):
    api = open_api(max_memory_usage_mb=30, cache_enabled=False)
    monkeypatch.setattr(type(api.services.memory), "check", lambda self, expected=0: None)
    problem = check(api.client.post("/generate", json={"data": ROWS, "wait": True}), 413, "too-much-memory")
    assert "30 MiB" in problem["detail"]
    monkeypatch.undo()
    check(api.client.post("/generate", json={"schema": SCHEMA, "wait": True}), 503, "memory-limit")


def test_without_resource_monitoring_memory_is_not_held_against_the_limit(open_api: Callable[..., Api]):
    api = open_api(max_memory_usage_mb=30, enable_resource_monitoring=False)
    assert api.client.post("/generate", json={"schema": SCHEMA, "wait": True}).status_code == 200
    assert api.client.get("/status").json()["memory_bytes"] is None


def test_paths_and_methods_that_there_are_not_are_problems_too(api: Api):
    check(api.client.get("/nothing"), 404, "no-such-path")
    answer = api.client.put("/generate")
    check(answer, 405, "method-not-allowed")
    assert answer.headers["Allow"] == "POST"
    check(api.client.get("/jobs/nonsense"), 422, "invalid-parameters")
    check(api.client.get(f"/jobs/{'0' * 32}"), 404, "no-such-job")
    check(api.client.get("/jobs", params={"limit": 0}), 422, "invalid-parameters")
    check(api.client.get("/generators/quantum"), 404, "no-such-generator")
    check(api.client.get("/templates/unicorns"), 404, "no-such-template")


def test_a_format_that_is_not_offered_is_refused_before_anything_is_made(api: Api):
    answer = api.client.post("/generate", json={"schema": SCHEMA, "wait": True}, headers={"Accept": "image/png"})
    assert "text/csv" in check(answer, 406, "not-acceptable")["hint"]


def test_a_key_for_repeated_requests_has_to_be_one(api: Api):
    for key in ("", " ", "x" * 300):
        check(
            api.client.post("/generate", json={"schema": SCHEMA}, headers={"Idempotency-Key": key}),
            422,
            "invalid-request",
        )


def test_requests_beyond_the_rate_are_told_when_to_come_back(open_api: Callable[..., Api]):
    api = open_api(rate_limit_requests_per_minute=3, rate_limit_records_per_minute=100)
    for _ in range(2):
        assert api.client.get("/jobs").status_code == 200
    problem = api.client.post("/generate", json={"schema": SCHEMA, "rows": 101, "wait": True})
    check(problem, 429, "rate-limited")
    answer = api.client.get("/jobs")
    check(answer, 429, "rate-limited")
    assert int(answer.headers["Retry-After"]) > 0


def test_jobs_beyond_those_allowed_are_told_so(open_api: Callable[..., Api]):
    api = open_api(max_active_jobs_per_owner=2, run_jobs=False)
    for _ in range(2):
        assert api.client.post("/generate", json={"schema": SCHEMA}).status_code == 202
    answer = api.client.post("/generate", json={"schema": SCHEMA})
    assert check(answer, 429, "quota-reached")["limit"] == "active_jobs"
    assert answer.headers["Retry-After"]


def test_a_fault_of_the_service_tells_nothing_of_its_inside(api: Api, monkeypatch: pytest.MonkeyPatch):
    def fault(*given: object, **named: object) -> None:
        raise RuntimeError("hunter2")

    monkeypatch.setattr(type(api.services.store), "list", fault)
    answer = api.client.get("/jobs")
    assert "hunter2" not in answer.text
    assert "X-Request-ID" in check(answer, 500, "internal")["hint"]


def test_a_full_disk_is_told_as_such(api: Api, monkeypatch: pytest.MonkeyPatch):
    import errno

    def full(*given: object, **named: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("inferloop_synthetic.api.bodies._store", full)
    check(api.client.post("/generate", files={"data": ("a.csv", b"a,b\n1,2\n")}), 507, "no-space")


def test_more_generations_than_fit_at_a_time_are_told_to_come_back(open_api: Callable[..., Api]):
    import threading

    api = open_api(max_concurrent_generations=1)
    entered, leave = threading.Event(), threading.Event()
    model_from_schema = type(api.services.models)

    def slow(self: object, key: str) -> None:
        entered.set()
        leave.wait(60)

    original, model_from_schema.get = model_from_schema.get, slow  # type: ignore[method-assign]
    try:
        asked = {"schema": SCHEMA, "wait": True}
        first = threading.Thread(target=api.client.post, args=("/generate",), kwargs={"json": asked})
        first.start()
        assert entered.wait(60)
        answer = api.client.post("/generate", json=asked | {"timeout": 0.05})
        check(answer, 503, "busy")
        assert answer.headers["Retry-After"]
    finally:
        leave.set()
        model_from_schema.get = original  # type: ignore[method-assign]
    first.join()


@pytest.mark.parametrize("service", ["textnlp", "syndoc"])
def test_a_service_without_an_engine_is_alive_and_says_what_is_missing(open_api: Callable[..., Api], service: str):
    api = open_api(service=service)
    assert api.client.get("/health").json()["service"] == service
    assert "no engine" in api.client.get("/ready").json()["warnings"][0]
    assert api.client.get("/generators").json()["generators"] == []
    assert service in check(api.client.post("/generate", json={"schema": SCHEMA}), 501, "no-engine")["detail"]


def test_a_lost_database_is_told_as_such_and_comes_back(open_api: Callable[..., Api], tmp_path: Path):
    api = open_api(run_jobs=False)
    file = tmp_path / "temp" / "data" / "inferloop.db"
    away = tmp_path / "away"
    file.parent.rename(away)
    file.parent.write_text("in the way")
    # After that: the service looks after its jobs by itself, and a connection that it has just made would still work.
    api.services.database.engine.dispose()
    answer = api.client.post("/generate", json={"schema": SCHEMA})
    check(answer, 503, "unavailable")
    assert answer.headers["Retry-After"]
    ready = api.client.get("/ready")
    assert (ready.status_code, ready.json()["checks"]["database"]) == (503, "does not answer")
    assert api.client.get("/health").status_code == 200
    file.parent.unlink()
    away.rename(file.parent)
    assert api.client.get("/ready").status_code == 200
    assert api.client.post("/generate", json={"schema": SCHEMA}).status_code == 202
