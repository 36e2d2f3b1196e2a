"""Read a table or a query of a database in batches through SQLAlchemy; nothing in the database is changed."""

from __future__ import annotations

import datetime as dt
import decimal
import time
import uuid
from collections.abc import Iterator, Sequence
from importlib import import_module
from types import ModuleType
from typing import Any

import pyarrow as pa

from inferloop_synthetic.data.limits import Limits
from inferloop_synthetic.data.location import Location
from inferloop_synthetic.data.names import check_names
from inferloop_synthetic.errors import InputError

FETCH_ROWS = 20_000
MOST_NAMED = 10
_DRIVERS = {"postgresql": "pg8000", "postgres": "pg8000", "mysql": "PyMySQL", "mariadb": "PyMySQL", "mssql": "pymssql"}


def query_batches(location: Location, table: str | None, query: str | None, limits: Limits) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a table or query; raises InputError that names the place, without its credentials."""
    sqlalchemy = _sqlalchemy()
    deadline = time.monotonic() + limits.seconds
    try:
        engine = sqlalchemy.create_engine(_url(sqlalchemy, location), poolclass=sqlalchemy.pool.NullPool)
    except (sqlalchemy.exc.ArgumentError, ValueError) as error:
        raise InputError(f"{location.shown}: is no URL of a database: {location.scrubbed(str(error))}") from error
    except ImportError as error:
        driver = _DRIVERS.get(location.scheme, "its driver")
        raise InputError(f"{location.shown}: the driver is not installed ({error.name}); pip install {driver}") from error
    try:
        with engine.connect() as connection:
            _read_only(sqlalchemy, connection)
            streaming = connection.execution_options(stream_results=True, max_row_buffer=FETCH_ROWS)
            if query is not None:
                # As it is: colons and percent signs in it are no parameters.
                result = streaming.exec_driver_sql(query, execution_options={"no_parameters": True})
            else:
                result = streaming.execute(_select(sqlalchemy, connection, table, location))
            if not result.returns_rows:
                raise InputError(f"{location.shown}: the query returns no rows; only SELECT can be read")
            names = list(result.keys())
            check_names(location.shown, names, limits)
            while rows := result.fetchmany(FETCH_ROWS):
                if time.monotonic() > deadline:
                    raise InputError(f"{location.shown}: took longer than {limits.seconds:.0f} s")
                yield _batch(names, rows, location, limits)
            connection.rollback()
    except sqlalchemy.exc.SQLAlchemyError as error:
        reason = str(getattr(error, "orig", None) or error)
        raise InputError(f"{location.shown}: {location.scrubbed(reason).splitlines()[0][:300]}") from error
    finally:
        engine.dispose()


def _sqlalchemy() -> ModuleType:
    try:
        return import_module("sqlalchemy")
    except ImportError as error:
        raise InputError("databases need the extra [sql]: pip install 'inferloop-synthetic[sql]'") from error


def _url(sqlalchemy: ModuleType, location: Location) -> Any:
    url = sqlalchemy.engine.make_url(location.text)
    if url.drivername in {"postgresql", "postgres"}:
        # The driver that the extra [postgres] brings, unless the URL names another.
        url = url.set(drivername="postgresql+pg8000")
    if url.get_backend_name() == "sqlite":
        if url.database in {None, "", ":memory:"}:
            raise InputError(f"{location.shown}: names no file; write sqlite:////folder/file.db")
        # Never makes a file that is not there, and never writes.
        url = url.set(database=f"file:{url.database}", query={**url.query, "mode": "ro", "uri": "true"})
    return url


def _read_only(sqlalchemy: ModuleType, connection: Any) -> None:
    if connection.dialect.name in {"postgresql", "mysql", "mariadb"}:
        connection.execute(sqlalchemy.text("SET TRANSACTION READ ONLY"))


def _select(sqlalchemy: ModuleType, connection: Any, table: str | None, location: Location) -> Any:
    inspector = sqlalchemy.inspect(connection)
    schema, _, name = (table or "").rpartition(".")
    there = [*inspector.get_table_names(schema or None), *inspector.get_view_names(schema or None)]
    listed = ", ".join(there[:MOST_NAMED]) + (f" and {len(there) - MOST_NAMED} more" if len(there) > MOST_NAMED else "")
    if table is None:
        raise InputError(f"{location.shown}: say which table, or give a query; there are {listed or 'no tables'}")
    if name not in there:
        raise InputError(f"{location.shown}: there is no table {table!r}; there are {listed or 'none'}")
    # Columns are not reflected: types that SQLAlchemy does not know would be dropped with a warning.
    return sqlalchemy.select(sqlalchemy.text("*")).select_from(sqlalchemy.table(name, schema=schema or None))


def _batch(names: Sequence[str], rows: Sequence[Sequence[Any]], location: Location, limits: Limits) -> pa.RecordBatch:
    arrays = [_array(name, list(values), location, limits) for name, values in zip(names, zip(*rows, strict=True), strict=True)]
    return pa.RecordBatch.from_arrays(arrays, list(names))


def _array(name: str, values: list[Any], location: Location, limits: Limits) -> pa.Array:
    plain = [_plain(value) for value in values]
    try:
        array = pa.array(plain)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError) as error:
        kinds = sorted({type(value).__name__ for value in plain if value is not None})
        if len(kinds) == 1:
            reason = str(error).splitlines()[0]
            raise InputError(f"{location.shown}: column {name!r}: {reason}") from error
        raise InputError(
            f"{location.shown}: column {name!r} mixes kinds of values ({', '.join(kinds)}); cast it in a query"
        ) from error
    if pa.types.is_string(array.type) and any(len(value) > limits.cell_bytes for value in plain if value is not None):
        raise InputError(f"{location.shown}: column {name!r} holds a text longer than {limits.cell_bytes:,} bytes")
    if pa.types.is_nested(array.type) or pa.types.is_binary(array.type):
        raise InputError(f"{location.shown}: column {name!r} holds {array.type}; only flat values can be used")
    return array


def _plain(value: Any) -> Any:
    """Return a driver's value as one that Arrow takes: decimals as numbers, identifiers and intervals as such."""
    if isinstance(value, decimal.Decimal):
        return float(value)
    if isinstance(value, uuid.UUID):
        return str(value)
    if isinstance(value, dt.datetime) and value.tzinfo is not None:
        return value.astimezone(dt.UTC)
    return value
