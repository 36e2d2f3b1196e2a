"""A database of keys, keys that sign tokens, and a clock that tests turn."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from inferloop_synthetic.jobs.database import Database, open_database
from inferloop_synthetic.security.jwks import JwksSource
from inferloop_synthetic.security.jwt import TokenRules, TokenVerifier

ISSUER, AUDIENCE = "https://issuer.example", "synthetic"


@dataclass
class Clock:
    """Time that passes when a test says so."""

    now: datetime = datetime(2030, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def seconds(self) -> float:
        return self.now.timestamp()

    def pass_(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = open_database(f"sqlite:///{tmp_path / 'keys.db'}")
    opened.migrate()
    yield opened
    opened.close()


@dataclass
class Issuer:
    """Whoever signs tokens: one private key of each kind, and the public parts as a key set."""

    private: dict[str, Any] = field(default_factory=dict)

    def public(self, kid: str) -> dict[str, Any]:
        key = self.private[kid].public_key()
        kind = RSAAlgorithm if isinstance(key, rsa.RSAPublicKey) else OKPAlgorithm
        kind = ECAlgorithm if isinstance(key, ec.EllipticCurvePublicKey) else kind
        return {**json.loads(kind.to_jwk(key)), "kid": kid, "use": "sig"}

    def key_set(self, *more: dict[str, Any]) -> bytes:
        return json.dumps({"keys": [*(self.public(kid) for kid in self.private), *more]}).encode()

    def sign(self, kid: str = "rsa", alg: str = "RS256", *, header: dict[str, Any] | None = None, **claims: Any) -> str:
        """Return a token that is right in everything but what is given; a claim given as None is left out."""
        now = int(datetime.now(UTC).timestamp())
        usual = {"iss": ISSUER, "aud": AUDIENCE, "sub": "ann", "iat": now, "exp": now + 600, "scope": "generate read"}
        body = {name: value for name, value in {**usual, **claims}.items() if value is not None}
        # Not jwt.encode, which refuses to write some of what an attacker may write.
        return jwt.PyJWS().encode(
            json.dumps(body).encode(), self.private[kid], alg, headers={"kid": kid, **(header or {})}
        )


@pytest.fixture(scope="session")
def issuer() -> Issuer:
    return Issuer(
        {
            "rsa": rsa.generate_private_key(public_exponent=65537, key_size=2048),
            "ec": ec.generate_private_key(ec.SECP256R1()),
            "ed": ed25519.Ed25519PrivateKey.generate(),
        }
    )


@pytest.fixture
def verifier(issuer: Issuer) -> TokenVerifier:
    return TokenVerifier(TokenRules(ISSUER, (AUDIENCE,)), JwksSource(issuer.key_set))
