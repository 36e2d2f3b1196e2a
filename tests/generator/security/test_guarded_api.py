"""The dependencies that guard handlers, in a small application: 401, 403, 429, headers, what is put on record."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import pytest
from anyio import CapacityLimiter
from fastapi import Depends, FastAPI, Request
from fastapi.responses import JSONResponse, PlainTextResponse
from starlette.testclient import TestClient

from inferloop_synthetic.errors import InputError
from inferloop_synthetic.jobs.database import Database
from inferloop_synthetic.security.authenticate import Authenticator, check_may_be_open
from inferloop_synthetic.security.dependencies import charge_records, requires
from inferloop_synthetic.security.errors import Refused
from inferloop_synthetic.security.jwt import TokenVerifier
from inferloop_synthetic.security.keys import KeyStore
from inferloop_synthetic.security.limits import ProcessCounters, RateLimiter
from inferloop_synthetic.security.principal import Allowance, Principal, Scope
from inferloop_synthetic.telemetry.audit import AuditLog
from inferloop_synthetic.telemetry.http import ObservedRequests
from inferloop_synthetic.telemetry.metrics import Metrics
from inferloop_synthetic.telemetry.tracing import NoTracing


@dataclass
class Guards:
    """What `app.state.services` holds for the dependencies."""

    authenticator: Authenticator
    audit: AuditLog
    limiter: RateLimiter = field(
        default_factory=lambda: RateLimiter(ProcessCounters(), requests_per_minute=60, records_per_minute=1000)
    )
    metrics: Metrics = field(default_factory=Metrics)
    threads: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(4))


def application(guards: Guards) -> Any:
    app = FastAPI()
    app.state.services = guards

    @app.exception_handler(Refused)
    async def refused(request: Request, error: Refused) -> JSONResponse:
        return JSONResponse({"detail": str(error), "hint": error.hint}, error.status, error.headers)

    @app.get("/rows/{name}")
    def read(name: str, caller: Annotated[Principal, Depends(requires(Scope.read))]) -> str:
        return caller.subject

    @app.get("/download", dependencies=[Depends(requires(Scope.read, audited=True))])
    def download() -> PlainTextResponse:
        return PlainTextResponse("rows")

    @app.post("/generate")
    def generate(request: Request, rows: int, caller: Annotated[Principal, Depends(requires(Scope.generate))]) -> int:
        charge_records(request, caller, rows)
        return rows

    return ObservedRequests(app, metrics=guards.metrics, tracing=NoTracing())


@pytest.fixture
def keys(database: Database) -> KeyStore:
    return KeyStore(database)


@pytest.fixture
def guards(keys: KeyStore, verifier: TokenVerifier, tmp_path: Path) -> Guards:
    return Guards(Authenticator(keys, verifier), AuditLog(tmp_path / "audit.jsonl"))


@pytest.fixture
def client(guards: Guards) -> Iterator[TestClient]:
    with TestClient(application(guards)) as opened:
        yield opened


def key(store: KeyStore, *scopes: Scope, **more: Any) -> dict[str, str]:
    return {"X-API-Key": store.create("team-a", scopes or {Scope.read}, lifetime=timedelta(days=1), **more).token}


def recorded(guards: Guards) -> list[dict[str, Any]]:
    path = guards.audit.path
    assert path is not None
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def test_without_a_credential_401_says_how_to_authenticate(client: TestClient) -> None:
    answer = client.get("/rows/a")
    assert answer.status_code == 401
    challenge = answer.headers["WWW-Authenticate"]
    assert challenge.startswith('ApiKey realm="inferloop-synthetic"')
    assert 'Bearer realm="inferloop-synthetic"' in challenge
    assert "error=" not in challenge
    assert (
        answer.json()["hint"]
        == "Send an API key in the header X-API-Key or a token in the header Authorization: Bearer."
    )


def test_a_key_lets_its_owner_in(client: TestClient, keys: KeyStore) -> None:
    answer = client.get("/rows/a", headers=key(keys))
    assert (answer.status_code, answer.json()) == (200, "key:team-a")


def test_a_token_lets_its_subject_in(client: TestClient, issuer: Any) -> None:
    answer = client.get("/rows/a", headers={"Authorization": f"Bearer {issuer.sign()}"})
    assert (answer.status_code, answer.json()) == (200, "jwt:ann")


def test_a_wrong_token_is_401_with_the_error_of_rfc_6750(client: TestClient, issuer: Any) -> None:
    answer = client.get("/rows/a", headers={"Authorization": f"Bearer {issuer.sign(aud='billing')}"})
    assert answer.status_code == 401
    assert 'Bearer realm="inferloop-synthetic", error="invalid_token"' in answer.headers["WWW-Authenticate"]


WRONG: dict[str, Any] = {
    "unknown key": lambda k, t: [("X-API-Key", "isk_nothing")],
    "empty key": lambda k, t: [("X-API-Key", "")],
    "two keys, the same": lambda k, t: [("X-API-Key", k), ("X-API-Key", k)],
    "two keys, the second wrong": lambda k, t: [("X-API-Key", k), ("x-api-key", "x")],
    "two tokens": lambda k, t: [("Authorization", f"Bearer {t}"), ("Authorization", f"Bearer {t}")],
    "a key and a token": lambda k, t: [("X-API-Key", k), ("Authorization", f"Bearer {t}")],
    "a key and Basic": lambda k, t: [("X-API-Key", k), ("Authorization", "Basic YTpi")],
    "two keys in one header": lambda k, t: [("X-API-Key", f"{k},{k}")],
    "a key as a token": lambda k, t: [("Authorization", f"Bearer {k}")],
    "a token as a key": lambda k, t: [("X-API-Key", t)],
    "another scheme": lambda k, t: [("Authorization", f"Token {t}")],
    "no scheme": lambda k, t: [("Authorization", t)],
    "no token": lambda k, t: [("Authorization", "Bearer ")],
    "two tokens in one header": lambda k, t: [("Authorization", f"Bearer {t} {t}")],
    "the key in a cookie": lambda k, t: [("Cookie", f"X-API-Key={k}")],
    "bytes": lambda k, t: [(b"x-api-key", b"\xff\xfe\x80")],
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_credential_is_401(client: TestClient, keys: KeyStore, issuer: Any, case: str) -> None:
    headers = WRONG[case](key(keys)["X-API-Key"], issuer.sign())
    answer = client.get("/rows/a", headers=headers)
    assert answer.status_code == 401
    assert "WWW-Authenticate" in answer.headers


def test_a_key_in_the_address_opens_nothing(client: TestClient, keys: KeyStore) -> None:
    assert client.get("/rows/a", params={"X-API-Key": key(keys)["X-API-Key"]}).status_code == 401


def test_without_the_scope_403_names_it(client: TestClient, keys: KeyStore, issuer: Any) -> None:
    answer = client.post("/generate?rows=1", headers=key(keys, Scope.read))
    assert answer.status_code == 403
    assert answer.json()["detail"] == "This needs the scope generate; the credential has read."
    token = client.post("/generate?rows=1", headers={"Authorization": f"Bearer {issuer.sign(scope='read')}"})
    assert 'error="insufficient_scope", scope="generate"' in token.headers["WWW-Authenticate"]


def test_answers_tell_what_is_left(client: TestClient, keys: KeyStore) -> None:
    headers = client.post("/generate?rows=400", headers=key(keys, Scope.generate)).headers
    assert headers["RateLimit"].split(", ")[0].startswith('"requests";r=59;t=')
    assert headers["RateLimit"].split(", ")[1].startswith('"records";r=600;t=')
    assert headers["RateLimit-Policy"] == '"requests";q=60;w=60, "records";q=1000;w=60'
    assert headers["RateLimit-Remaining"] == "59"


def test_too_many_requests_are_429_with_when_to_come_back(client: TestClient, keys: KeyStore) -> None:
    own = key(keys, allowance=Allowance(2, None))
    statuses = [client.get("/rows/a", headers=own).status_code for _ in range(3)]
    assert statuses == [200, 200, 429]
    answer = client.get("/rows/a", headers=own)
    assert int(answer.headers["Retry-After"]) >= 1
    assert answer.headers["RateLimit-Remaining"] == "0"
    assert client.get("/rows/a").status_code == 401


def test_requests_without_the_scope_count_too(client: TestClient, keys: KeyStore) -> None:
    own = key(keys, Scope.read, allowance=Allowance(2, None))
    assert [client.post("/generate?rows=1", headers=own).status_code for _ in range(3)] == [403, 403, 429]


def test_too_many_records_are_429_and_nothing_is_made(client: TestClient, keys: KeyStore) -> None:
    own = key(keys, Scope.generate)
    assert client.post("/generate?rows=900", headers=own).status_code == 200
    answer = client.post("/generate?rows=200", headers=own)
    assert (answer.status_code, answer.json()["detail"]) == (429, "The limit of 1000 records a minute leaves 100 now.")


def test_what_changes_something_is_on_record_before_and_after(
    client: TestClient, keys: KeyStore, guards: Guards
) -> None:
    own = key(keys, Scope.generate, Scope.read)
    client.post("/generate?rows=5", headers={**own, "X-Request-ID": "request-0001"})
    client.get("/rows/a", headers=own)
    client.get("/download", headers=own)
    told = [(line["action"], line["outcome"], line["subject"]) for line in recorded(guards)]
    assert told == [
        ("POST /generate", "allowed", "key:team-a"),
        ("POST /generate", "done", "key:team-a"),
        ("GET /download", "allowed", "key:team-a"),
        ("GET /download", "done", "key:team-a"),
    ]
    assert [line["request_id"] for line in recorded(guards)[:2]] == ["request-0001"] * 2
    assert recorded(guards)[1]["http_status"] == 200


def test_refusals_are_on_record_and_counted_and_missing_credentials_only_counted(
    client: TestClient, keys: KeyStore, guards: Guards
) -> None:
    client.get("/rows/a")
    client.get("/rows/a", headers={"X-API-Key": "wrong"})
    client.post("/generate?rows=1", headers=key(keys, Scope.read))
    told = [(line["subject"], line["outcome"], line["reason"]) for line in recorded(guards)]
    assert told == [("unknown", "refused", "unauthenticated"), ("key:team-a", "refused", "forbidden")]
    text = guards.metrics.render()[0].decode()
    assert 'guardian_refused_requests_total{reason="unauthenticated"} 2.0' in text
    assert 'guardian_refused_requests_total{reason="forbidden"} 1.0' in text


def test_what_cannot_be_put_on_record_is_not_done(guards: Guards, keys: KeyStore, tmp_path: Path) -> None:
    made: list[int] = []
    app = application(guards)

    @app._app.post("/make", dependencies=[Depends(requires(Scope.generate))])
    def make() -> None:
        made.append(1)

    (tmp_path / "audit.jsonl").mkdir()
    with TestClient(app) as opened:
        answer = opened.post("/make", headers=key(keys, Scope.generate))
    assert answer.status_code == 503
    assert "Retry-After" in answer.headers
    assert made == []


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "::", "10.0.0.7", "example.org", "", "localhost.example.org", "127.0.0.1.nip.io"]
)
def test_authentication_cannot_be_switched_off_where_others_can_reach(host: str) -> None:
    with pytest.raises(InputError, match="GUARDIAN_AUTHENTICATION=off"):
        check_may_be_open(host)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.8.8.8"])
def test_authentication_may_be_switched_off_on_loopback(host: str) -> None:
    check_may_be_open(host)


OPEN = Authenticator(None, open_on_loopback=True)


def test_where_it_is_off_a_developer_may_do_everything() -> None:
    caller = OPEN.authenticate([(b"host", b"127.0.0.1:8000")], "127.0.0.1")
    assert caller.scopes == set(Scope)


@pytest.mark.parametrize(
    ("headers", "client_host"),
    [
        ([(b"host", b"127.0.0.1:8000")], "192.168.1.5"),
        ([(b"host", b"127.0.0.1:8000")], None),
        ([(b"host", b"evil.example")], "127.0.0.1"),
        ([(b"host", b"127.0.0.1.evil.example:8000")], "127.0.0.1"),
        ([(b"host", b"localhost"), (b"host", b"evil.example")], "127.0.0.1"),
        ([], "127.0.0.1"),
        ([(b"host", b"localhost"), (b"x-forwarded-for", b"127.0.0.1")], "127.0.0.1"),
        ([(b"host", b"localhost"), (b"forwarded", b"for=1.2.3.4")], "127.0.0.1"),
    ],
)
def test_where_it_is_off_others_are_still_refused(headers: Any, client_host: str | None) -> None:
    with pytest.raises(Refused) as caught:
        OPEN.authenticate(headers, client_host)
    assert caught.value.status == 401
