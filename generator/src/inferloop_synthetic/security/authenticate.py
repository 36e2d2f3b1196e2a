"""From a request's headers to who sent it."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_address
from typing import Protocol

from inferloop_synthetic.errors import InputError
from inferloop_synthetic.security.errors import InvalidToken, Unauthenticated
from inferloop_synthetic.security.principal import Principal, Scope

Headers = Iterable[tuple[bytes, bytes]]
REALM = "inferloop-synthetic"
DEVELOPER = Principal("local:developer", frozenset(Scope), "none")
_FORWARDED = {b"forwarded", b"x-forwarded-for", b"x-forwarded-host", b"x-real-ip", b"via"}


class Verifier(Protocol):
    """Turns a credential's text into a principal, or raises Unauthenticated."""

    def verify(self, text: str) -> Principal:
        """Return whose credential it is."""
        ...


class Authenticator:
    """Finds the one credential of a request and has it verified.

    With `open_on_loopback` requests need none; they have to come from this machine, be addressed to it by a loopback name (a
    page in a browser that had its own name pointed here sends that name), and not have come through a proxy.
    """

    def __init__(self, keys: Verifier | None, tokens: Verifier | None = None, *, open_on_loopback: bool = False) -> None:
        self._keys, self._tokens, self._open = keys, tokens, open_on_loopback

    def authenticate(self, headers: Headers, client_host: str | None) -> Principal:
        """Return who sent a request with these headers (raw, names in lower case); raises Unauthenticated."""
        pairs = list(headers)
        if self._open:
            return self._developer(pairs, client_host)
        try:
            return self._credential(pairs)
        except Unauthenticated as refusal:
            refusal.headers["WWW-Authenticate"] = self._challenge(refusal)
            raise

    def _credential(self, pairs: list[tuple[bytes, bytes]]) -> Principal:
        keys = [value for name, value in pairs if name == b"x-api-key"]
        tokens = [value for name, value in pairs if name == b"authorization"]
        if not keys and not tokens:
            raise Unauthenticated("The request has no credential.", hint=self._how())
        if len(keys) + len(tokens) > 1:
            # Proxies and we might each believe another one.
            raise Unauthenticated(
                "The request has more than one credential.", hint="Send either X-API-Key or Authorization, once."
            )
        if keys:
            if self._keys is None:
                raise Unauthenticated("API keys are not accepted here.", hint=self._how())
            return self._keys.verify(keys[0].decode("latin-1").strip())
        scheme, _, token = tokens[0].decode("latin-1").strip().partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise Unauthenticated("The Authorization header is not a bearer token.", hint=self._how())
        if self._tokens is None:
            raise Unauthenticated("Bearer tokens are not accepted here.", hint=self._how())
        return self._tokens.verify(token.strip())

    def _how(self) -> str:
        ways = ["an API key in the header X-API-Key"] if self._keys is not None else []
        ways += ["a token in the header Authorization: Bearer"] if self._tokens is not None else []
        return f"Send {' or '.join(ways)}."

    def _challenge(self, refusal: Unauthenticated) -> str:
        """Return WWW-Authenticate (RFC 9110 section 11.6.1, RFC 6750 section 3)."""
        ways = [f'ApiKey realm="{REALM}", header="X-API-Key"'] if self._keys is not None else []
        if self._tokens is not None:
            invalid = ', error="invalid_token"' if isinstance(refusal, InvalidToken) else ""
            ways.append(f'Bearer realm="{REALM}"{invalid}')
        return ", ".join(ways)

    def _developer(self, pairs: list[tuple[bytes, bytes]], client_host: str | None) -> Principal:
        hosts = [value.decode("latin-1") for name, value in pairs if name == b"host"]
        direct = not any(name in _FORWARDED for name, _ in pairs)
        if direct and is_loopback(client_host or "") and len(hosts) == 1 and is_loopback(_without_port(hosts[0])):
            return DEVELOPER
        raise Unauthenticated(
            "Authentication is off, so only requests from this machine to its loopback address are answered.",
            hint="Call http://127.0.0.1 directly, or set GUARDIAN_AUTHENTICATION=required.",
            headers={"WWW-Authenticate": f'ApiKey realm="{REALM}", header="X-API-Key"'},
        )


def is_loopback(host: str) -> bool:
    """Say whether a name or address is this machine's loopback."""
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def check_may_be_open(host: str) -> None:
    """Raise InputError unless a service that listens on `host` may do without authentication."""
    if not is_loopback(host):
        raise InputError(
            f"GUARDIAN_AUTHENTICATION=off is for one's own machine, and {host} can be reached from others; "
            "set GUARDIAN_HOST=127.0.0.1, or GUARDIAN_AUTHENTICATION=required and make a key: inferloop-synthetic keys create"
        )


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.rpartition(":")[0] if ":" in host else host
