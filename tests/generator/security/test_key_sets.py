"""The issuer's keys: which are used, when they are fetched again, and what happens while they cannot be had."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from inferloop_synthetic.errors import InputError
from inferloop_synthetic.security.errors import Unavailable
from inferloop_synthetic.security.jwks import JwksSource, jwks_fetch, parse_jwks


class Fetch:
    """A key set that can change or be away, and counts how often it was asked for."""

    def __init__(self, text: bytes) -> None:
        self.text: bytes | None = text
        self.times = 0

    def __call__(self) -> bytes:
        self.times += 1
        if self.text is None:
            raise ConnectionError("away")
        return self.text


@pytest.fixture
def fetch(issuer: Any) -> Fetch:
    return Fetch(issuer.key_set())


@pytest.fixture
def source(fetch: Fetch, clock: Any) -> JwksSource:
    return JwksSource(fetch, fresh_s=300, stale_s=3600, pause_s=30, clock=clock.seconds)


def test_keys_are_fetched_once_while_fresh(source: JwksSource, fetch: Fetch, clock: Any) -> None:
    for _ in range(5):
        assert source.find("rsa", "RS256") is not None
        clock.pass_(50)
    assert fetch.times == 1


def test_keys_are_fetched_again_when_old(source: JwksSource, fetch: Fetch, clock: Any) -> None:
    source.find("rsa", "RS256")
    clock.pass_(301)
    source.find("rsa", "RS256")
    assert fetch.times == 2


def test_a_new_key_of_the_issuer_is_found_without_waiting_for_old_age(
    source: JwksSource, fetch: Fetch, clock: Any, issuer: Any
) -> None:
    source.find("rsa", "RS256")
    fetch.text = issuer.key_set({**issuer.public("rsa"), "kid": "next"})
    clock.pass_(31)
    assert source.find("next", "RS256") is not None


def test_a_key_that_the_issuer_took_away_stops_opening(
    source: JwksSource, fetch: Fetch, clock: Any, issuer: Any
) -> None:
    source.find("rsa", "RS256")
    fetch.text = json.dumps({"keys": [issuer.public("ec")]}).encode()
    clock.pass_(301)
    assert source.find("rsa", "RS256") is None


def test_made_up_key_names_cause_one_fetch_in_thirty_seconds(source: JwksSource, fetch: Fetch, clock: Any) -> None:
    source.find("rsa", "RS256")
    for number in range(100):
        assert source.find(f"made-up-{number}", "RS256") is None
    assert fetch.times == 1
    clock.pass_(31)
    for number in range(100):
        source.find(f"made-up-{number}", "RS256")
    assert fetch.times == 2


def test_many_requests_at_the_start_fetch_once(issuer: Any) -> None:
    gate = threading.Barrier(8)
    times = []

    def slow() -> bytes:
        times.append(1)
        return issuer.key_set()

    source = JwksSource(slow)

    def ask() -> None:
        gate.wait()
        assert source.find("rsa", "RS256") is not None

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(times) == 1


def test_known_keys_serve_while_the_issuer_is_away_and_then_not(source: JwksSource, fetch: Fetch, clock: Any) -> None:
    source.find("rsa", "RS256")
    fetch.text = None
    clock.pass_(1800)
    assert source.find("rsa", "RS256") is not None
    clock.pass_(1800)
    with pytest.raises(Unavailable) as caught:
        source.find("rsa", "RS256")
    assert 1 <= int(caught.value.headers["Retry-After"]) <= 30


def test_an_issuer_that_was_never_there_is_told_as_503_and_asked_again_later(
    source: JwksSource, fetch: Fetch, clock: Any, issuer: Any
) -> None:
    fetch.text = None
    for _ in range(10):
        with pytest.raises(Unavailable):
            source.find("rsa", "RS256")
    assert fetch.times == 1
    fetch.text = issuer.key_set()
    clock.pass_(31)
    assert source.find("rsa", "RS256") is not None


@pytest.mark.parametrize(
    "text", [b"", b"[]", b"{}", b'{"keys": 1}', b'{"keys": []}', b"[" * 100_000, b'{"keys": ["a", 1]}', b"\xff"]
)
def test_what_is_no_key_set_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match="key"):
        parse_jwks(text if text != b"\xff" else b'{"keys": [{"kty": "RSA"}]}')


def test_keys_that_cannot_verify_are_left_out(issuer: Any) -> None:
    small = rsa.generate_private_key(public_exponent=65537, key_size=1024).public_key()
    unusable = [
        {"kty": "oct", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0", "kid": "shared", "alg": "HS256"},
        {**issuer.public("rsa"), "kid": "encrypting", "use": "enc"},
        {**issuer.public("rsa"), "kid": "signing", "key_ops": ["sign"]},
        {**issuer.public("rsa"), "kid": "other algorithm", "alg": "PS256"},
        {**issuer.public("rsa"), "kid": "other kind", "alg": "ES256"},
        {**issuer.public("ec"), "kid": 7},
        {**json.loads(RSAAlgorithm.to_jwk(small)), "kid": "small"},
        {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA", "kid": "off the curve"},
        {"kty": "future", "kid": "unknown"},
    ]
    found = parse_jwks(issuer.key_set(*unusable))
    assert {key.kid: set(key.algorithms) for key in found} == {
        "rsa": {"RS256", "RS384", "RS512"},
        "ec": {"ES256"},
        "ed": {"EdDSA"},
    }


def test_a_published_private_key_is_an_error(issuer: Any) -> None:
    with pytest.raises(ValueError, match="private key"):
        parse_jwks(issuer.key_set({**issuer.public("ed"), "d": "AAAA"}))


def test_a_key_bound_to_one_algorithm_verifies_no_other(issuer: Any) -> None:
    (key,) = parse_jwks(json.dumps({"keys": [{**issuer.public("rsa"), "alg": "RS512"}]}).encode())
    assert key.algorithms == {"RS512"}


def test_two_keys_of_one_name_are_no_key(issuer: Any) -> None:
    source = JwksSource(lambda: issuer.key_set({**issuer.public("rsa"), "kid": "rsa"}))
    assert source.find("rsa", "RS256") is None


@pytest.fixture
def served() -> Iterator[Callable[[Callable[[BaseHTTPRequestHandler], None]], str]]:
    servers = []

    def serve(answer: Callable[[BaseHTTPRequestHandler], None]) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                answer(self)

            def log_message(self, *words: Any) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}/keys"

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


def test_keys_are_read_over_http(served: Any, issuer: Any) -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(issuer.key_set())

    assert JwksSource(jwks_fetch(served(answer))).find("ed", "EdDSA") is not None


def test_a_redirect_is_not_followed(served: Any, issuer: Any) -> None:
    visited = []

    def elsewhere(handler: BaseHTTPRequestHandler) -> None:
        visited.append(1)
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(issuer.key_set())

    target = served(elsewhere)

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(302)
        handler.send_header("Location", target)
        handler.end_headers()

    with pytest.raises(OSError, match="redirect"):
        jwks_fetch(served(answer))()
    assert visited == []


def test_an_endless_answer_is_cut_off(served: Any) -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        with contextlib.suppress(ConnectionError):  # the reader hangs up
            for _ in range(100):
                handler.wfile.write(b" " * 65536)

    with pytest.raises(ValueError, match="larger"):
        jwks_fetch(served(answer))()


def test_an_answer_that_drips_is_given_up(served: Any) -> None:
    ended = threading.Event()

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        while not ended.wait(0.01):
            handler.wfile.write(b" ")
            handler.wfile.flush()

    try:
        with pytest.raises(TimeoutError, match="longer than"):
            jwks_fetch(served(answer), timeout_s=0.2)()
    finally:
        ended.set()


@pytest.mark.parametrize(
    "place", ["http://issuer.example/keys", "ftp://issuer.example/keys", "http://127.0.0.1.evil.example/"]
)
def test_keys_are_read_over_https_only(place: str) -> None:
    with pytest.raises(InputError, match="https"):
        jwks_fetch(place)


def test_keys_are_read_from_a_file_that_may_be_replaced(tmp_path: Path, issuer: Any, clock: Any) -> None:
    file = tmp_path / "keys.json"
    file.write_bytes(json.dumps({"keys": [issuer.public("ec")]}).encode())
    source = JwksSource(jwks_fetch(str(file)), clock=clock.seconds)
    assert source.find("ed", "EdDSA") is None
    file.write_bytes(issuer.key_set())
    clock.pass_(31)
    assert source.find("ed", "EdDSA") is not None
