"""Lambda function that gives each service its database and its role in one PostgreSQL instance.

Input: {"host", "port", "secret_arn", "databases": [{"database", "role"}], "ca_certificates" (PEM, may be empty)}.
Running it again changes nothing, and continues what an interrupted run began. It never drops anything.
"""

# ruff: noqa: S608  # names go through identifier() and literal(); the simple protocol has no parameters

from __future__ import annotations

import json
import re
import ssl
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from postgres import Address, Connection, Credentials, ServerError, identifier, literal

CA_CERTIFICATES = Path(__file__).with_name("rds-ca-certificates.pem")
MAINTENANCE_DATABASE = "postgres"
NAME = re.compile(r"(?!pg_|rds)[a-z_][a-z0-9_]{0,62}")
RESERVED = frozenset({"postgres", "template0", "template1", "public", "none"})
STARTING_UP = frozenset({"57P03", "53300"})
"""SQLSTATEs of a server that is not ready yet: cannot_connect_now and too_many_connections."""


class RequestError(Exception):
    """The request asks for something that must not be done."""


@dataclass(frozen=True)
class Grant:
    """A database and the login role that owns it."""

    database: str
    role: str


@dataclass(frozen=True)
class Request:
    """What one run is asked for."""

    host: str
    port: int
    secret_arn: str
    grants: tuple[Grant, ...]
    ca_certificates: str


def parse(event: dict[str, Any]) -> Request:
    """Return the request; raise RequestError naming the field that is missing or not acceptable."""
    try:
        grants = tuple(Grant(str(item["database"]), str(item["role"])) for item in event["databases"])
        request = Request(
            str(event["host"]),
            int(event["port"]),
            str(event["secret_arn"]),
            grants,
            str(event.get("ca_certificates") or ""),
        )
    except KeyError as error:
        raise RequestError(f"the field {error} is missing") from None
    for grant in grants:
        for field, name in (("database", grant.database), ("role", grant.role)):
            if not NAME.fullmatch(name) or name in RESERVED:
                raise RequestError(
                    f"{field} {name!r} is not accepted: 1 to 63 lower-case letters, digits and underscores, "
                    "starting with a letter or underscore, not with pg_ or rds, and no reserved word"
                )
    databases = [grant.database for grant in grants]
    if len(set(databases)) < len(databases):
        raise RequestError("a database is named twice; each service has its own")
    return request


def tls_context(ca_certificates: str = "", ca_file: Path = CA_CERTIFICATES) -> ssl.SSLContext:
    """Return a context that accepts only a certificate for the host by an RDS authority or one of those given."""
    context = ssl.create_default_context(cafile=str(ca_file))
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if ca_certificates:
        context.load_verify_locations(cadata=ca_certificates)
    return context


def ensure_role(connection: Connection, role: str) -> bool:
    """Make the login role, without a password: it gets in with an IAM token only. Return whether it was made."""
    known = connection.query(
        f"SELECT rolsuper OR rolcreaterole, rolcanlogin FROM pg_roles WHERE rolname = {literal(role)}"
    )
    if not known:
        connection.query(f"CREATE ROLE {identifier(role)} LOGIN")
        return True
    powerful, can_login = known[0]
    if powerful == "t":
        raise RequestError(f"role {role!r} exists and may make roles; it is not given to a service")
    if can_login == "f":
        connection.query(f"ALTER ROLE {identifier(role)} LOGIN")
    return False


def ensure_iam(connection: Connection, role: str) -> None:
    """Let the role in with an IAM token."""
    member = connection.query(
        "SELECT 1 FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid JOIN pg_roles r ON r.oid = m.member "
        f"WHERE g.rolname = 'rds_iam' AND r.rolname = {literal(role)}"
    )
    if not member:
        connection.query(f"GRANT rds_iam TO {identifier(role)}")


def ensure_database(connection: Connection, grant: Grant) -> bool:
    """Make the database, owned by the role and closed to everybody else; return whether it was made."""
    owners = connection.query(
        "SELECT r.rolname, r.rolname = current_user FROM pg_database d JOIN pg_roles r ON r.oid = d.datdba "
        f"WHERE d.datname = {literal(grant.database)}"
    )
    if owners and owners[0][0] != grant.role and owners[0][1] != "t":
        raise RequestError(
            f"database {grant.database!r} belongs to {owners[0][0]!r}, not to {grant.role!r}; it is left as it is"
        )
    if not owners:
        connection.query(f"CREATE DATABASE {identifier(grant.database)}")
    if not owners or owners[0][0] != grant.role or is_public(connection, grant.database):
        hand_over(connection, grant)
    return not owners


def is_public(connection: Connection, database: str) -> bool:
    """Tell whether everybody may connect to the database."""
    return connection.query(f"SELECT has_database_privilege('public', {literal(database)}, 'CONNECT')") == [("t",)]


def hand_over(connection: Connection, grant: Grant) -> None:
    """Give the database to the role and take it from everybody else.

    Only a member of a role may give it something. A master user that were a member when the transaction ends would
    be one of rds_iam, through the role, and could no longer log in with its password; so the membership begins and
    ends inside the transaction and no other session ever sees it.
    """
    database, role = identifier(grant.database), identifier(grant.role)
    with connection.transaction():
        connection.query(f"GRANT {role} TO CURRENT_USER")
        connection.query(f"ALTER DATABASE {database} OWNER TO {role}")
        connection.query(f"SET LOCAL ROLE {role}")
        connection.query(f"REVOKE ALL ON DATABASE {database} FROM PUBLIC")
        connection.query("RESET ROLE")
        connection.query(f"REVOKE {role} FROM CURRENT_USER")


def ensure(connection: Connection, grants: Iterable[Grant]) -> dict[str, list[str]]:
    """Make what is missing of all roles and databases; return the names of what was made."""
    made: dict[str, list[str]] = {"databases": [], "roles": []}
    for grant in grants:
        if ensure_role(connection, grant.role):
            made["roles"].append(grant.role)
        if ensure_database(connection, grant):
            made["databases"].append(grant.database)
        ensure_iam(connection, grant.role)
    return made


def connect(
    open_connection: Callable[[], Connection], attempts: int = 6, pause: Callable[[float], None] = time.sleep
) -> Connection:
    """Open a connection, again after five seconds while the server is not up; a refused login is not tried again."""
    for attempt in range(1, attempts + 1):
        try:
            return open_connection()
        except ssl.SSLCertVerificationError:
            raise
        except (OSError, ServerError) as error:
            if attempt == attempts or (isinstance(error, ServerError) and error.code not in STARTING_UP):
                raise
        pause(5)
    raise AssertionError("attempts is at least 1")


def run(
    request: Request, credentials: Credentials, tls: ssl.SSLContext, pause: Callable[[float], None] = time.sleep
) -> dict[str, list[str]]:
    """Carry out the request and return the names of what was made."""
    address = Address(request.host, request.port, MAINTENANCE_DATABASE)
    with connect(lambda: Connection(address, credentials, tls), pause=pause) as connection:
        return ensure(connection, request.grants)


def credentials_of(request: Request) -> Credentials:
    """Read the master user's credentials from Secrets Manager."""
    import boto3  # part of the Lambda runtime, and of nothing else that uses this file

    secret = json.loads(boto3.client("secretsmanager").get_secret_value(SecretId=request.secret_arn)["SecretString"])

    def token() -> str:
        return str(boto3.client("rds").generate_db_auth_token(request.host, request.port, secret["username"]))

    return Credentials(secret["username"], secret["password"], token)


def handle(event: dict[str, Any], _context: object) -> dict[str, list[str]]:
    """Entry point of the Lambda function."""
    request = parse(event)
    made = run(request, credentials_of(request), tls_context(request.ca_certificates))
    print(json.dumps({"host": request.host, "made": made}))  # noqa: T201  # the log of a Lambda function
    return made
