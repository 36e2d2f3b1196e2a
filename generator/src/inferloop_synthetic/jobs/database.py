"""The connection to the database: SQLite in a file, or PostgreSQL. Lost servers become errors that say so, and come back."""

from __future__ import annotations

import contextlib
import sqlite3
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, exc, make_url, text

from inferloop_synthetic.errors import InputError
from inferloop_synthetic.jobs.errors import StoreUnavailable
from inferloop_synthetic.security.aws import IdentityUnavailable

SQLITE_WAIT_S = 15.0
"""How long a writer waits for the one that another process is."""
SQLITE_AGAIN_S = 0.01
TLS_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
DISK_FULL = "53100"
LOST = ("08", "28", "3D", "53", "57")
"""Classes of SQLSTATE: connection, wrong credentials, no such database, resources, the operator's intervention (shutdown, crash,
starting up).
"""


class Database:
    """An engine with transactions that tell what went wrong with the server."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._sqlite = engine.dialect.name == "sqlite"
        self._writer = threading.Lock()

    @property
    def where(self) -> str:
        """Where the database is, without its password."""
        url = self.engine.url
        return str(url.database) if self._sqlite else f"{url.host}:{url.port or 5432}/{url.database}"

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection in a transaction that only reads."""
        with self._telling(), self.engine.connect() as connection:
            yield connection

    @contextlib.contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a connection in a transaction, committed at the end and rolled back on any error."""
        # SQLite has one writer. Its own waiting is sleeping and trying again, in no order; the threads of a process queue here.
        turn = self._writer if self._sqlite else contextlib.nullcontext()
        with self._telling(), turn, self.engine.connect() as connection:
            connection = connection.execution_options(inferloop_writing=True)
            with connection.begin():
                yield connection

    def ping(self) -> None:
        """Ask the server for a sign of life; raises StoreUnavailable."""
        with self.reading() as connection:
            connection.execute(text("SELECT 1"))

    def migrate(self) -> str:
        """Bring the tables to this program's version and return its name; safe where many processes start at once."""
        from inferloop_synthetic.jobs.schema import migrate

        return migrate(self)

    def check_schema(self) -> None:
        """Raise SchemaError where the tables are not those of this program's version."""
        from inferloop_synthetic.jobs.schema import check_schema

        check_schema(self)

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()

    @contextlib.contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except (exc.OperationalError, exc.InterfaceError, exc.DatabaseError) as error:
            if isinstance(error, exc.IntegrityError | exc.DataError | exc.ProgrammingError) and not _lost(error):
                raise
            raise self._unavailable(error, _reason(error)) from error
        except exc.TimeoutError as error:
            raise self._unavailable(error, "all connections are in use") from error
        except OSError as error:
            raise self._unavailable(error, str(error)) from error
        except IdentityUnavailable as error:
            raise StoreUnavailable(f"the database {self.where} cannot be signed in to: {error.args[0]}", error.hint) from error

    def _unavailable(self, error: Exception, reason: str) -> StoreUnavailable:
        if _sqlstate(error) == DISK_FULL or "disk is full" in reason or "No space left" in reason:
            hint = "Free space on the database's disk; work goes on then."
            return StoreUnavailable(f"the database {self.where} cannot write: its disk is full", hint, 30)
        hint = f"Check that the {'file' if self._sqlite else 'server'} is there; work goes on when it is back."
        return StoreUnavailable(f"the database {self.where} cannot be used: {reason}", hint)


def open_database(
    url: str | URL,
    *,
    password: str | None = None,
    sign_in: Callable[[], str] | None = None,
    pool_size: int = 10,
    timeout_s: float = 10.0,
) -> Database:
    """Return the database at `sqlite:///file` or `postgresql://user@host:port/name?sslmode=...`; connects at the first use.

    `password` is for a URL that has none; `sign_in` returns one for each new connection to PostgreSQL. `timeout_s` is how long
    a server may stay silent before it counts as lost.
    """
    try:
        parsed = make_url(url)
    except exc.ArgumentError:
        # What was given may hold a password, so it is not repeated.
        raise InputError("the database's URL cannot be read; write sqlite:////folder/file or postgresql://user@host/db") from None
    if parsed.get_backend_name() == "sqlite":
        return Database(_open_sqlite(parsed))
    if parsed.get_backend_name() == "postgresql":
        engine = _open_postgresql(parsed if password is None else parsed.set(password=password), pool_size, timeout_s)
        if sign_in is not None:
            _sign_in_with(sign_in, engine)
        return Database(engine)
    raise InputError(f"a database of kind {parsed.get_backend_name()!r} is not supported; sqlite and postgresql are")


def _open_sqlite(url: URL) -> Engine:
    if not url.database or url.database == ":memory:":
        raise InputError("SQLite needs a file, which all workers share: sqlite:////path/file.db")
    folder = Path(url.database).absolute().parent
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder}: the database's folder cannot be made: {error.strerror}") from error
    engine = create_engine(url, connect_args={"timeout": SQLITE_WAIT_S, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, record: Any) -> None:
        connection.isolation_level = None  # transactions begin where SQLAlchemy says so, and not where the driver guesses
        cursor = connection.cursor()
        _write_ahead(cursor)
        cursor.execute("PRAGMA synchronous = FULL")  # what was promised with 202 outlives a power cut
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writing = connection.get_execution_options().get("inferloop_writing")
        # A transaction that reads first and writes later cannot wait for another writer; so it says at once that it will write.
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")

    return engine


def _write_ahead(cursor: sqlite3.Cursor) -> None:
    """Let readers and the writer work at once; a file keeps the mode, so only its first openers really change it."""
    patience = time.monotonic() + SQLITE_WAIT_S
    while True:
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            # Two who change it at the same time would wait for each other, so SQLite refuses one of them at once.
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > patience:
                raise
            time.sleep(SQLITE_AGAIN_S)
        else:
            return


def _open_postgresql(url: URL, pool_size: int, timeout_s: float) -> Engine:
    query = dict(url.query)
    mode, authority = str(query.pop("sslmode", "prefer")), query.pop("sslrootcert", None)
    if query:
        raise InputError(f"the database's URL has {sorted(query)[0]!r}; only sslmode and sslrootcert are known")
    try:
        return create_engine(
            url.set(drivername="postgresql+pg8000", query={}),
            connect_args={"ssl_context": _tls(mode, authority), "timeout": timeout_s, "tcp_keepalive": True,
                          "application_name": "inferloop-synthetic"},
            pool_size=pool_size, max_overflow=pool_size, pool_timeout=timeout_s, pool_pre_ping=True, pool_recycle=1800,
        )  # fmt: skip
    except ModuleNotFoundError as error:
        raise InputError("PostgreSQL needs the extra [postgres]: pip install 'inferloop-synthetic[postgres]'") from error


def _sign_in_with(sign_in: Callable[[], str], engine: Engine) -> None:
    """Ask for a new password at each connection, as tokens are good for minutes."""

    @event.listens_for(engine, "do_connect")
    def _give(dialect: Any, record: Any, arguments: Any, named: dict[str, Any]) -> None:
        named["password"] = sign_in()


def _tls(mode: str, authority: str | tuple[str, ...] | None) -> ssl.SSLContext | bool | None:
    """Return what pg8000 takes for libpq's sslmode; None is TLS where the server offers it."""
    if mode not in TLS_MODES:
        raise InputError(f"sslmode {mode!r} is not known; {', '.join(TLS_MODES)} are")
    if mode in {"disable", "allow", "prefer"}:
        return False if mode == "disable" else None
    try:
        context = ssl.create_default_context(cafile=str(authority) if authority else None)
    except OSError as error:
        raise InputError(f"sslrootcert {authority}: {error.strerror or error}") from error
    context.check_hostname = mode == "verify-full"
    if mode == "require":
        context.verify_mode = ssl.CERT_NONE
    return context


def _sqlstate(error: BaseException) -> str:
    """Return the server's code for an error; empty where it did not come from the server."""
    original = getattr(error, "orig", None)
    details = original.args[0] if original is not None and original.args else None
    return str(details.get("C", "")) if isinstance(details, dict) else ""


def _lost(error: exc.DBAPIError) -> bool:
    # pg8000 reports every error of the server as a ProgrammingError or DatabaseError; the code tells them apart.
    return error.connection_invalidated or _sqlstate(error).startswith(LOST)


def _reason(error: exc.DBAPIError) -> str:
    original = error.orig
    details = original.args[0] if original is not None and original.args else None
    if isinstance(details, dict):
        return str(details.get("M", "the server refused"))
    return str(original if original is not None else error).splitlines()[0]
