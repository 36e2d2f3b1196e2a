"""Two or three tables as matrices on one scale, for classifiers and distances."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from inferloop_synthetic.errors import InputError
from inferloop_synthetic.schema import Kind, TableSchema
from inferloop_synthetic.tabular.arrays import Bools, Floats, Ints

NOT_COMPARED = {Kind.identifier, Kind.text, Kind.personal}
TABLE_NAMES = ("real", "synthetic", "held-out")


class _Family(StrEnum):
    """What values can be compared with each other; its words stand in messages."""

    nothing = "no values"
    numbers = "numbers"
    moments = "dates"
    times = "times"
    texts = "text"
    truths = "true and false"


@dataclass(frozen=True)
class Encoded:
    """Tables as rows of numbers: a number's value or a category's level; NaN is missing."""

    names: tuple[str, ...]
    categorical: Bools
    tables: tuple[Floats, ...]
    levels: tuple[tuple[str, ...], ...]
    """Names of each category's levels, most frequent in the first table first; empty for numbers."""
    units: tuple[str, ...]
    """What a number counts: "number", "date" or "datetime" (microseconds since 1970), "time"; "level" for categories."""

    def column(self, name: str) -> int:
        """Return a column's place; raises InputError for one that is not compared."""
        if name not in self.names:
            raise InputError(f"there is no column {name!r} to compare; there are {', '.join(self.names[:20])}")
        return self.names.index(name)


def compared_columns(schema: TableSchema) -> list[str]:
    """Return the columns that are learned, and so can be compared."""
    return [column.name for column in schema.columns if column.kind not in NOT_COMPARED]


def encode(tables: Sequence[pa.Table], schema: TableSchema) -> Encoded:
    """Put the learned columns of several tables (real, synthetic, held out) on one scale.

    Raises InputError that names the column and the table where one lacks a column, or holds another kind of values in it.
    """
    _same_columns(tables, schema)
    columns: list[list[Floats]] = [[] for _ in tables]
    categorical, levels, units = [], [], []
    kept = [column for column in schema.columns if column.kind not in NOT_COMPARED]
    for column in kept:
        parts = [_flat(table.column(column.name)) for table in tables]
        families = [_family(part, column.name) for part in parts]
        is_level = column.kind in {Kind.category, Kind.boolean} or families[0] in {_Family.texts, _Family.truths}
        categorical.append(is_level)
        if is_level:
            coded, words = _levels(parts)
            levels.append(words)
            units.append("level")
        else:
            _same_family(column.name, families, parts)
            coded = [_number(part, column.name) for part in parts]
            levels.append(())
            units.append(_unit(parts[0].type))
        for target, values in zip(columns, coded, strict=True):
            target.append(values)
    matrices = tuple(np.stack(c, 1) if c else np.zeros((t.num_rows, 0)) for c, t in zip(columns, tables, strict=True))
    names = tuple(column.name for column in kept)
    return Encoded(names, np.array(categorical, np.bool_), matrices, tuple(levels), tuple(units))


def _same_columns(tables: Sequence[pa.Table], schema: TableSchema) -> None:
    for table, called in zip(tables, TABLE_NAMES, strict=False):
        twice = next((n for n in table.column_names if table.column_names.count(n) > 1), None)
        if twice is not None:
            raise InputError(f"column {twice!r} occurs twice in the {called} table")
    wanted = compared_columns(schema)
    for table, called in zip(tables, TABLE_NAMES, strict=False):
        lacking = [name for name in wanted if name not in table.column_names]
        if lacking:
            more = f" and {len(lacking) - 1} more" if len(lacking) > 1 else ""
            having = next(
                (other for t, other in zip(tables, TABLE_NAMES, strict=False) if lacking[0] in t.column_names), "schema"
            )
            raise InputError(f"column {lacking[0]!r}{more} is in the {having} table and not in the {called} one")
    known = {column.name for column in schema.columns}
    for table, called in zip(tables[1:], TABLE_NAMES[1:], strict=False):
        extra = [name for name in table.column_names if name not in known]
        if extra:
            raise InputError(f"column {extra[0]!r} is in the {called} table and not in the real one")


def _same_family(name: str, families: Sequence[_Family], parts: Sequence[pa.Array]) -> None:
    present = [(family, i) for i, family in enumerate(families) if family is not _Family.nothing]
    for family, i in present[1:]:
        first, at = present[0]
        if family is not first:
            seen = parts[i].drop_null()[0].as_py()
            raise InputError(
                f"column {name!r} holds {first} in the {TABLE_NAMES[at]} table and {family} (such as {str(seen)[:40]!r}) "
                f"in the {TABLE_NAMES[i]} one; if they are categories, say so with a schema"
            )


def _family(part: pa.Array, name: str) -> _Family:
    kind = part.type
    if part.null_count == len(part):
        return _Family.nothing
    if pa.types.is_boolean(kind):
        return _Family.truths
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return _Family.texts
    if pa.types.is_date(kind) or pa.types.is_timestamp(kind):
        return _Family.moments
    if pa.types.is_time(kind) or pa.types.is_duration(kind):
        return _Family.times
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return _Family.numbers
    raise InputError(f"column {name!r} holds {kind}, which cannot be compared")


def _unit(kind: pa.DataType) -> str:
    if pa.types.is_date(kind):
        return "date"
    if pa.types.is_timestamp(kind):
        return "datetime"
    return "time" if pa.types.is_time(kind) or pa.types.is_duration(kind) else "number"


def _flat(column: pa.ChunkedArray) -> pa.Array:
    whole = column.combine_chunks()
    return whole.cast(whole.type.value_type) if pa.types.is_dictionary(whole.type) else whole


def _levels(parts: Sequence[pa.Array]) -> tuple[list[Floats], tuple[str, ...]]:
    texts = [part.cast(pa.string()) for part in parts]
    counts = pc.value_counts(texts[0].drop_null())
    order = np.argsort(-counts.field("counts").to_numpy(), kind="stable")
    known = counts.field("values").take(pa.array(order))
    others = pc.unique(pa.concat_arrays([t.drop_null() for t in texts[1:]] or [known.slice(0, 0)]))
    words = pa.concat_arrays([known, others.filter(pc.invert(pc.is_in(others, value_set=known)))])
    coded = [pc.index_in(t, value_set=words).cast(pa.float64()).to_numpy(zero_copy_only=False) for t in texts]
    return [np.array(c, np.float64) for c in coded], tuple(words.to_pylist())


def _number(part: pa.Array, name: str) -> Floats:
    """Return values as floats: dates and times as microseconds whatever their unit, what is not finite as missing."""
    kind = part.type
    try:
        if part.null_count == len(part):
            return np.full(len(part), np.nan)
        if pa.types.is_date(kind) or pa.types.is_timestamp(kind):
            part = part.cast(pa.timestamp("us", getattr(kind, "tz", None)), safe=False).cast(pa.int64())
        elif pa.types.is_time(kind):
            part = part.cast(pa.time64("us"), safe=False).cast(pa.int64())
        elif pa.types.is_duration(kind):
            part = part.cast(pa.duration("us"), safe=False).cast(pa.int64())
        values = np.array(part.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False), np.float64)
    except pa.ArrowInvalid as error:
        raise InputError(f"column {name!r} cannot be compared: {error}") from error
    values[~np.isfinite(values)] = np.nan
    return values


def ranks(encoded: Encoded) -> list[Floats]:
    """Return the tables with numbers replaced by their rank among all real rows, 0 to 1; levels stay. Missing is -1.

    Real rows are the first table and the hold-out: ranked among the first alone, its own values would lie half a rank off all
    others, and so farther from synthetic ones than the hold-out's, which would hide that they were learned from.
    """
    whole = np.concatenate([table for table, called in zip(encoded.tables, TABLE_NAMES, strict=False) if called != "synthetic"])
    results = [table.copy() for table in encoded.tables]
    for j in range(len(encoded.names)):
        numbers = whole[:, j]
        base = None if encoded.categorical[j] else np.sort(numbers[~np.isnan(numbers)])
        for result in results:
            values = result[:, j]
            if base is not None:
                low, high = np.searchsorted(base, values), np.searchsorted(base, values, side="right")
                values = np.where(np.isnan(values), np.nan, (low + high) / 2 / max(len(base), 1))
            result[:, j] = np.where(np.isnan(values), -1, values)
    return results


def binned(encoded: Encoded, bins: int = 10) -> list[Ints]:
    """Return the tables with every column cut into groups numbered below `group_count(bins)`; the last is for missing values.

    Groups of numbers are the tenths of the first table, and a value that fills a whole tenth has a group of its own: among 95
    zeros in a hundred the other five are told apart. Categories keep their commonest levels, the rest share a group.
    """
    results = [np.zeros(table.shape, np.int64) for table in encoded.tables]
    for j in range(len(encoded.names)):
        edges = _edges(encoded.tables[0][:, j], bins)
        for result, table in zip(results, encoded.tables, strict=True):
            values = table[:, j]
            if encoded.categorical[j]:
                group = np.minimum(np.nan_to_num(values, nan=0), bins - 1).astype(np.int64)
            else:
                group = np.searchsorted(edges, values, side="right")
            result[:, j] = np.where(np.isnan(values), group_count(bins) - 1, group)
    return results


def group_count(bins: int) -> int:
    """Return how many groups `binned` makes at most."""
    return 2 * bins + 1


def _edges(values: Floats, bins: int) -> Floats:
    present = values[~np.isnan(values)]
    if not len(present):
        return np.zeros(0)
    different = np.unique(present)
    if len(different) <= bins:
        return different
    tenths, times = np.unique(np.quantile(present, np.linspace(0, 1, bins + 1)[1:-1]), return_counts=True)
    return np.unique(np.concatenate([tenths, np.nextafter(tenths[times > 1], np.inf)]))
