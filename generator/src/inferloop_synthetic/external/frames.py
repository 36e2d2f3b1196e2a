"""Any table as a frame that SDV and CTGAN learn well, and drawn frames as the table again.

A frame has numbers without gaps and categories numbered from 0. Of each column of the table it holds
- a number, counted from the column's least for dates and times, where the column has many values; where some are missing, a
  category beside it says in which rows, and the gaps are filled with values drawn from the column;
- a category otherwise. The rarest beyond a limit share one number and are drawn by their shares.
Columns that are to occur in given combinations only are one category.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from inferloop_synthetic.errors import InputError
from inferloop_synthetic.tabular.arrays import AnyArray, Floats, Ints

EXTREME_ROWS = 3
"""Ends of a range are the mean of so many outermost rows, and categories of fewer rows are not drawn: no one row shows."""
MOST_DECIMALS = 6


@dataclass(frozen=True)
class NumberColumn:
    """A column that the frame holds as a number."""

    name: str
    empty: pa.Array
    """An array of the column's type."""
    origin: float
    low: float
    high: float
    decimals: int | None
    gaps: bool
    """Whether the frame holds a category that says where the column is missing."""


@dataclass(frozen=True)
class LevelColumn:
    """Columns, mostly one, that the frame holds as one category."""

    names: tuple[str, ...]
    levels: tuple[pa.Array, ...]
    """For each column its value in each level; the last levels are the rare ones."""
    kept: int
    """Levels with a number of their own; number `kept` stands for all after them."""
    rare_share: Floats
    """Shares of the levels after `kept` among themselves."""


FrameColumn = NumberColumn | LevelColumn


@dataclass(frozen=True)
class Frame:
    """What the library learns: one array per frame column, in order."""

    order: tuple[str, ...]
    numbers: dict[str, Floats]
    categories: dict[str, Ints]


def as_frame(
    table: pa.Table, groups: Sequence[Sequence[str]], discrete_up_to: int, most_categories: int, seed: int
) -> tuple[tuple[FrameColumn, ...], Frame]:
    """Return what each frame column means, and the frame; `groups` are columns that stay together."""
    rng = np.random.default_rng([seed, 70])
    grouped = {name for names in groups for name in names}
    meanings: list[FrameColumn] = []
    numbers: dict[str, Floats] = {}
    categories: dict[str, Ints] = {}
    order: list[str] = []
    units = [[n] for n in table.column_names if n not in grouped] + [list(names) for names in groups]
    for k, names in enumerate(units):
        columns = [_flat(table.column(name)) for name in names]
        if len(names) == 1 and _is_number(columns[0].type) and _many(columns[0], discrete_up_to):
            meaning, value = _number(names[0], columns[0], rng)
            numbers[f"n{k}"] = value
            order.append(f"n{k}")
            if meaning.gaps:
                categories[f"g{k}"] = np.asarray(columns[0].is_null().to_numpy(zero_copy_only=False), np.int64)
                order.append(f"g{k}")
            meanings.append(meaning)
        else:
            level, code = _levels(tuple(names), columns, most_categories)
            categories[f"c{k}"] = code
            order.append(f"c{k}")
            meanings.append(level)
    return tuple(meanings), Frame(tuple(order), numbers, categories)


def as_columns(meanings: Sequence[FrameColumn], frame: Frame, rng: np.random.Generator) -> dict[str, pa.Array]:
    """Return the table's columns of a drawn frame."""
    found: dict[str, pa.Array] = {}
    for k, meaning in enumerate(meanings):
        if isinstance(meaning, NumberColumn):
            gap = frame.categories[f"g{k}"] == 1 if meaning.gaps else None
            found[meaning.name] = _values(meaning, frame.numbers[f"n{k}"], gap)
            continue
        code = frame.categories[f"c{k}"]
        rare = np.flatnonzero(code == meaning.kept)
        if len(rare):
            code = code.copy()
            places = np.searchsorted(np.cumsum(meaning.rare_share), rng.random(len(rare)), side="right")
            code[rare] = meaning.kept + np.minimum(places, len(meaning.rare_share) - 1)
        index = pa.array(code, pa.int32())
        for name, values in zip(meaning.names, meaning.levels, strict=True):
            texts = pa.types.is_string(values.type) and not values.null_count
            found[name] = pa.DictionaryArray.from_arrays(index, values) if texts else values.take(index)
    return found


def _flat(column: pa.ChunkedArray) -> pa.Array:
    column = column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column
    flat = column.combine_chunks()
    if pa.types.is_floating(flat.type):
        flat = pc.if_else(pc.is_nan(flat), pa.scalar(None, flat.type), flat)
    return flat.cast(pa.string()) if pa.types.is_null(flat.type) or pa.types.is_large_string(flat.type) else flat


def _is_number(kind: pa.DataType) -> bool:
    number = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    return bool(number or pa.types.is_temporal(kind))


def _many(column: pa.Array, discrete_up_to: int) -> bool:
    return bool(pc.count_distinct(column, mode="only_valid").as_py() > discrete_up_to)


def _raw(column: pa.Array) -> pa.Array:
    """Return dates, times and numbers as float64."""
    if pa.types.is_temporal(column.type):
        column = column.view(pa.int32() if column.type.bit_width == 32 else pa.int64())
    return column.cast(pa.float64(), safe=False)


def _number(name: str, column: pa.Array, rng: np.random.Generator) -> tuple[NumberColumn, Floats]:
    raw = np.asarray(_raw(column).to_numpy(zero_copy_only=False), float)
    finite = np.isfinite(raw)
    present = np.sort(raw[finite])
    if (np.isinf(raw)).any():
        raise InputError(f"column {name!r} holds infinity; replace it or leave the column out")
    origin = float(present[0]) if pa.types.is_temporal(column.type) else 0.0
    value = raw - origin
    value[~finite] = rng.choice(present, int((~finite).sum())) - origin
    ends = min(EXTREME_ROWS, len(present))
    low, high = float(present[:ends].mean()) - origin, float(present[-ends:].mean()) - origin
    decimals = _decimals(present) if pa.types.is_floating(column.type) or pa.types.is_decimal(column.type) else 0
    empty = pa.array([], column.type)
    return NumberColumn(name, empty, origin, low, high, decimals, bool(column.null_count)), value


def _decimals(present: Floats) -> int | None:
    return next((d for d in range(MOST_DECIMALS + 1) if np.array_equal(np.round(present, d), present)), None)


def _values(column: NumberColumn, value: Floats, gap: AnyArray | None) -> pa.Array:
    value = np.clip(value, column.low, column.high) + column.origin
    if column.decimals is not None:
        value = np.round(value, column.decimals)
    kind = column.empty.type
    if pa.types.is_temporal(kind):
        whole = value.astype(np.int32 if kind.bit_width == 32 else np.int64)
        return pa.array(whole, mask=gap).view(kind)
    if pa.types.is_integer(kind):
        return pa.array(value.astype(np.int64), mask=gap).cast(kind, safe=False)
    made = pa.array(value, mask=gap)
    if pa.types.is_decimal(kind):
        # A float holds no more than 15 digits; what lies beyond is not learned.
        made = pc.round(made, kind.scale).cast(pa.decimal128(38, kind.scale), safe=False)
    return made.cast(kind, safe=False)


def _levels(names: tuple[str, ...], columns: list[pa.Array], most: int) -> tuple[LevelColumn, Ints]:
    keys = [f"k{i}" for i in range(len(names))]
    plain = [column.cast(pa.int32()) if pa.types.is_boolean(column.type) else column for column in columns]
    codes = np.zeros(len(columns[0]), np.int64)
    for column in plain:
        own = column.dictionary_encode(null_encoding="encode").indices.to_numpy()
        codes = np.unique(codes * (int(own.max(initial=0)) + 1) + own, return_inverse=True)[1]
    first = np.unique(codes, return_index=True)[1]
    count = np.bincount(codes)
    order = np.argsort(-count, kind="stable")
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    shown = int((count >= EXTREME_ROWS).sum()) or len(order)
    kept = len(order) if shown == len(order) <= most else min(shown, most - 1)
    levels = pa.table([column.take(pa.array(first[order[:shown]])) for column in columns], keys)
    tail = count[order][kept:shown].astype(float)
    if kept < len(order) and not len(tail):
        # All rare levels have so few rows that showing them would show the rows: common ones stand in for them.
        tail = count[order][:kept].astype(float)
        levels = pa.concat_tables([levels, levels])
    share = tail / tail.sum() if len(tail) else tail
    code = np.minimum(rank[codes], kept) if kept < len(order) else rank[codes]
    values = tuple(levels.column(key).combine_chunks() for key in keys)
    return LevelColumn(names, values, kept, share), code
