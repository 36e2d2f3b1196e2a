"""Reading what stands on the command line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from inferloop_synthetic.engine import Condition
from inferloop_synthetic.errors import InputError
from inferloop_synthetic.schema import Kind, TableSchema

SCHEMA_SUFFIXES = {".yaml", ".yml", ".json"}
_WHERE = re.compile(r"^\s*(.+?)\s*(>=|<=|=)\s*(.*?)\s*$")


def is_schema(path: Path) -> bool:
    """Say whether a file holds a schema and not data, by its extension."""
    return path.suffix.lower() in SCHEMA_SUFFIXES


def parse_where(texts: Sequence[str], schema: TableSchema) -> dict[str, Condition]:
    """Return the conditions that texts such as `age>=40`, `age<=60`, `city=Paris|Rome` stand for, by column."""
    found: dict[str, Condition] = {}
    for text in texts:
        match = _WHERE.match(text)
        if not match:
            raise InputError(f"--where {text!r}: write column=value, column=value|value, column>=value or column<=value")
        name, sign, value = match.groups()
        column = next((c for c in schema.columns if c.name == name), None)
        if column is None:
            raise InputError(f"--where {text!r}: there is no column {name!r}")
        before = found.get(name, Condition())
        if sign == "=":
            words = value.split("|") if column.kind in {Kind.category, Kind.boolean} else [value]
            found[name] = Condition(tuple(_value(w, column.kind, text) for w in words))
        elif sign == ">=":
            found[name] = Condition(low=_value(value, column.kind, text), high=before.high)
        else:
            found[name] = Condition(low=before.low, high=_value(value, column.kind, text))
    return found


def _value(word: str, kind: Kind, text: str) -> object:
    if kind not in {Kind.integer, Kind.float}:
        return word.lower() if kind is Kind.boolean else word
    try:
        return float(word)
    except ValueError as error:
        raise InputError(f"--where {text!r}: {word!r} is not a number") from error
