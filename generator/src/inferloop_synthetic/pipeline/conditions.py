"""Conditions as people write them, in the types of the columns that they are about."""

from __future__ import annotations

from collections.abc import Mapping

from inferloop_synthetic.errors import InputError
from inferloop_synthetic.pipeline.spec import Scalar, Wanted
from inferloop_synthetic.schema import Kind, TableSchema


def settle(where: Mapping[str, Wanted], schema: TableSchema) -> dict[str, Wanted]:
    """Return the conditions with texts turned into what the columns hold; raises InputError naming the column that is wrong."""
    kinds = {column.name: column.kind for column in schema.columns}
    settled = {}
    for name, wanted in where.items():
        if name not in kinds:
            raise InputError(f"where: there is no column {name!r}")
        kind = kinds[name]
        settled[name] = Wanted(
            values=tuple(_typed(value, kind, name) for value in wanted.values),
            low=None if wanted.low is None else _typed(wanted.low, kind, name),
            high=None if wanted.high is None else _typed(wanted.high, kind, name),
        )
    return settled


def _typed(value: Scalar, kind: Kind, name: str) -> Scalar:
    if kind is Kind.boolean:
        text = str(value).lower()
        if text not in {"true", "false"}:
            raise InputError(f"where: column {name!r} holds true and false, not {value!r}")
        return text
    if kind not in {Kind.integer, Kind.float}:
        return str(value).lower() if isinstance(value, bool) else str(value)
    try:
        number = float(value)
    except ValueError as error:
        raise InputError(f"where: column {name!r} holds numbers, and {value!r} is not a number") from error
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    return int(number) if kind is Kind.integer and number.is_integer() else number
