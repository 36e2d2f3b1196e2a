"""Guess a schema from a table; what it says can be shown, edited and given back."""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from inferloop_synthetic.errors import InputError
from inferloop_synthetic.personal import MOSTLY, different_values, is_card_number, personal_by_value, plausible, share_like
from inferloop_synthetic.schema import ColumnSchema, Kind, Personal, TableSchema, personal_by_name, says_person

LOOK_AT = 20_000
FEWEST_CODES = 50
DATE = r"^[+-]?\d{1,6}[-/.]\d{1,2}[-/.]\d{1,4}"


def detect_schema(table: pa.Table) -> TableSchema:
    """Return the schema of a table, judged by types, names and values. Raises InputError for columns that none fits."""
    seen: set[str] = set()
    columns = []
    for name, column in zip(table.column_names, table.columns, strict=True):
        if name in seen:
            raise InputError(f"column {name!r} occurs twice")
        seen.add(name)
        columns.append(detect_column(name, column))
    if not columns:
        raise InputError("the table has no columns")
    return TableSchema(columns=columns)


def detect_column(name: str, column: pa.ChunkedArray) -> ColumnSchema:
    """Return the schema of one column."""
    if not name.strip():
        raise InputError("a column has no name")
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    kind = column.type
    share = round(column.null_count / max(len(column), 1), 6)
    present = column.drop_null()
    if pa.types.is_boolean(kind):
        return ColumnSchema(name=name, kind=Kind.boolean, missing=share)
    if pa.types.is_integer(kind):
        if (personal := _personal_number(name, present)) is not None:
            return ColumnSchema(name=name, kind=Kind.personal, personal=personal, missing=share)
        if _is_numbering(name, column):
            return ColumnSchema(name=name, kind=Kind.identifier, missing=share)
        low, high = pc.min_max(present).as_py().values() if len(present) else (None, None)
        return ColumnSchema(name=name, kind=Kind.integer, missing=share, min=low, max=high)
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return _real_column(name, present.cast(pa.float64()), share)
    if pa.types.is_date(kind) or pa.types.is_timestamp(kind) or pa.types.is_time(kind) or pa.types.is_duration(kind):
        moment = Kind.date if pa.types.is_date(kind) else Kind.datetime if pa.types.is_timestamp(kind) else Kind.time
        return ColumnSchema(name=name, kind=moment, missing=share)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_null(kind):
        return _text_column(name, present.cast(pa.string()), share)
    raise InputError(f"column {name!r} holds {kind}; only numbers, texts, booleans, dates and times can be used")


def _real_column(name: str, present: pa.ChunkedArray, share: float) -> ColumnSchema:
    finite = present.filter(pc.is_finite(present))
    if not len(finite):
        return ColumnSchema(name=name, kind=Kind.float, missing=share)
    # Missing values turn a data frame's whole numbers into floating ones.
    if pc.all(pc.equal(finite, pc.floor(finite))).as_py() and pc.max(pc.abs(finite)).as_py() < 2**63:
        personal = _personal_number(name, finite)
        if personal is not None:
            return ColumnSchema(name=name, kind=Kind.personal, personal=personal, missing=share)
    low, high = pc.min_max(finite).as_py().values()
    return ColumnSchema(name=name, kind=Kind.float, missing=share, min=low, max=high)


def _is_numbering(name: str, column: pa.ChunkedArray) -> bool:
    """Say whether whole numbers only tell rows apart: all different, and either named so or without gaps."""
    if column.null_count or len(column) < 20 or pc.count_distinct(column).as_py() < len(column):
        return False
    low, high = pc.min_max(column).as_py().values()
    named = re.search(r"(^|[_\W])(id|key|no|nr|number|index|rownames?|uuid)$|[a-z](Id|ID)$", name, re.IGNORECASE) is not None
    return named or high - low + 1 == len(column)


def _text_column(name: str, present: pa.ChunkedArray, share: float) -> ColumnSchema:
    sample = present.slice(0, LOOK_AT)
    if not len(sample):
        return ColumnSchema(name=name, kind=Kind.category, missing=share)
    personal = _personal(name, sample)
    if personal is not None:
        return ColumnSchema(name=name, kind=Kind.personal, personal=personal, missing=share)
    different = pc.count_distinct(sample).as_py() / len(sample)
    if different > 0.5 and len(sample) >= 20:
        words = float(np.mean(pc.count_substring(sample, " ").to_numpy()))
        if words >= 3:
            return ColumnSchema(name=name, kind=Kind.text, missing=share)
        if different > 0.95:
            return ColumnSchema(name=name, kind=Kind.identifier, missing=share)
    if different > 0.2 and _are_codes(sample):
        return ColumnSchema(name=name, kind=Kind.identifier, missing=share)
    return ColumnSchema(name=name, kind=Kind.category, missing=share)


def _are_codes(sample: pa.ChunkedArray) -> bool:
    """Say whether texts that repeat a few times are numbers of somebody or something: letters and digits, or digits alone.

    As a category they would be given out, and who has two rows has a number twice.
    """
    if pc.count_distinct(sample).as_py() < FEWEST_CODES or share_like(sample, DATE) > 0.5:
        return False
    lengths = pc.min_max(pc.utf8_length(sample)).as_py()
    digits = share_like(sample, r"^\d{5,}$") > MOSTLY and lengths["min"] == lengths["max"]
    return digits or share_like(sample, r"^[A-Za-z0-9_/-]*([A-Za-z][_/-]?\d|\d[_/-]?[A-Za-z])[A-Za-z0-9_/-]*$") > MOSTLY


def _personal(name: str, sample: pa.ChunkedArray) -> Personal | None:
    by_value = personal_by_value(sample)
    if by_value not in {None, Personal.name}:
        return by_value
    by_name = personal_by_name(name)
    if by_name is not None and plausible(Personal(by_name), sample, person=says_person(name)):
        return Personal(by_name)
    return by_value


def _personal_number(name: str, present: pa.ChunkedArray) -> Personal | None:
    """Say whether whole numbers are those of people's phones, documents or cards."""
    digits = present.slice(0, LOOK_AT).cast(pa.int64(), safe=False).cast(pa.string())
    by_name = personal_by_name(name)
    if by_name in {"phone", "ssn", "national_id", "passport", "card"} and share_like(digits, r"^\d{7,}$") > MOSTLY:
        return Personal(by_name)
    values = different_values(digits)
    return Personal.card if values and sum(map(is_card_number, values)) > MOSTLY * len(values) else None
