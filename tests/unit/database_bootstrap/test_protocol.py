"""How the client proves itself, and which servers it refuses to talk to."""

from __future__ import annotations

import base64
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from pathlib import Path

import handler
import postgres
import pytest

from .conftest import MASTER_PASSWORD, TOKEN, Server

NEVER = postgres.Credentials("user", "the password", lambda: pytest.fail("the token was asked for"))


def test_scram_matches_the_example_of_rfc_7677() -> None:
    first = b"n=user,r=rOprNGfwEbeRWgbNEkqO"
    challenge = b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
    final = b"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
    salt = base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ==")
    proof, signature = postgres.scram_client_proof("pencil", salt, 4096, b",".join([first, challenge, final]))
    assert base64.b64encode(proof) == b"dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
    assert base64.b64encode(signature) == b"6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="


def test_a_password_with_every_kind_of_quote_gets_in_by_scram(server: Server, master: str) -> None:
    with server.connect(master, MASTER_PASSWORD) as connection:
        assert connection.query("SELECT current_user, NULL, 'a''b'") == [("platform", None, "a'b")]
        assert connection._socket.version() == "TLSv1.3"


def test_a_wrong_password_is_refused_without_showing_it(server: Server, master: str) -> None:
    with pytest.raises(postgres.ServerError) as refused:
        server.connect(master, "not the password")
    assert refused.value.code == "28P01"
    assert "not the password" not in str(refused.value)


def test_a_member_of_rds_iam_sends_its_token_and_never_its_password(server: Server, master: str) -> None:
    server.psql(f"GRANT rds_iam TO {master}; ALTER ROLE {master} PASSWORD '{TOKEN}'")
    with server.connect(master, MASTER_PASSWORD) as connection:
        assert connection.query("SELECT 1") == [("1",)]
    with pytest.raises(postgres.ServerError):
        server.connect(master, TOKEN, token="another token")


def test_a_failed_statement_names_its_state_and_the_session_goes_on(server: Server, master: str) -> None:
    with server.connect(master, MASTER_PASSWORD) as connection:
        with pytest.raises(postgres.ServerError) as failed:
            connection.query("SELECT * FROM nothing_here")
        assert failed.value.code == "42P01"
        assert connection.query("SELECT 1") == [("1",)]


def test_a_name_stays_one_name_whatever_is_in_it(server: Server, master: str) -> None:
    odd = "a\"b'; DROP TABLE x; --\\"
    with server.connect(master, MASTER_PASSWORD) as connection:
        assert connection.query(f"SELECT {postgres.literal(odd)} AS {postgres.identifier(odd)}") == [(odd,)]


def test_a_certificate_for_another_host_is_refused(server: Server) -> None:
    address = postgres.Address("127.0.0.1", server.port, "postgres")
    with pytest.raises(ssl.SSLCertVerificationError, match="IP address mismatch"):
        postgres.Connection(address, NEVER, server.tls())


def test_a_certificate_by_an_unknown_authority_is_refused(server: Server) -> None:
    address = postgres.Address(server.host, server.port, "postgres")
    with pytest.raises(ssl.SSLCertVerificationError, match="unable to get local issuer"):
        postgres.Connection(address, NEVER, handler.tls_context())


def test_the_context_checks_names_and_refuses_old_tls() -> None:
    context = handler.tls_context()
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2
    assert len(context.get_ca_certs()) == 81


def serve(answer: Callable[[socket.socket], None]) -> int:
    """Answer one connection in the background; return the port."""
    listener = socket.create_server(("localhost", 0))

    def accept() -> None:
        with listener:
            connection, _ = listener.accept()
        with connection:
            answer(connection)

    threading.Thread(target=accept, daemon=True).start()
    return int(listener.getsockname()[1])


def message(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("!i", len(body) + 4) + body


def impostor(ca_file: Path, dialogue: Callable[[ssl.SSLSocket], None]) -> int:
    """Start a server with the right certificate that talks as `dialogue` says; return its port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(ca_file.with_name("server.pem"), ca_file.with_name("server.key"))

    def answer(plain: socket.socket) -> None:
        plain.recv(8)
        plain.sendall(b"S")
        with context.wrap_socket(plain, server_side=True) as secure:
            secure.recv(4096)
            dialogue(secure)

    return serve(answer)


def challenge(secure: ssl.SSLSocket, rest: bytes) -> None:
    """Offer SCRAM and answer the client's first message with its own nonce made longer, and `rest`."""
    secure.sendall(message(b"R", struct.pack("!i", 10) + b"SCRAM-SHA-256\0\0"))
    nonce = secure.recv(4096).rpartition(b"r=")[2]
    secure.sendall(message(b"R", struct.pack("!i", 11) + b"r=" + nonce + rest))
    secure.recv(4096)


def open_to(port: int, server: Server) -> postgres.Connection:
    return postgres.Connection(postgres.Address("localhost", port, "postgres"), NEVER, server.tls())


def test_a_server_without_tls_gets_nothing() -> None:
    heard: list[bytes] = []

    def refuse(connection: socket.socket) -> None:
        heard.append(connection.recv(64))
        connection.sendall(b"N")
        heard.append(connection.recv(64))

    address = postgres.Address("localhost", serve(refuse), "postgres")
    with pytest.raises(postgres.ProtocolError, match="does not offer TLS"):
        postgres.Connection(address, NEVER, handler.tls_context())
    assert heard[0] == struct.pack("!ii", 8, postgres.TLS_REQUEST)
    assert b"".join(heard[1:]) == b""


@pytest.mark.parametrize(
    ("reply", "complaint"),
    [
        (message(b"R", struct.pack("!i", 0)) + message(b"Z", b"I"), "without asking"),
        (message(b"R", struct.pack("!i", 5) + b"salt"), "method 5"),
        (message(b"R", struct.pack("!i", 10) + b"SCRAM-SHA-1\0\0"), "SCRAM-SHA-256"),
    ],
    ids=["trust", "md5", "another-mechanism"],
)
def test_a_server_that_asks_for_less_is_refused(server: Server, reply: bytes, complaint: str) -> None:
    def dialogue(secure: ssl.SSLSocket) -> None:
        secure.sendall(reply)
        secure.recv(1)

    with pytest.raises(postgres.ProtocolError, match=complaint):
        open_to(impostor(server.ca_file, dialogue), server)


def test_a_server_that_hangs_up_is_an_error(server: Server) -> None:
    with pytest.raises((postgres.ProtocolError, OSError)):
        open_to(impostor(server.ca_file, lambda secure: None), server)


def test_a_nonce_that_is_not_ours_is_refused(server: Server) -> None:
    def dialogue(secure: ssl.SSLSocket) -> None:
        secure.sendall(message(b"R", struct.pack("!i", 10) + b"SCRAM-SHA-256\0\0"))
        secure.recv(4096)
        secure.sendall(message(b"R", struct.pack("!i", 11) + b"r=other,s=AAAA,i=4096"))
        secure.recv(1)

    with pytest.raises(postgres.ProtocolError, match="nonce"):
        open_to(impostor(server.ca_file, dialogue), server)


def test_too_few_iterations_are_refused(server: Server) -> None:
    port = impostor(server.ca_file, lambda secure: challenge(secure, b"more,s=AAAA,i=1"))
    with pytest.raises(postgres.ProtocolError, match="1 SCRAM iterations"):
        open_to(port, server)


def test_an_impostor_that_does_not_know_the_password_is_found_out(server: Server) -> None:
    """It takes any proof, but it cannot sign as one who knows the password."""

    def dialogue(secure: ssl.SSLSocket) -> None:
        challenge(secure, b"more,s=AAAA,i=4096")
        signed = message(b"R", struct.pack("!i", 12) + b"v=AAAA")
        secure.sendall(signed + message(b"R", struct.pack("!i", 0)) + message(b"Z", b"I"))
        secure.recv(1)

    with pytest.raises(postgres.ProtocolError, match="signature is wrong"):
        open_to(impostor(server.ca_file, dialogue), server)
