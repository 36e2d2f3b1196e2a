"""Nothing that the service tells holds a row or a secret: canaries go in at every door, and come out at none but the caller's."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from inferloop_synthetic.api.server import serving
from inferloop_synthetic.security.principal import Scope
from inferloop_synthetic.settings import load_settings
from inferloop_synthetic.telemetry import logs

CANARY = "kanarienvogel"
PASSWORD = "pa55word-of-the-source"


class Told:
    """A service at the most talkative level, and all that it tells."""

    def __init__(self, client: TestClient, stream: io.StringIO, exporter: InMemorySpanExporter, audit: Path) -> None:
        self.client, self._stream, self._exporter, self._audit = client, stream, exporter, audit

    def everything(self) -> str:
        """Return logs, audit log, spans and metrics as one text."""
        spans = "\n".join(span.to_json() for span in self._exporter.get_finished_spans())
        return "\n".join([self._stream.getvalue(), self._audit.read_text(), spans, self.client.get("/metrics").text])

    def ended(self, job: dict[str, Any]) -> dict[str, Any]:
        for _ in range(30):
            found = self.client.get(f"/jobs/{job['id']}", headers={"Prefer": "wait=10"}).json()
            if found["state"] not in {"queued", "running"}:
                return found
        raise AssertionError(found)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    folder, stream, exporter = tmp_path_factory.mktemp("told"), io.StringIO(), InMemorySpanExporter()
    audit = folder / "audit.jsonl"
    settings = {
        "TEMP_DIR": folder / "temp", "AUDIT_LOG_PATH": audit, "LOG_LEVEL": "DEBUG", "RATE_LIMIT_REQUESTS_PER_MINUTE": 10_000,
        "SOURCE_WEB": "true",
    }  # fmt: skip
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    app = serving(load_settings({f"GUARDIAN_{name}": str(value) for name, value in settings.items()}))
    with TestClient(app, raise_server_exceptions=False) as client:
        logs.configure("DEBUG", "json", stream)
        services = app.state.services
        services.tracing._provider.add_span_processor(SimpleSpanProcessor(exporter))
        client.headers["X-API-Key"] = services.keys.create("ann", set(Scope), lifetime=timedelta(days=1)).token
        yield Told(client, stream, exporter, audit)
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)


def csv(rows: int, *more: str) -> bytes:
    lines = [f"{20 + number % 50},{CANARY}{number % 7},{CANARY}{number}@example.org" for number in range(rows)]
    return "\n".join(["age,city,email", *lines, *more]).encode()


def files(text: bytes, name: str = "people.csv") -> dict[str, Any]:
    return {"data": (name, text, "text/csv")}


def with_token(client: TestClient, token: str) -> Any:
    request = client.build_request("GET", "/jobs", headers={"Authorization": f"Bearer {token}"})
    del request.headers["X-API-Key"]
    return client.send(request)


DOORS: dict[str, Any] = {
    "an upload": lambda client: client.post(
        "/generate", files=files(csv(80)), data={"request": json.dumps({"rows": 40})}
    ),
    "an upload with a broken line": lambda client: client.post(
        "/generate",
        files=files(csv(80, f"1,{CANARY},x,{CANARY}-too-many,{CANARY}")),
        data={"request": json.dumps({"rows": 40})},
    ),
    "an upload of mixed kinds": lambda client: client.post(
        "/generate",
        files=files(csv(80, f"{CANARY},{CANARY},{CANARY}")),
        data={"request": json.dumps({"rows": 4, "where": {"age": {"low": CANARY}}})},
    ),
    "broken UTF-8": lambda client: client.post(
        "/generate", files=files(csv(5) + b"\n1,\xff\xfe" + CANARY.encode()), data={"request": json.dumps({"rows": 4})}
    ),
    "a condition": lambda client: client.post(
        "/generate", json={"schema": {"id": "integer[1:9]"}, "rows": 5, "where": {"id": {"values": [CANARY]}}}
    ),
    "a schema that is none": lambda client: client.post("/generate", json={"schema": {"id": CANARY}, "rows": 5}),
    "JSON that is none": lambda client: client.post(
        "/generate", content=f'{{"{CANARY}": ', headers={"Content-Type": "application/json"}
    ),
    "a source with a password": lambda client: client.post(
        "/generate", json={"source": f"postgresql://app:{PASSWORD}@127.0.0.1:1/{CANARY}", "rows": 5}
    ),
    "a source that does not answer": lambda client: client.post(
        "/generate", json={"source": f"https://app:{PASSWORD}@127.0.0.1:1/{CANARY}.csv", "rows": 5}
    ),
    "a path": lambda client: client.get(f"/{CANARY}/{CANARY}?token={CANARY}"),
    "a job's name": lambda client: client.get(f"/nothing/{CANARY}"),
    "a header": lambda client: client.get(
        "/status", headers={"User-Agent": CANARY, "Referer": CANARY, "X-Request-ID": f"{CANARY} {CANARY}"}
    ),
    "a key": lambda client: client.get("/jobs", headers={"X-API-Key": f"isk_{'a' * 12}_{CANARY}"}),
    "a token": lambda client: with_token(client, f"{CANARY}.{CANARY}.{CANARY}"),
    "the name of a file": lambda client: client.post(
        "/generate", files=files(b"", f"{CANARY}.csv"), data={"request": json.dumps({"rows": 4})}
    ),
    "an idempotency key": lambda client: client.post(
        "/generate", json={"schema": {"id": "integer[1:9]"}, "rows": 5}, headers={"Idempotency-Key": CANARY}
    ),
    "a table to describe": lambda client: client.post("/schema", files=files(csv(50))),
    "a table to validate": lambda client: client.post(
        "/validate",
        files={"real": ("r.csv", csv(60), "text/csv"), "synthetic": ("s.csv", csv(60, f"x,{CANARY}"), "text/csv")},
    ),
}


@pytest.mark.parametrize("door", DOORS)
def test_what_goes_in_comes_out_nowhere_but_to_its_owner(told: Told, door: str) -> None:
    answer = DOORS[door](told.client)
    if answer.status_code == 202:
        told.ended(answer.json())
    everything = told.everything()
    assert answer.headers["X-Request-ID"] in everything
    assert CANARY not in everything
    assert PASSWORD not in everything


def test_a_job_that_fails_tells_its_owner_why_and_the_log_where(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    from inferloop_synthetic.errors import InputError
    from inferloop_synthetic.jobs import worker

    def fails(*words: Any, **more: Any) -> Any:
        raise InputError(f"column 'city': {CANARY!r} is not a number")

    monkeypatch.setattr(worker, "plan_parts", fails)
    job = told.ended(told.client.post("/generate", json={"schema": {"id": "integer[1:9]"}, "rows": 5}).json())
    assert job["state"] == "failed"
    assert CANARY in json.dumps(job)
    everything = told.everything()
    assert CANARY not in everything
    lines = [json.loads(line) for line in everything.splitlines() if line.startswith('{"time"') and job["id"] in line]
    assert any(line.get("error", {}).get("type", "").endswith("InputError") for line in lines)
    assert 'guardian_failed_generations_total{engine="tabular",reason="input"}' in everything


def test_a_fault_of_the_program_is_told_without_the_values_it_was_about(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    services = told.client.app.state.services

    def fails(*words: Any, **more: Any) -> Any:
        raise RuntimeError(f"could not convert {CANARY!r}")

    monkeypatch.setattr(type(services.store), "list", fails)
    answer = told.client.get("/jobs")
    assert answer.status_code == 500
    assert CANARY not in answer.text
    everything = told.everything()
    assert CANARY not in everything
    assert '"type": "RuntimeError"' in everything


def test_the_key_that_opens_stands_nowhere(told: Told) -> None:
    secret = told.client.headers["X-API-Key"][17:]
    assert secret not in told.everything()
    assert "key:ann" in told.everything()
