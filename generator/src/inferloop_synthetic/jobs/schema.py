"""Which tables a database holds, and bringing them to this program's version.

Alembic's revisions are in `migrations/versions`. Each upgrade is one transaction under a lock, so that any number of processes
may start at once, and one killed half way leaves the tables as they were.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

from inferloop_synthetic.jobs.errors import SchemaError

if TYPE_CHECKING:
    from inferloop_synthetic.jobs.database import Database

VERSION_TABLE = "inferloop_schema"
UPGRADE_SECONDS = 600
LOCK = 0x494E464C4F4F5001
"""The PostgreSQL advisory lock of upgrades."""


def migrate(database: Database) -> str:
    """Upgrade the tables where they are older and return the revision.

    Raises SchemaError where the database is somebody else's, or was upgraded by a newer program.
    """
    # Another process may be upgrading a large table: that is longer than a server may be silent otherwise.
    with database.writing() as connection, _patient(connection):
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        found, known = _found(connection, database.where), _known()
        if found != known[0]:
            upgrade(connection)
    return known[0]


def upgrade(connection: Connection) -> None:
    """Upgrade the tables within the connection's transaction."""
    from alembic import command

    command.upgrade(_config(connection), "head")


def check_schema(database: Database) -> None:
    """Raise SchemaError unless the tables are of this program's version."""
    with database.reading() as connection:
        found, known = _found(connection, database.where), _known()
    if found != known[0]:
        was = "has no tables yet" if found is None else f"has tables of revision {found}, and this program needs {known[0]}"
        raise SchemaError(f"the database {database.where} {was}", "Start `serve` or `worker` without --no-migrate once.")


@contextlib.contextmanager
def _patient(connection: Connection) -> Iterator[None]:
    """Let the server be silent for long; the connection goes back to others, which are told of silence as before."""
    socket = getattr(connection.connection.driver_connection, "_usock", None)
    if socket is None:
        yield
        return
    before = socket.gettimeout()
    socket.settimeout(UPGRADE_SECONDS)
    try:
        yield
    finally:
        socket.settimeout(before)


def _found(connection: Connection, where: str) -> str | None:
    """Return the revision of the tables, None where there are none at all; raises SchemaError for those of others."""
    tables = set(inspect(connection).get_table_names())
    if VERSION_TABLE not in tables:
        if tables:
            named = ", ".join(sorted(tables)[:5])
            raise SchemaError(
                f"the database {where} is somebody else's: it has tables ({named}), and none that says which version they are",
                "Give the service a database of its own.",
            )
        return None
    context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
    revision = context.get_current_revision()
    if revision is not None and revision not in _known():
        raise SchemaError(
            f"the database {where} was upgraded by a newer program: its tables are of revision {revision}, "
            f"and this program knows them up to {_known()[0]}",
            "Run the newer program, or restore the database from before the upgrade.",
        )
    return revision


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    config.attributes["connection"] = connection
    config.attributes["version_table"] = VERSION_TABLE
    return config


def _known() -> list[str]:
    """Return the revisions that this program knows, the newest first."""
    return [script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()]
