"""The public keys that tokens are signed with: a JSON Web Key Set (RFC 7517) from a file or a URL, kept and refreshed."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from inferloop_synthetic.errors import InputError
from inferloop_synthetic.security.errors import Unavailable

_LARGEST_SET = 256 * 1024
_MOST_KEYS = 100
_SMALLEST_RSA = 2048
_CURVES = {"ES256": ec.SECP256R1, "ES384": ec.SECP384R1, "ES512": ec.SECP521R1}
_log = logging.getLogger(__name__)

Fetch = Callable[[], bytes]


@dataclass(frozen=True)
class VerificationKey:
    """A public key with the algorithms that it may verify; nothing that a token says adds to them."""

    kid: str | None
    algorithms: frozenset[str]
    key: Any


class JwksSource:
    """A key set that is fetched when first needed, and again when it is old or a token names a key that is not in it.

    Whoever sends tokens with made-up key names causes at most one fetch in `pause_s`. When the set cannot be fetched the one
    at hand serves until it is `stale_s` old; after that tokens are answered with 503, not with 401.
    """

    def __init__(
        self,
        fetch: Fetch,
        *,
        fresh_s: float = 300,
        stale_s: float = 3600,
        pause_s: float = 30,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fetch, self._clock = fetch, clock
        self._fresh_s, self._stale_s, self._pause_s = fresh_s, stale_s, pause_s
        self._keys: tuple[VerificationKey, ...] = ()
        self._fetched: float | None = None
        self._tried: float | None = None
        self._lock = threading.Lock()

    def find(self, kid: str | None, algorithm: str) -> VerificationKey | None:
        """Return the key of that name for that algorithm; without a name, the only key there is for it."""
        found = self._look(kid, algorithm) if self._age() < self._fresh_s else None
        if found is None:
            self._refresh(unless_found=(kid, algorithm))
            found = self._look(kid, algorithm)
        return found

    def _look(self, kid: str | None, algorithm: str) -> VerificationKey | None:
        fitting = [key for key in self._keys if algorithm in key.algorithms and (kid is None or key.kid == kid)]
        return fitting[0] if len(fitting) == 1 else None

    def _age(self) -> float:
        return float("inf") if self._fetched is None else self._clock() - self._fetched

    def _refresh(self, unless_found: tuple[str | None, str]) -> None:
        with self._lock:
            # Another thread may have fetched it while this one waited.
            if self._age() < self._fresh_s and self._look(*unless_found) is not None:
                return
            now = self._clock()
            if self._tried is None or now - self._tried >= self._pause_s:
                self._tried = now
                try:
                    self._keys = parse_jwks(self._fetch())
                except (OSError, ValueError) as error:
                    _log.warning("the key set of the token issuer cannot be read", exc_info=error)
                else:
                    self._fetched = self._clock()
            if self._age() >= self._stale_s:
                wait = max(1, round(self._pause_s - (self._clock() - (self._tried or 0))))
                raise Unavailable(
                    "The keys of the token issuer cannot be read just now.",
                    hint="Try again; operators: see GUARDIAN_JWT_JWKS and the log.",
                    headers={"Retry-After": str(wait)},
                )


def parse_jwks(text: bytes) -> tuple[VerificationKey, ...]:
    """Return the keys of a set that can verify signatures; raises ValueError when it is no key set.

    Left out, as RFC 7517 section 5 asks, is what cannot be used here: symmetric keys, keys meant for encryption, unknown types,
    RSA keys under 2048 bits (RFC 7518 section 3.3). Private parts are refused: whoever published them has to know.
    """
    try:
        tree = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError("the key set is no JSON, or nested too deeply") from error
    entries = tree.get("keys") if isinstance(tree, dict) else None
    if not isinstance(entries, list) or len(entries) > _MOST_KEYS:
        raise ValueError(f"a key set is an object with a list `keys` of at most {_MOST_KEYS}")
    found = [key for entry in entries if isinstance(entry, dict) and (key := _verification_key(entry)) is not None]
    if not found:
        raise ValueError("the key set holds no key that signatures can be verified with")
    return tuple(found)


def _verification_key(entry: Mapping[str, Any]) -> VerificationKey | None:
    if "d" in entry:
        raise ValueError("the key set holds a private key; publish the public parts only, and replace that key")
    if entry.get("use", "sig") != "sig" or "verify" not in entry.get("key_ops", ["verify"]):
        return None
    if entry.get("kty") not in {"RSA", "EC", "OKP"}:
        return None
    kid = entry.get("kid")
    if kid is not None and not isinstance(kid, str):
        return None
    try:
        key = jwt.PyJWK(dict(entry), algorithm=None if "alg" in entry else _usual_algorithm(entry)).key
    except (jwt.PyJWTError, ValueError, TypeError, KeyError, NotImplementedError):
        return None
    able = _algorithms_of(key)
    named = entry.get("alg")
    algorithms = able if named is None else able & {named}
    return VerificationKey(kid, frozenset(algorithms), key) if algorithms else None


def _usual_algorithm(entry: Mapping[str, Any]) -> str | None:
    """PyJWT wants an algorithm to read a key by; which ones the key may verify is told from the key itself."""
    return {"RSA": "RS256", "OKP": "EdDSA"}.get(str(entry.get("kty")))


def _algorithms_of(key: object) -> frozenset[str]:
    if isinstance(key, rsa.RSAPublicKey):
        return frozenset({"RS256", "RS384", "RS512"}) if key.key_size >= _SMALLEST_RSA else frozenset()
    if isinstance(key, ec.EllipticCurvePublicKey):
        return frozenset(name for name, curve in _CURVES.items() if isinstance(key.curve, curve))
    return frozenset({"EdDSA"}) if isinstance(key, ed25519.Ed25519PublicKey) else frozenset()


def jwks_fetch(place: str, *, timeout_s: float = 5) -> Fetch:
    """Return what reads a key set at a path or URL; raises InputError for a URL that is neither https nor loopback."""
    parts = urlsplit(place)
    if parts.scheme in {"", "file"} or len(parts.scheme) == 1:
        path = Path(parts.path if parts.scheme == "file" else place)
        return lambda: _limited(path.read_bytes())
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in {"localhost", "127.0.0.1", "::1"}):
        raise InputError(f"the key set is read over https or from a file, not over {parts.scheme}: {parts.hostname}")
    opener = build_opener(_NoRedirects())
    request = Request(place, headers={"Accept": "application/jwk-set+json, application/json"})  # noqa: S310 (schemes checked above)

    def fetch() -> bytes:
        until = time.monotonic() + timeout_s
        text = bytearray()
        with opener.open(request, timeout=timeout_s) as answer:
            # Piece by piece: the timeout is for one read, and a server that sends a byte a second would hold every request up.
            while piece := answer.read1(65536):
                text += piece
                if time.monotonic() > until:
                    raise TimeoutError(f"the key set took longer than {timeout_s:g} s")
                if len(text) > _LARGEST_SET:
                    break
        return _limited(bytes(text))

    return fetch


def _limited(text: bytes) -> bytes:
    if len(text) > _LARGEST_SET:
        raise ValueError(f"the key set is larger than {_LARGEST_SET} bytes")
    return text


class _NoRedirects(HTTPRedirectHandler):
    """A key set that moved has to be configured anew; following would let whoever answers choose the keys' place."""

    def redirect_request(self, req: Request, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Request | None:
        raise URLError(f"the key set answers with a redirect ({code})")
