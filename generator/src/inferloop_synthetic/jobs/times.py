"""Times in both databases: UTC to the microsecond, and always by the database's clock, which all workers share."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DateTime, Dialect, Float
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.expression import FunctionElement, literal
from sqlalchemy.types import TypeDecorator


class UtcTime(TypeDecorator[datetime]):
    """A time with its zone in PostgreSQL, a text without one in SQLite; an aware UTC time in Python."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Store UTC; SQLite's type would drop any other zone silently."""
        if value is None or value.tzinfo is None:
            return None if value is None else value.replace(tzinfo=UTC)
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give it back in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class _FromNow(FunctionElement[datetime]):
    """The database's clock, so many seconds from now."""

    type = UtcTime()
    inherit_cache = True
    name = "from_now"


@compiles(_FromNow, "sqlite")
def _sqlite(element: _FromNow, compiler: Any, **options: Any) -> str:
    # %f has three digits of a second and SQLAlchemy's texts have six; texts compare as times only where they are alike.
    seconds = compiler.process(element.clauses, **options)
    return f"strftime('%Y-%m-%d %H:%M:%f000', 'now', printf('%+.3f seconds', {seconds}))"


@compiles(_FromNow, "postgresql")
def _postgresql(element: _FromNow, compiler: Any, **options: Any) -> str:
    seconds = compiler.process(element.clauses, **options)
    return f"(clock_timestamp() + make_interval(secs => CAST({seconds} AS double precision)))"


def from_now(seconds: float = 0.0) -> ColumnElement[datetime]:
    """Return an SQL expression: the database's time, `seconds` from now (before now where negative)."""
    return _FromNow(literal(float(seconds), Float))
