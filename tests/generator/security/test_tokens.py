"""JSON Web Tokens: what opens, and a table of attacks that do not."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from inferloop_synthetic.errors import InputError
from inferloop_synthetic.security.errors import InvalidToken
from inferloop_synthetic.security.jwks import JwksSource
from inferloop_synthetic.security.jwt import LARGEST_TOKEN, TokenRules, TokenVerifier
from inferloop_synthetic.security.principal import Scope

ISSUER, AUDIENCE = "https://issuer.example", "synthetic"


def encoded(value: Any) -> str:
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def claims(**more: Any) -> dict[str, Any]:
    return {"iss": ISSUER, "aud": AUDIENCE, "sub": "mallory", "exp": int(time.time()) + 600, "scope": "admin", **more}


def by_hand(header: Any, body: Any, secret: bytes | None = None) -> str:
    """Return a token with any header, signed by HMAC or not at all."""
    text = f"{encoded(header)}.{encoded(body)}"
    signature = b"" if secret is None else hmac.new(secret, text.encode(), hashlib.sha256).digest()
    return f"{text}.{encoded(signature)}"


def pem(issuer: Any) -> bytes:
    return (
        issuer.private["rsa"]
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )


def foreign() -> Any:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def resigned(issuer: Any, **body: Any) -> str:
    """Return a genuine token's header and signature around another body."""
    header, _, signature = issuer.sign().split(".")
    return f"{header}.{encoded(claims(**body))}.{signature}"


def embedded(issuer: Any, **header: Any) -> str:
    """Return a token of a foreign key that its own header brings along."""
    return jwt.encode(claims(), foreign(), algorithm="RS256", headers={"kid": "mine", **header})


NESTED = b"[" * 3000 + b"]" * 3000
ATTACKS: dict[str, dict[str, Callable[[Any], str]]] = {
    "its algorithm is not accepted": {
        "alg none, no signature": lambda i: by_hand({"alg": "none"}, claims()),
        "alg NoNe": lambda i: by_hand({"alg": "NoNe", "kid": "rsa"}, claims()),
        "alg none, signature of another token": lambda i: by_hand({"alg": "none"}, claims()) + i.sign().split(".")[2],
        "no alg": lambda i: by_hand({"kid": "rsa"}, claims()),
        "alg is a list": lambda i: by_hand({"alg": ["RS256"], "kid": "rsa"}, claims()),
        "HS256 keyed with the public key in PEM": lambda i: by_hand({"alg": "HS256", "kid": "rsa"}, claims(), pem(i)),
        "HS256 keyed with the public key's JSON": lambda i: by_hand(
            {"alg": "HS256", "kid": "rsa"}, claims(), json.dumps(i.public("rsa")).encode()
        ),
        "HS256 keyed with nothing": lambda i: by_hand({"alg": "HS256"}, claims(), b""),
        "RS512, which is not configured": lambda i: i.sign(alg="RS512"),
        "PS256 with the RS256 key": lambda i: i.sign(alg="PS256"),
        "kid is a path": lambda i: by_hand({"alg": "HS256", "kid": "../../../../dev/null"}, claims(), b""),
    },
    "its signature does not fit": {
        "HMAC under the name RS256": lambda i: by_hand({"alg": "RS256", "kid": "rsa"}, claims(), pem(i)),
        "a foreign key under a known name": lambda i: jwt.encode(claims(), foreign(), "RS256", headers={"kid": "rsa"}),
        "a foreign key on the right curve": lambda i: jwt.encode(
            claims(), ec.generate_private_key(ec.SECP256R1()), "ES256", headers={"kid": "ec"}
        ),
        "the body changed": resigned,
        "the signature left out": lambda i: i.sign().rsplit(".", 1)[0] + ".",
        "an ECDSA signature of zeros (psychic)": lambda i: ".".join(
            [*i.sign("ec", "ES256").split(".")[:2], encoded(bytes(64))]
        ),
        "no kid where there are keys of several kinds, foreign": lambda i: jwt.encode(claims(), foreign(), "RS256"),
    },
    "no key of the issuer fits it": {
        "ES256 header over an RSA key's name": lambda i: i.sign("ec", "ES256", header={"kid": "rsa"}),
        "the key in the header (jwk)": lambda i: embedded(i, jwk=i.public("rsa")),
        "an address of keys in the header (jku)": lambda i: embedded(i, jku="http://127.0.0.1:1/keys"),
        "an address of a certificate in the header (x5u)": lambda i: embedded(i, x5u="http://127.0.0.1:1/cert"),
        "a certificate in the header (x5c)": lambda i: embedded(i, x5c=["MIIB"]),
        "kid is a path, RS256": lambda i: jwt.encode(claims(), foreign(), "RS256", headers={"kid": "../../etc/passwd"}),
        "kid is SQL": lambda i: jwt.encode(claims(), foreign(), "RS256", headers={"kid": "x' UNION SELECT 'a'--"}),
    },
    "it is not a signed JWT": {
        "the signature cut": lambda i: i.sign()[:-5],
        "kid is a number": lambda i: by_hand({"alg": "RS256", "kid": 7}, claims(), b"x"),
        "kid is an object": lambda i: by_hand({"alg": "RS256", "kid": {"a": 1}}, claims(), b"x"),
        "crit": lambda i: i.sign(header={"crit": ["exp"], "exp": 1}),
        "header nested deeply": lambda i: encoded(b'{"alg":' + NESTED[1000:-1000] + b"}") + ".e30.AA",
        "header is a list": lambda i: by_hand(["alg", "RS256"], claims(), b"x"),
        "no dots": lambda i: "token",
        "encrypted, five parts": lambda i: "a.b.c.d.e",
        "empty": lambda i: "",
        "zero bytes": lambda i: "\0.\0.\0",
        "not Latin": lambda i: "ü.ß.é",
    },
    "its key name is not usable": {
        "kid is endless": lambda i: i.sign(header={"kid": "k" * 300}),
    },
    "it asks for extensions that are not known here": {
        "b64 false": lambda i: i.sign(header={"b64": False, "crit": ["b64"]}),
    },
    "it is not an access token": {
        "typ of a logout token": lambda i: i.sign(header={"typ": "logout+jwt"}),
    },
    "it was made for another audience": {
        "another audience": lambda i: i.sign(aud="billing"),
        "audience in other letters": lambda i: i.sign(aud="Synthetic"),
        "audience is a number": lambda i: i.sign(aud=7),
    },
    "it lacks the claim aud": {
        "no audience": lambda i: i.sign(aud=None),
        "empty audience": lambda i: i.sign(aud=[]),
    },
    "it is from another issuer": {
        "another issuer": lambda i: i.sign(iss="https://evil.example"),
        "issuer with a slash more": lambda i: i.sign(iss=ISSUER + "/"),
        "issuer is a list": lambda i: i.sign(iss=[ISSUER]),
    },
    "it lacks the claim iss": {
        "no issuer": lambda i: i.sign(iss=None),
    },
    "it has expired": {
        "expired": lambda i: i.sign(exp=int(time.time()) - 60),
        "expiry is true": lambda i: i.sign(exp=True),
    },
    "it lacks the claim exp": {
        "no expiry": lambda i: i.sign(exp=None),
    },
    "its claims cannot be read": {
        "expiry is a text": lambda i: i.sign(exp="99999999999"),
        "expiry is infinite": lambda i: jwt.encode(
            {**claims(), "exp": float("inf")}, i.private["rsa"], "RS256", headers={"kid": "rsa"}
        ),
        "body is no JSON": lambda i: jwt.PyJWS().encode(b"hello", i.private["rsa"], "RS256", headers={"kid": "rsa"}),
        "body is a list": lambda i: jwt.PyJWS().encode(b"[1]", i.private["rsa"], "RS256", headers={"kid": "rsa"}),
        "body nested deeply": lambda i: jwt.PyJWS().encode(
            NESTED[1500:-1500], i.private["rsa"], "RS256", headers={"kid": "rsa"}
        ),
    },
    "it is not valid yet": {
        "expiry beyond all years": lambda i: i.sign(exp=10**30, nbf=10**30),
        "not valid yet": lambda i: i.sign(nbf=int(time.time()) + 600),
        "issued in the future": lambda i: i.sign(iat=int(time.time()) + 600),
    },
    "it lacks the claim sub": {
        "no subject": lambda i: i.sign(sub=None),
    },
    "its subject is not usable": {
        "empty subject": lambda i: i.sign(sub=""),
        "subject with a line break": lambda i: i.sign(sub="ann\nadmin"),
        "subject is endless": lambda i: i.sign(sub="a" * 300),
    },
    "the token is too long": {
        "huge": lambda i: i.sign(padding="x" * LARGEST_TOKEN),
        "huge and no token": lambda i: "x" * 10_000_000,
    },
}
"""By why they are refused: an attack that fails at another check than the one it is aimed at proves nothing about that."""
BY_NAME = {name: attack for group in ATTACKS.values() for name, attack in group.items()}


@pytest.mark.parametrize(("reason", "attack"), [(reason, name) for reason, group in ATTACKS.items() for name in group])
def test_attack_is_refused(verifier: TokenVerifier, issuer: Any, reason: str, attack: str) -> None:
    with pytest.raises(InvalidToken) as caught:
        verifier.verify(ATTACKS[reason][attack](issuer))
    assert str(caught.value) == f"The token is refused: {reason}."


@pytest.mark.parametrize(
    "attack", ["the key in the header (jwk)", "an address of keys in the header (jku)", "kid is a path, RS256"]
)
def test_keys_come_from_the_configured_set_alone(issuer: Any, attack: str) -> None:
    asked: list[str] = []

    def fetch() -> bytes:
        asked.append("configured")
        return issuer.key_set()

    verifier = TokenVerifier(TokenRules(ISSUER, (AUDIENCE,)), JwksSource(fetch))
    with pytest.raises(InvalidToken, match="no key of the issuer"):
        verifier.verify(BY_NAME[attack](issuer))
    assert asked == ["configured"]


@pytest.mark.parametrize(("kid", "alg"), [("rsa", "RS256"), ("ec", "ES256"), ("ed", "EdDSA")])
def test_a_token_of_each_kind_of_key_opens(verifier: TokenVerifier, issuer: Any, kid: str, alg: str) -> None:
    caller = verifier.verify(issuer.sign(kid, alg, jti="t-1"))
    assert (caller.subject, caller.credential, caller.scopes) == ("jwt:ann", "jwt t-1", {Scope.generate, Scope.read})


def test_a_header_that_brings_a_key_does_not_spoil_a_genuine_token(verifier: TokenVerifier, issuer: Any) -> None:
    assert verifier.verify(issuer.sign(header={"jku": "http://127.0.0.1:1/", "typ": "at+jwt"})).subject == "jwt:ann"


def test_a_token_without_key_name_opens_where_only_one_key_fits(verifier: TokenVerifier, issuer: Any) -> None:
    token = jwt.encode(claims(), issuer.private["ed"], "EdDSA")
    assert verifier.verify(token).subject == "jwt:mallory"


@pytest.mark.parametrize("audience", ["synthetic", ["billing", "synthetic"]])
def test_one_of_the_audiences_suffices(verifier: TokenVerifier, issuer: Any, audience: Any) -> None:
    assert verifier.verify(issuer.sign(aud=audience))


@pytest.mark.parametrize(
    ("claim", "off", "opens"), [("exp", -20, True), ("exp", -40, False), ("nbf", 20, True), ("nbf", 40, False)]
)
def test_clocks_may_differ_by_the_leeway(
    verifier: TokenVerifier, issuer: Any, claim: str, off: int, opens: bool
) -> None:
    token = issuer.sign(**{claim: int(time.time()) + off})
    if opens:
        verifier.verify(token)
    else:
        with pytest.raises(InvalidToken):
            verifier.verify(token)


@pytest.mark.parametrize(
    ("written", "scopes"),
    [
        ("generate read", {"generate", "read"}),
        (["validate"], {"validate"}),
        ("admin:all Generate superuser", set()),
        (["read", 7, None, {"a": "admin"}], {"read"}),
        ({"admin": True}, set()),
        (None, set()),
        ("", set()),
    ],
)
def test_only_known_scopes_are_taken_over(verifier: TokenVerifier, issuer: Any, written: Any, scopes: set[str]) -> None:
    assert verifier.verify(issuer.sign(scope=written)).scopes == scopes


def test_scopes_are_read_from_the_configured_claim_alone(issuer: Any) -> None:
    verifier = TokenVerifier(TokenRules(ISSUER, (AUDIENCE,), scope_claim="scp"), JwksSource(issuer.key_set))
    assert verifier.verify(issuer.sign(scope="admin", scp=["read"])).scopes == {Scope.read}


@pytest.mark.parametrize("algorithm", ["HS256", "none", "PS256", "ES256K", "", "rs256"])
def test_other_algorithms_cannot_be_configured(algorithm: str) -> None:
    with pytest.raises(InputError, match="is not accepted"):
        TokenRules(ISSUER, (AUDIENCE,), algorithms=("RS256", algorithm))


def test_an_algorithm_that_is_not_configured_is_refused_with_a_genuine_key(issuer: Any) -> None:
    verifier = TokenVerifier(TokenRules(ISSUER, (AUDIENCE,), algorithms=("ES256",)), JwksSource(issuer.key_set))
    verifier.verify(issuer.sign("ec", "ES256"))
    with pytest.raises(InvalidToken, match="algorithm"):
        verifier.verify(issuer.sign("rsa", "RS256"))


def test_refusals_repeat_nothing_of_the_token(verifier: TokenVerifier, issuer: Any) -> None:
    token = issuer.sign(sub="ann.smith@example.org", aud="secret-audience", exp=int(time.time()) - 100)
    with pytest.raises(InvalidToken) as caught:
        verifier.verify(token)
    assert "ann.smith" not in str(caught.value)
    assert "secret-audience" not in str(caught.value)
