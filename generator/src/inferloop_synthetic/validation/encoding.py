"""Two or three tables as matrices on one scale, for classifiers and distances."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from inferloop_synthetic.errors import InputError
from inferloop_synthetic.schema import Kind, TableSchema
from inferloop_synthetic.tabular.arrays import Bools, Floats, Ints

NOT_COMPARED = {Kind.identifier, Kind.text, Kind.personal}


@dataclass(frozen=True)
class Encoded:
    """Tables as rows of numbers: a number's value or a category's level; NaN is missing."""

    names: tuple[str, ...]
    categorical: Bools
    tables: tuple[Floats, ...]
    levels: tuple[tuple[str, ...], ...]
    """Names of each category's levels, most frequent in the first table first; empty for numbers."""


def compared_columns(schema: TableSchema) -> list[str]:
    """Return the columns that are learned, and so can be compared."""
    return [column.name for column in schema.columns if column.kind not in NOT_COMPARED]


def encode(tables: Sequence[pa.Table], schema: TableSchema) -> Encoded:
    """Put the learned columns of several tables on one scale; raises InputError where a table lacks a column."""
    names = compared_columns(schema)
    columns: list[list[Floats]] = [[] for _ in tables]
    categorical, levels = [], []
    for name in names:
        for table in tables:
            if name not in table.column_names:
                raise InputError(f"column {name!r} is in one table and not in the other")
        parts = [_flat(table.column(name)) for table in tables]
        is_level = any(_is_level(part.type) for part in parts)
        categorical.append(is_level)
        if is_level:
            coded, words = _levels(parts)
            levels.append(words)
        else:
            coded = [_number(part, name) for part in parts]
            levels.append(())
        for target, values in zip(columns, coded, strict=True):
            target.append(values)
    matrices = tuple(np.stack(c, 1) if c else np.zeros((t.num_rows, 0)) for c, t in zip(columns, tables, strict=True))
    return Encoded(tuple(names), np.array(categorical, np.bool_), matrices, tuple(levels))


def _flat(column: pa.ChunkedArray) -> pa.Array:
    whole = column.combine_chunks()
    return whole.cast(whole.type.value_type) if pa.types.is_dictionary(whole.type) else whole


def _is_level(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_boolean(kind) or pa.types.is_null(kind))


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
    kind = part.type
    try:
        if pa.types.is_temporal(kind):
            if pa.types.is_timestamp(kind):
                part = part.cast(pa.timestamp("us", kind.tz), safe=False)
            part = part.cast(pa.int32() if part.type.bit_width == 32 else pa.int64())
        values = np.array(part.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False), np.float64)
    except pa.ArrowInvalid as error:
        raise InputError(f"column {name!r} cannot be compared: {error}") from error
    values[~np.isfinite(values)] = np.nan
    return values


def ranks(encoded: Encoded) -> list[Floats]:
    """Return the tables with numbers replaced by their rank in the first table, 0 to 1; levels stay. Missing is -1."""
    results = [table.copy() for table in encoded.tables]
    for j in range(len(encoded.names)):
        numbers = encoded.tables[0][:, j]
        base = None if encoded.categorical[j] else np.sort(numbers[~np.isnan(numbers)])
        for result in results:
            values = result[:, j]
            if base is not None:
                low, high = np.searchsorted(base, values), np.searchsorted(base, values, side="right")
                values = np.where(np.isnan(values), np.nan, (low + high) / 2 / max(len(base), 1))
            result[:, j] = np.where(np.isnan(values), -1, values)
    return results


def binned(encoded: Encoded, bins: int = 10) -> list[Ints]:
    """Return the tables with every column cut into at most `bins` groups and one for missing."""
    results = [np.zeros(table.shape, np.int64) for table in encoded.tables]
    for j in range(len(encoded.names)):
        first = encoded.tables[0][:, j]
        present = first[~np.isnan(first)]
        edges = np.unique(np.quantile(present, np.linspace(0, 1, bins + 1)[1:-1])) if len(present) else np.zeros(0)
        for result, table in zip(results, encoded.tables, strict=True):
            values = table[:, j]
            if encoded.categorical[j]:
                group = np.minimum(np.nan_to_num(values, nan=0), bins - 1).astype(np.int64)
            else:
                group = np.searchsorted(edges, values, side="right")
            result[:, j] = np.where(np.isnan(values), bins, group)
    return results
