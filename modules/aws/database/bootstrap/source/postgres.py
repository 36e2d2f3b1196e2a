"""A PostgreSQL client over TLS that needs the standard library only.

It speaks version 3.0 of the frontend/backend protocol
(https://www.postgresql.org/docs/current/protocol.html): start-up inside TLS, SCRAM-SHA-256 or, when the
server asks for a clear-text password inside verified TLS, an IAM token; then simple queries.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import socket
import ssl
import struct
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Self

PROTOCOL_VERSION = 196608
TLS_REQUEST = 80877103
MECHANISM = b"SCRAM-SHA-256"
MIN_ITERATIONS = 4096
"""RFC 7677, section 4: fewer iterations than this must not be accepted."""

AUTH_OK = 0
AUTH_CLEARTEXT = 3
AUTH_SASL = 10
AUTH_SASL_CONTINUE = 11
AUTH_SASL_FINAL = 12


class ProtocolError(Exception):
    """The server said something that this client does not accept."""


class ServerError(Exception):
    """The server refused; `code` is the SQLSTATE."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{message} (SQLSTATE {code})")
        self.code = code


@dataclass(frozen=True)
class Credentials:
    """What a user proves itself with: the password for SCRAM, and how to get an IAM token."""

    user: str
    password: str
    token: Callable[[], str]


@dataclass(frozen=True)
class Address:
    """Where the server listens, and the database to open there."""

    host: str
    port: int
    database: str


def scram_client_proof(password: str, salt: bytes, iterations: int, auth_message: bytes) -> tuple[bytes, bytes]:
    """Return the client's proof and the signature that the server must answer with (RFC 5802, section 3)."""
    salted = hashlib.pbkdf2_hmac("sha256", normalized(password), salt, iterations)
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    stored_key = hashlib.sha256(client_key).digest()
    client_signature = hmac.digest(stored_key, auth_message, "sha256")
    server_key = hmac.digest(salted, b"Server Key", "sha256")
    proof = bytes(a ^ b for a, b in zip(client_key, client_signature, strict=True))
    return proof, hmac.digest(server_key, auth_message, "sha256")


def normalized(password: str) -> bytes:
    """Return the password as SCRAM hashes it; passwords made by RDS are ASCII and stay as they are."""
    return unicodedata.normalize("NFKC", password).encode()


def attributes(message: bytes) -> dict[str, str]:
    """Split a SCRAM message such as `r=...,s=...,i=...` into its attributes."""
    pairs = (part.partition("=") for part in message.decode().split(","))
    return {name: value for name, _, value in pairs}


class Connection:
    """One session, opened over TLS that is verified against `tls`; use it as a context manager."""

    def __init__(self, address: Address, credentials: Credentials, tls: ssl.SSLContext, timeout: float = 10) -> None:
        self._socket = self._connect(address, tls, timeout)
        try:
            self._start(address.database, credentials)
        except BaseException:
            self._socket.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):  # a server that is gone already is what closing asks for
            self._send(b"X", b"")
        self._socket.close()

    def query(self, sql: str) -> list[tuple[str | None, ...]]:
        """Run one statement and return its rows as text."""
        self._send(b"Q", sql.encode() + b"\0")
        rows: list[tuple[str | None, ...]] = []
        failure: ServerError | None = None
        while True:
            kind, body = self._receive()
            if kind == b"D":
                rows.append(row(body))
            elif kind == b"E":
                failure = server_error(body)
            elif kind == b"Z":
                if failure:
                    raise failure
                return rows

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit what runs inside, or none of it."""
        self.query("BEGIN")
        try:
            yield
        except BaseException:
            self.query("ROLLBACK")
            raise
        self.query("COMMIT")

    @staticmethod
    def _connect(address: Address, tls: ssl.SSLContext, timeout: float) -> ssl.SSLSocket:
        plain = socket.create_connection((address.host, address.port), timeout=timeout)
        try:
            plain.sendall(struct.pack("!ii", 8, TLS_REQUEST))
            # One byte and no more: what follows it must come from inside TLS (CVE-2021-23222).
            if plain.recv(1) != b"S":
                raise ProtocolError(f"{address.host} does not offer TLS; nothing was sent to it")
            return tls.wrap_socket(plain, server_hostname=address.host)
        except BaseException:
            plain.close()
            raise

    def _start(self, database: str, credentials: Credentials) -> None:
        options = {"user": credentials.user, "database": database, "application_name": "bootstrap"}
        body = b"".join(f"{name}\0{value}\0".encode() for name, value in options.items()) + b"\0"
        self._socket.sendall(struct.pack("!ii", len(body) + 8, PROTOCOL_VERSION) + body)
        proven = False
        while True:
            kind, body = self._receive()
            if kind == b"E":
                raise server_error(body)
            if kind == b"Z":
                return
            if kind != b"R":
                continue
            method = struct.unpack("!i", body[:4])[0]
            if method == AUTH_SASL:
                self._scram(body[4:], credentials.password)
                proven = True
            elif method == AUTH_CLEARTEXT:
                # RDS asks for a clear-text password only from members of rds_iam, and takes a token for it:
                # the password itself never leaves this process in the clear.
                self._send(b"p", credentials.token().encode() + b"\0")
                proven = True
            elif method != AUTH_OK:
                raise ProtocolError(f"authentication method {method} is not accepted; expected SCRAM-SHA-256")
            elif not proven:
                raise ProtocolError("the server let us in without asking for anything; refusing to go on")

    def _scram(self, mechanisms: bytes, password: str) -> None:
        if MECHANISM not in mechanisms.split(b"\0"):
            raise ProtocolError("the server does not offer SCRAM-SHA-256")
        nonce = secrets.token_urlsafe(24)
        first = f"n=,r={nonce}".encode()
        initial = b"n,," + first
        self._send(b"p", MECHANISM + b"\0" + struct.pack("!i", len(initial)) + initial)

        challenge = self._authentication(AUTH_SASL_CONTINUE)
        fields = attributes(challenge)
        if not fields.get("r", "").startswith(nonce) or fields["r"] == nonce:
            raise ProtocolError("the server's SCRAM nonce does not continue ours")
        if (iterations := int(fields["i"])) < MIN_ITERATIONS:
            raise ProtocolError(
                f"the server asks for {iterations} SCRAM iterations; at least {MIN_ITERATIONS} are needed"
            )
        without_proof = b"c=biws,r=" + fields["r"].encode()
        auth_message = b",".join([first, challenge, without_proof])
        proof, signature = scram_client_proof(password, base64.b64decode(fields["s"]), iterations, auth_message)
        self._send(b"p", without_proof + b",p=" + base64.b64encode(proof))

        answer = attributes(self._authentication(AUTH_SASL_FINAL))
        if not hmac.compare_digest(base64.b64decode(answer.get("v", "")), signature):
            raise ProtocolError("the server does not know the password either: its SCRAM signature is wrong")

    def _authentication(self, expected: int) -> bytes:
        kind, body = self._receive()
        if kind == b"E":
            raise server_error(body)
        if kind != b"R" or struct.unpack("!i", body[:4])[0] != expected:
            raise ProtocolError("the server broke off the SCRAM exchange")
        return body[4:]

    def _send(self, kind: bytes, body: bytes) -> None:
        self._socket.sendall(kind + struct.pack("!i", len(body) + 4) + body)

    def _receive(self) -> tuple[bytes, bytes]:
        head = self._read(5)
        return head[:1], self._read(struct.unpack("!i", head[1:])[0] - 4)

    def _read(self, count: int) -> bytes:
        chunks = bytearray()
        while len(chunks) < count:
            chunk = self._socket.recv(count - len(chunks))
            if not chunk:
                raise ProtocolError("the server closed the connection")
            chunks += chunk
        return bytes(chunks)


def row(body: bytes) -> tuple[str | None, ...]:
    """Return the columns of a DataRow message as text; a NULL is None."""
    columns: list[str | None] = []
    position = 2
    for _ in range(struct.unpack("!h", body[:2])[0]):
        length = struct.unpack("!i", body[position : position + 4])[0]
        position += 4
        if length < 0:
            columns.append(None)
        else:
            columns.append(body[position : position + length].decode())
            position += length
    return tuple(columns)


def server_error(body: bytes) -> ServerError:
    """Return the error that an ErrorResponse message carries."""
    fields = {part[:1]: part[1:].decode(errors="replace") for part in body.split(b"\0") if part}
    return ServerError(fields.get(b"C", "?????"), fields.get(b"M", "no message"))


def identifier(name: str) -> str:
    """Quote a name for use in SQL."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Quote a text for use in SQL; a backslash is no escape, as standard_conforming_strings is on."""
    return "'" + text.replace("'", "''") + "'"
