"""What the bootstrap function does to a real PostgreSQL server."""

from __future__ import annotations

import ssl
from typing import Any

import handler
import postgres
import pytest

from .conftest import MASTER_PASSWORD, TOKEN, Server

TABULAR = handler.Grant("tabular", "tabular_app")
SYNDOC = handler.Grant("syndoc", "syndoc_app")


OWNER_AND_PUBLIC = (
    "SELECT pg_get_userbyid(datdba), has_database_privilege('public', oid, 'CONNECT') "
    "FROM pg_database WHERE datname = 'tabular'"
)


def event(server: Server, *grants: handler.Grant, **changes: Any) -> dict[str, Any]:
    databases = [{"database": grant.database, "role": grant.role} for grant in grants]
    return {"host": server.host, "port": server.port, "secret_arn": "arn", "databases": databases} | changes


def allow_iam_grants(server: Server, master: str) -> None:
    """Let the master user grant rds_iam, as the RDS master user may."""
    server.psql(
        f"GRANT rds_iam TO {master} WITH ADMIN TRUE, INHERIT FALSE, SET FALSE; ALTER ROLE {master} PASSWORD '{TOKEN}'"
    )


def bootstrap(server: Server, user: str, password: str, *grants: handler.Grant, **changes: Any) -> dict[str, list[str]]:
    request = handler.parse(event(server, *grants, **changes))
    return handler.run(request, postgres.Credentials(user, password, lambda: TOKEN), server.tls(), pause=lambda _: None)


@pytest.fixture
def superuser(server: Server, master: str) -> str:
    """Return a master user that needs no membership to grant rds_iam, so that its password login stays."""
    server.psql(f"ALTER ROLE {master} SUPERUSER")
    return master


def test_each_service_gets_its_database_and_its_role(server: Server, superuser: str) -> None:
    made = bootstrap(server, superuser, MASTER_PASSWORD, TABULAR, SYNDOC)
    assert made == {"databases": ["tabular", "syndoc"], "roles": ["tabular_app", "syndoc_app"]}
    owners = server.psql(
        "SELECT datname, pg_get_userbyid(datdba) FROM pg_database WHERE datname IN ('tabular', 'syndoc') ORDER BY 1"
    )
    assert owners.splitlines() == ["syndoc|syndoc_app", "tabular|tabular_app"]


def test_a_second_run_changes_nothing(server: Server, superuser: str) -> None:
    snapshot = (
        "SELECT (SELECT array_agg(d::text ORDER BY oid) FROM pg_database d), "
        "(SELECT array_agg(m::text ORDER BY oid) FROM pg_auth_members m)"
    )
    bootstrap(server, superuser, MASTER_PASSWORD, TABULAR, SYNDOC)
    before = server.psql(snapshot)
    assert bootstrap(server, superuser, MASTER_PASSWORD, TABULAR, SYNDOC) == {"databases": [], "roles": []}
    assert server.psql(snapshot) == before


def test_a_role_enters_with_an_iam_token_and_owns_its_schema(server: Server, superuser: str) -> None:
    bootstrap(server, superuser, MASTER_PASSWORD, TABULAR)
    server.psql(f"ALTER ROLE tabular_app PASSWORD '{TOKEN}'")  # stands for the check that RDS makes through PAM
    with server.connect("tabular_app", database="tabular") as connection:
        connection.query("CREATE TABLE job (id int)")
        assert connection.query("SELECT current_user, session_user") == [("tabular_app", "tabular_app")]


def test_a_service_cannot_enter_the_database_of_another(server: Server, superuser: str) -> None:
    bootstrap(server, superuser, MASTER_PASSWORD, TABULAR, SYNDOC)
    server.psql(f"ALTER ROLE syndoc_app PASSWORD '{TOKEN}'")
    with pytest.raises(PermissionError, match="permission denied for database"):
        server.psql("SELECT 1", "syndoc_app", TOKEN, "tabular")
    assert server.psql("SELECT 1", "syndoc_app", TOKEN, "syndoc") == "1"


def test_the_role_has_no_password_and_no_power(server: Server, superuser: str) -> None:
    bootstrap(server, superuser, MASTER_PASSWORD, TABULAR)
    row = server.psql(
        "SELECT rolpassword IS NULL, rolsuper, rolcreaterole, rolcreatedb, rolbypassrls, rolcanlogin "
        "FROM pg_authid WHERE rolname = 'tabular_app'"
    )
    assert row == "t|f|f|f|f|t"


def test_the_master_user_keeps_its_password_login(server: Server, superuser: str) -> None:
    for grants in ([TABULAR], [TABULAR, SYNDOC]):
        bootstrap(server, superuser, MASTER_PASSWORD, *grants)
        members = (
            "SELECT count(*) FROM pg_auth_members WHERE member = 'platform'::regrole AND (inherit_option OR set_option)"
        )
        assert server.psql(members) == "0"
        assert server.psql("SELECT current_user", superuser, MASTER_PASSWORD) == "platform"


def test_a_master_user_that_is_no_superuser_does_it_all(server: Server, master: str) -> None:
    allow_iam_grants(server, master)
    made = bootstrap(server, master, "the server asks for the token, not for this", TABULAR)
    assert made == {"databases": ["tabular"], "roles": ["tabular_app"]}
    assert server.psql(OWNER_AND_PUBLIC) == "tabular_app|f"
    assert bootstrap(server, master, "", TABULAR, SYNDOC) == {"databases": ["syndoc"], "roles": ["syndoc_app"]}


def test_an_interrupted_run_is_continued(server: Server, superuser: str) -> None:
    """A run that stopped after CREATE DATABASE left it with the master user and open to everybody."""
    server.psql("CREATE ROLE tabular_app NOLOGIN; ")
    server.psql(f"CREATE DATABASE tabular OWNER {superuser}")
    assert bootstrap(server, superuser, MASTER_PASSWORD, TABULAR) == {"databases": [], "roles": []}
    assert server.psql(OWNER_AND_PUBLIC) == "tabular_app|f"
    assert (
        server.psql(
            "SELECT rolcanlogin, pg_has_role(oid, 'rds_iam', 'member') FROM pg_roles WHERE rolname = 'tabular_app'"
        )
        == "t|t"
    )


def test_a_database_opened_to_everybody_is_closed_again(server: Server, superuser: str) -> None:
    bootstrap(server, superuser, MASTER_PASSWORD, TABULAR)
    server.psql("GRANT CONNECT ON DATABASE tabular TO PUBLIC")
    bootstrap(server, superuser, MASTER_PASSWORD, TABULAR)
    assert server.psql("SELECT has_database_privilege('public', 'tabular', 'CONNECT')") == "f"


def test_the_database_of_somebody_else_is_left_alone(server: Server, superuser: str) -> None:
    server.psql("CREATE ROLE stranger LOGIN")
    server.psql("CREATE DATABASE tabular OWNER stranger")
    with pytest.raises(handler.RequestError, match="belongs to 'stranger', not to 'tabular_app'"):
        bootstrap(server, superuser, MASTER_PASSWORD, TABULAR)
    assert server.psql("SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'tabular'") == "stranger"


def test_a_powerful_role_is_not_given_to_a_service(server: Server, superuser: str) -> None:
    with pytest.raises(handler.RequestError, match="'platform' exists and may make roles"):
        bootstrap(server, superuser, MASTER_PASSWORD, handler.Grant("tabular", "platform"))


def test_nothing_of_a_hand_over_stays_when_it_fails(
    server: Server, superuser: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = postgres.Connection.query

    def broken(self: postgres.Connection, sql: str) -> list[tuple[str | None, ...]]:
        return query(self, "SELECT 1/0" if sql.startswith("REVOKE ALL") else sql)

    with monkeypatch.context() as patch:
        patch.setattr(postgres.Connection, "query", broken)
        with pytest.raises(postgres.ServerError, match="division by zero"):
            bootstrap(server, superuser, MASTER_PASSWORD, TABULAR)
    assert server.psql("SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'tabular'") == superuser
    assert server.psql("SELECT count(*) FROM pg_auth_members WHERE roleid = 'tabular_app'::regrole") == "0"
    assert bootstrap(server, superuser, MASTER_PASSWORD, TABULAR) == {"databases": [], "roles": []}


def test_a_server_without_the_iam_role_is_an_error(server: Server, superuser: str) -> None:
    server.psql("DROP ROLE rds_iam")
    with pytest.raises(postgres.ServerError, match="rds_iam"):
        bootstrap(server, superuser, MASTER_PASSWORD, TABULAR)
    server.psql("CREATE ROLE rds_iam")


@pytest.mark.parametrize(
    "name",
    [
        "",
        "Tabular",
        "tab-ular",
        "1tabular",
        'x"; DROP ROLE platform; --',
        "a" * 64,
        "pg_x",
        "rds_iam",
        "rdsadmin",
        "postgres",
        "template1",
        "public",
        "é",
        "a\n",
    ],
)
@pytest.mark.parametrize("field", ["database", "role"])
def test_a_name_that_is_no_plain_identifier_is_refused(field: str, name: str) -> None:
    grant = {"database": "tabular", "role": "tabular_app"} | {field: name}
    with pytest.raises(handler.RequestError, match=field):
        handler.parse({"host": "h", "port": 5432, "secret_arn": "arn", "databases": [grant]})


def test_one_database_for_two_services_is_refused() -> None:
    with pytest.raises(handler.RequestError, match="named twice"):
        handler.parse(
            {
                "host": "h",
                "port": 1,
                "secret_arn": "a",
                "databases": [{"database": "x", "role": "a"}, {"database": "x", "role": "b"}],
            }
        )


def test_a_missing_field_is_named() -> None:
    with pytest.raises(handler.RequestError, match="'secret_arn' is missing"):
        handler.parse({"host": "h", "port": 1, "databases": []})


def test_the_entry_point_reads_the_secret_and_trusts_the_certificates_given(
    server: Server, superuser: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def credentials(request: handler.Request) -> postgres.Credentials:
        assert request.secret_arn == "arn"
        return postgres.Credentials(superuser, MASTER_PASSWORD, lambda: TOKEN)

    monkeypatch.setattr(handler, "credentials_of", credentials)
    with pytest.raises(ssl.SSLCertVerificationError):
        handler.handle(event(server, TABULAR), None)
    made = handler.handle(event(server, TABULAR, ca_certificates=server.ca_file.read_text()), None)
    assert made["databases"] == ["tabular"]
    printed = capsys.readouterr().out
    assert '"tabular"' in printed
    assert MASTER_PASSWORD not in printed


def test_the_credentials_come_from_secrets_manager(monkeypatch: pytest.MonkeyPatch) -> None:
    class Clients:
        def get_secret_value(self, SecretId: str) -> dict[str, str]:  # noqa: N803  # boto3's name
            assert SecretId == "arn"
            return {"SecretString": '{"username": "platform", "password": "secret"}'}

        def generate_db_auth_token(self, host: str, port: int, user: str) -> str:
            return f"{user}@{host}:{port}"

    class Boto:
        @staticmethod
        def client(service: str) -> Clients:
            assert service in {"secretsmanager", "rds"}
            return Clients()

    monkeypatch.setitem(__import__("sys").modules, "boto3", Boto)
    found = handler.credentials_of(handler.Request("db", 5432, "arn", (), ""))
    assert (found.user, found.password, found.token()) == ("platform", "secret", "platform@db:5432")


def test_a_server_that_is_starting_is_tried_again_and_a_refused_login_is_not() -> None:
    failures: list[Exception] = [ConnectionRefusedError(), postgres.ServerError("57P03", "starting up")]
    pauses: list[float] = []
    marker = object()

    def opening() -> Any:
        if failures:
            raise failures.pop(0)
        return marker

    assert handler.connect(opening, pause=pauses.append) is marker
    assert pauses == [5, 5]
    failures[:] = [postgres.ServerError("28P01", "password authentication failed")]
    with pytest.raises(postgres.ServerError):
        handler.connect(opening, pause=pauses.append)
    failures[:] = [ConnectionRefusedError() for _ in range(9)]
    with pytest.raises(ConnectionRefusedError):
        handler.connect(opening, attempts=3, pause=lambda _: None)
    assert len(failures) == 6
