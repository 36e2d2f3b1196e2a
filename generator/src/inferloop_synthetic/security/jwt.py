"""JSON Web Tokens (RFC 7519), checked as RFC 8725 asks: the rules are the service's, the token only has to fit them."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jwt

from inferloop_synthetic.errors import InputError
from inferloop_synthetic.security.errors import InvalidToken
from inferloop_synthetic.security.jwks import JwksSource
from inferloop_synthetic.security.principal import Principal, Scope

ALGORITHMS = ("RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "EdDSA")
"""What can be configured: signatures with public keys only, so that no key of ours can be mistaken for a shared secret."""
LARGEST_TOKEN = 8 * 1024
_TYPES = {"jwt", "at+jwt", "application/jwt", "application/at+jwt"}
_SUBJECT = re.compile(r"[\x21-\x7e]([\x20-\x7e]{0,188}[\x21-\x7e])?")
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TokenRules:
    """What a token must fit: `issuer` to the letter, one of `audiences`, one of `algorithms`; times within `leeway_s`."""

    issuer: str
    audiences: tuple[str, ...]
    algorithms: tuple[str, ...] = ("RS256", "ES256", "EdDSA")
    leeway_s: int = 30
    scope_claim: str = "scope"

    def __post_init__(self) -> None:
        if not self.issuer or not self.audiences or not all(self.audiences):
            raise InputError("tokens need an issuer and an audience: set GUARDIAN_JWT_ISSUER and GUARDIAN_JWT_AUDIENCE")
        for name in self.algorithms:
            if name not in ALGORITHMS:
                raise InputError(f"GUARDIAN_JWT_ALGORITHMS: {name!r} is not accepted; {', '.join(ALGORITHMS)} are")
        if not self.algorithms:
            raise InputError("GUARDIAN_JWT_ALGORITHMS: name at least one")
        if not 0 <= self.leeway_s <= 600:
            raise InputError("GUARDIAN_JWT_LEEWAY_SECONDS: from 0 to 600")


class TokenVerifier:
    """Turns a token into a principal, or refuses it."""

    def __init__(self, rules: TokenRules, keys: JwksSource) -> None:
        self._rules, self._keys = rules, keys

    def verify(self, token: str) -> Principal:
        """Return who sent the token; raises InvalidToken, and Unavailable when the issuer's keys cannot be had."""
        if len(token) > LARGEST_TOKEN:
            raise _refusal("the token is too long")
        try:
            header = jwt.get_unverified_header(token)
        except (jwt.PyJWTError, ValueError, RecursionError):
            raise _refusal("it is not a signed JWT") from None
        algorithm, kid = self._read_header(header)
        key = self._keys.find(kid, algorithm)
        if key is None:
            raise _refusal("no key of the issuer fits it")
        return self._principal(self._claims(token, key.key, algorithm))

    def _read_header(self, header: Mapping[str, Any]) -> tuple[str, str | None]:
        """Return algorithm and key name. Keys and addresses in the header (jwk, jku, x5c, x5u) are never looked at."""
        algorithm = header.get("alg")
        if not isinstance(algorithm, str) or algorithm not in self._rules.algorithms:
            raise _refusal("its algorithm is not accepted")
        if "crit" in header or "b64" in header:
            raise _refusal("it asks for extensions that are not known here")
        kind = header.get("typ", "JWT")
        if not isinstance(kind, str) or kind.lower() not in _TYPES:
            raise _refusal("it is not an access token")
        kid = header.get("kid")
        if kid is not None and (not isinstance(kid, str) or len(kid) > 256):
            raise _refusal("its key name is not usable")
        return algorithm, kid

    def _claims(self, token: str, key: Any, algorithm: str) -> dict[str, Any]:
        try:
            claims = jwt.decode(
                token,
                key,
                algorithms=[algorithm],
                audience=self._rules.audiences,
                issuer=self._rules.issuer,
                leeway=self._rules.leeway_s,
                options={"require": ["exp", "iss", "aud", "sub"]},
            )
            _check_times(claims)
        except jwt.ExpiredSignatureError:
            raise _refusal("it has expired") from None
        except jwt.ImmatureSignatureError:
            raise _refusal("it is not valid yet") from None
        except jwt.InvalidAudienceError:
            raise _refusal("it was made for another audience") from None
        except jwt.InvalidIssuerError:
            raise _refusal("it is from another issuer") from None
        except jwt.InvalidSignatureError:
            raise _refusal("its signature does not fit") from None
        except jwt.MissingRequiredClaimError as error:
            raise _refusal(f"it lacks the claim {error.claim}") from None
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError):
            raise _refusal("its claims cannot be read") from None
        return dict(claims)

    def _principal(self, claims: Mapping[str, Any]) -> Principal:
        subject = claims["sub"]
        if not isinstance(subject, str) or not _SUBJECT.fullmatch(subject):
            raise _refusal("its subject is not usable")
        written = claims.get(self._rules.scope_claim, "")
        words = written.split() if isinstance(written, str) else written if isinstance(written, list) else []
        scopes = frozenset(Scope(word) for word in words if isinstance(word, str) and word in Scope.__members__)
        name = claims.get("jti")
        named = isinstance(name, str) and len(name) <= 64 and _SUBJECT.fullmatch(name)
        return Principal(f"jwt:{subject}", scopes, f"jwt {name}" if named else "jwt")


def _check_times(claims: Mapping[str, Any]) -> None:
    """PyJWT takes texts and truth values for times; RFC 7519 section 2 wants numbers."""
    for name in ("exp", "nbf", "iat"):
        if isinstance(claims.get(name, 0), bool) or not isinstance(claims.get(name, 0), int | float):
            raise ValueError(name)  # noqa: TRY004 (what a token says is a value)


def _refusal(reason: str) -> InvalidToken:
    """Reasons are about the token that its sender has; they tell nothing about keys or users."""
    return InvalidToken(f"The token is refused: {reason}.", hint="Ask the issuer for a new token for this service.")
