"""What an API key looks like: `isk_<12 characters that name it>_<43 characters of secret><6 of checksum>`.

The fixed beginning lets secret scanners find keys in code and logs. The name is looked up and shown; the secret has 256 bits.
The checksum (CRC-32 of all before it, as in GitHub's tokens) tells a mistyped or cut key without asking the database.
"""

from __future__ import annotations

import hmac
import re
import secrets
import string
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from zlib import crc32

BEGINNING = "isk"
_NAME = "abcdefghijklmnopqrstuvwxyz234567"
_BASE62 = string.digits + string.ascii_letters
_NAME_LENGTH, _SECRET_LENGTH, _SUM_LENGTH = 12, 43, 6
_SHAPE = re.compile(rf"{BEGINNING}_([{_NAME}]{{{_NAME_LENGTH}}})_([0-9A-Za-z]{{{_SECRET_LENGTH}}})([0-9A-Za-z]{{{_SUM_LENGTH}}})")
_DOMAIN = b"inferloop-synthetic api key 1"
"""Stands where no pepper is given, so that these digests are of no use anywhere else."""


@dataclass(frozen=True)
class Token:
    """An API key in the clear: only ever shown to the person who makes it."""

    name: str
    secret: str

    def __repr__(self) -> str:
        return f"Token({self.name!r}, ...)"

    def text(self) -> str:
        """Return what the caller sends."""
        body = f"{BEGINNING}_{self.name}_{self.secret}"
        return body + _checksum(body)


def new_token() -> Token:
    """Return a token from the operating system's random numbers."""
    name = "".join(secrets.choice(_NAME) for _ in range(_NAME_LENGTH))
    return Token(name, "".join(secrets.choice(_BASE62) for _ in range(_SECRET_LENGTH)))


def read_token(text: str) -> Token | None:
    """Return the token that a text is, or None when it is none."""
    if len(text) > 100:
        return None
    found = _SHAPE.fullmatch(text)
    if found is None:
        return None
    name, secret, written = found.groups()
    return Token(name, secret) if hmac.compare_digest(_checksum(f"{BEGINNING}_{name}_{secret}"), written) else None


def digest(token: Token, pepper: bytes) -> str:
    """Return what is stored of a token: HMAC-SHA-256 of name and secret, so that no digest fits another row."""
    return hmac.new(pepper or _DOMAIN, f"{token.name}\0{token.secret}".encode(), sha256).hexdigest()


def matches(token: Token, stored: str, peppers: Sequence[bytes]) -> bool:
    """Say whether a stored digest is this token's under one of the peppers; takes the same time whatever the answer."""
    found = False
    for pepper in peppers:
        found |= hmac.compare_digest(digest(token, pepper), stored)
    return found


def _checksum(text: str) -> str:
    number = crc32(text.encode())
    figures = ""
    for _ in range(_SUM_LENGTH):
        number, figure = divmod(number, len(_BASE62))
        figures = _BASE62[figure] + figures
    return figures
