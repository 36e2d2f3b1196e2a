"""Between an Arrow column and numbers: what a number's unit is, and which levels a category has."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from inferloop_synthetic.tabular.arrays import Bools, Floats, Ints

_UNITS_PER_SECOND = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
_DAY_SECONDS = 86_400
_SHORT_LIST = 512
_EXACT = 2**53
"""Whole numbers up to this one are exact as floats."""
_WORD = 2**64


@dataclass(frozen=True)
class NumberForm:
    """How a number, date or time is stored: `raw = value * unit + origin`, or `raw = value / divisor` for decimals.

    `whole` says that values are whole numbers of units. Only whole numbers that floats do not hold exactly have an origin.
    """

    arrow: str
    whole: bool
    unit: int = 1
    origin: int = 0
    divisor: int = 1
    day: int = 0
    """For time stamps with a time of day: units per day, else 0."""
    clock: bool = False
    """Whole numbers such as 1745 for a quarter to six: counted here in minutes."""
    most: int | None = None
    """For whole numbers with an origin: the largest value in units; the smallest is 0."""

    @property
    def rounded(self) -> bool:
        """Say whether even the distances from the origin are too large to be exact as floats."""
        return self.most is not None and self.most > _EXACT


def arrow_type(name: str) -> pa.DataType:
    """Return the Arrow type that `str(type)` printed as `name`, for the types that numbers may have."""
    base, _, rest = name.partition("[")
    if base in {"timestamp", "time32", "time64", "duration", "date32", "date64"} and rest:
        unit, _, zone = rest.rstrip("]").partition(", tz=")
        if base == "timestamp":
            return pa.timestamp(unit, zone or None)
        if base in {"date32", "date64"}:
            return pa.date32() if base == "date32" else pa.date64()
        return {"time32": pa.time32, "time64": pa.time64, "duration": pa.duration}[base](unit)
    return pa.type_for_alias(name)


def number_form(column: pa.ChunkedArray) -> tuple[NumberForm, Floats]:
    """Return a number column's form and its values in units, NaN for missing and for not finite."""
    kind = column.type
    if pa.types.is_decimal(kind):
        column, kind = column.cast(pa.float64()), pa.float64()
    if pa.types.is_integer(kind):
        least, most = pc.min_max(column).as_py().values()
        if least is not None and max(-least, most) > _EXACT:
            return _far_form(column, least, most)
        values = _floats(column)
        if _is_clock(values):
            return NumberForm(str(kind), whole=True, clock=True), values // 100 * 60 + values % 100
        unit = _largest_unit(values, (1000, 100, 10))
        return NumberForm(str(kind), whole=True, unit=unit), values / unit
    if pa.types.is_floating(kind):
        values = _floats(column)
        values[~np.isfinite(values)] = np.nan
        divisor = _decimals(values)
        if divisor == 1 and _is_clock(values):
            return NumberForm(str(kind), whole=True, clock=True), values // 100 * 60 + values % 100
        if divisor is None:
            return NumberForm(str(kind), whole=False), values
        return NumberForm(str(kind), whole=True, divisor=divisor), np.rint(values * divisor)
    return _moment_form(column)


def _far_form(column: pa.ChunkedArray, least: int, most: int) -> tuple[NumberForm, Floats]:
    """Return the form of whole numbers beyond 2**53, and their distances from the smallest, exact where they are near."""
    kind = column.type
    raw = np.asarray(column.fill_null(least).to_numpy()).astype(np.uint64, casting="unsafe")
    # Both are taken modulo 2**64, so the distance is right whatever the sign.
    distance = raw - np.uint64(least % _WORD)
    unit = next((u for u in (10**9, 10**6, 1000, 100, 10) if distance.any() and not (distance % np.uint64(u)).any()), 1)
    values = (distance // np.uint64(unit)).astype(np.float64)
    values[column.is_null().to_numpy()] = np.nan
    return NumberForm(str(kind), whole=True, unit=unit, origin=least, most=(most - least) // unit), values


def _far_numbers(form: NumberForm, values: Floats, most: int) -> Ints:
    """Return the raw 64 bits of values in units: kept between the smallest and the largest, so that nothing wraps around."""
    units = np.rint(values)
    top = float(most)
    inside = (units > 0) & (units < top)
    whole = np.where(inside, units, 0).astype(np.uint64)
    # Rounded to a float, the largest may lie beyond the largest that there is.
    whole[units >= top] = most
    raw = np.minimum(whole, np.uint64(most)) * np.uint64(form.unit) + np.uint64(form.origin % _WORD)
    return raw.view(np.int64)


def infinity_notes(table: pa.Table) -> list[str]:
    """Return a note for each column that holds infinities, which are learned as missing."""
    notes = []
    for name, column in zip(table.column_names, table.columns, strict=True):
        if pa.types.is_floating(column.type) and (count := int(pc.sum(pc.is_inf(column)).as_py() or 0)):
            notes.append(f"{name}: {count:,} of {len(column):,} values are infinite, and count as missing")
    return notes


def _moment_form(column: pa.ChunkedArray) -> tuple[NumberForm, Floats]:
    kind = column.type
    if pa.types.is_date64(kind):
        column, kind = column.cast(pa.date32()), pa.date32()
    if pa.types.is_date32(kind):
        return NumberForm("date32[day]", whole=True), _floats(column.cast(pa.int32()))
    per_second = _UNITS_PER_SECOND[kind.unit]
    width = pa.int32() if pa.types.is_time32(kind) else pa.int64()
    raw = column.cast(width).to_numpy(zero_copy_only=False) if not column.null_count else None
    present = column.drop_null().cast(width).to_numpy(zero_copy_only=False).astype(np.int64)
    unit = next(
        (u for u in (_DAY_SECONDS * per_second, 3600 * per_second, 60 * per_second, per_second) if not (present % u).any()),
        1,
    )
    if raw is None:
        values = np.full(len(column), np.nan)
        values[column.is_valid().to_numpy(zero_copy_only=False)] = present // unit
    else:
        values = raw.astype(np.int64) // unit + 0.0
    day = _DAY_SECONDS * per_second // unit if pa.types.is_timestamp(kind) and unit < _DAY_SECONDS * per_second else 0
    return NumberForm(str(kind), whole=True, unit=unit, day=int(day)), values


def _floats(column: pa.ChunkedArray) -> Floats:
    return np.array(column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False), np.float64)


def _is_clock(values: Floats) -> bool:
    """Say whether whole numbers read as hours and minutes: 0 to 2400, never more than 59 in the last two digits."""
    present = np.unique(values[~np.isnan(values)])
    if len(present) < 200 or present[0] < 0 or not 1200 <= present[-1] <= 2400:
        return False
    return bool((present % 100 < 60).all()) and len(np.unique(present % 100)) > 30


def _largest_unit(values: Floats, units: tuple[int, ...]) -> int:
    present = values[~np.isnan(values)]
    return next((u for u in units if len(present) and not (present % u).any()), 1)


def _decimals(values: Floats) -> int | None:
    """Return 10**k for the fewest decimals k <= 6 that hold every value, None when there is none.

    A short list of values that are decimals but for noise in the last bit has none: they are kept to the bit.
    """
    present = np.unique(values[~np.isnan(values)])
    if len(present) == 0 or np.abs(present).max() > 1e12:
        return None
    for k in range(7):
        scaled = present * 10.0**k
        if np.allclose(np.rint(scaled), scaled, rtol=1e-12, atol=1e-6):
            exact = len(present) > _SHORT_LIST or bool((np.rint(scaled) / 10.0**k == present).all())
            return int(10**k) if exact else None
    return None


def number_array(form: NumberForm, values: Floats, missing: Bools | None) -> pa.Array:
    """Return values (in units) as an Arrow array of the form's type; rows where `missing` holds are null."""
    kind = arrow_type(form.arrow)
    if form.clock:
        minutes = np.rint(values)
        values = np.clip(minutes // 60 * 100 + minutes % 60, 0, 2400)
    valid = None if missing is None else pa.py_buffer(np.packbits(~missing, bitorder="little"))
    if missing is not None:
        values = np.where(missing, 0, values)
    if pa.types.is_floating(kind):
        raw = np.rint(values) / form.divisor if form.whole else values
        return _array(kind, np.ascontiguousarray(raw, kind.to_pandas_dtype()), valid)
    if form.most is not None:
        return _array(kind, _far_numbers(form, values, form.most), valid)
    units = np.rint(values).astype(np.int64)
    if form.unit != 1:
        units *= form.unit
    if kind.bit_width == 64:
        return _array(kind, units, valid)
    limits = np.iinfo(kind.to_pandas_dtype() if pa.types.is_integer(kind) else np.int32)
    narrow = np.clip(units, limits.min, limits.max).astype(limits.dtype)
    return _array(kind, narrow, valid)


def _array(kind: pa.DataType, raw: Ints | Floats, valid: pa.Buffer | None) -> pa.Array:
    return pa.Array.from_buffers(kind, len(raw), [valid, pa.py_buffer(raw)])


@dataclass(frozen=True)
class Levels:
    """A category's levels by falling frequency, and the level of each row; -1 is missing."""

    levels: pa.Array
    level: Ints
    count: Ints


def level_numbers(column: pa.ChunkedArray) -> Levels:
    """Number a category's levels by falling frequency."""
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if not pa.types.is_dictionary(whole.type):
        whole = whole.dictionary_encode()
    index = whole.indices.cast(pa.int64()).fill_null(-1).to_numpy(zero_copy_only=False).copy()
    levels = whole.dictionary
    index[np.isin(index, np.flatnonzero(levels.is_null().to_numpy(zero_copy_only=False)))] = -1
    count = np.bincount(index[index >= 0], minlength=len(levels))
    used = np.flatnonzero(count)
    used = used[np.argsort(-count[used], kind="stable")]
    number = np.full(len(levels) + 1, -1)
    number[used] = np.arange(len(used))
    return Levels(levels.take(pa.array(used)), number[index], count[used])


def without_rare(found: Levels, least_rows: int, rng: np.random.Generator) -> tuple[Levels, int]:
    """Drop levels seen in fewer than `least_rows` rows; their rows get levels drawn from the others. Returns also how many rows.

    When every level is rare all are kept: the column is then no category, and nothing could stand in its place.
    """
    kept = int((found.count >= least_rows).sum())
    if kept in {0, len(found.count)}:
        return found, 0
    level = found.level.copy()
    rare = level >= kept
    count = found.count[:kept]
    level[rare] = rng.choice(kept, int(rare.sum()), p=count / count.sum())
    return Levels(found.levels.slice(0, kept), level, count), int(rare.sum())


def level_array(levels: pa.Array, code: Ints, missing: Bools | None) -> pa.Array:
    """Return codes as an Arrow array: booleans as such, other levels dictionary-encoded."""
    valid = None if missing is None else pa.py_buffer(np.packbits(~missing, bitorder="little"))
    if pa.types.is_boolean(levels.type):
        truth = np.r_[levels.to_numpy(zero_copy_only=False).astype(np.bool_), False].take(code)
        return pa.Array.from_buffers(pa.bool_(), len(code), [valid, pa.py_buffer(np.packbits(truth, bitorder="little"))])
    index = code.astype(np.int32)
    if missing is not None:
        index[missing] = 0
    indices = pa.Array.from_buffers(pa.int32(), len(index), [valid, pa.py_buffer(index)])
    return pa.DictionaryArray.from_arrays(indices, levels, safe=False)


def is_number(kind: pa.DataType) -> bool:
    """Say whether columns of this type are modelled as numbers."""
    return bool(
        pa.types.is_integer(kind)
        or pa.types.is_floating(kind)
        or pa.types.is_decimal(kind)
        or (pa.types.is_temporal(kind) and not pa.types.is_interval(kind))
    )


def distinct(column: pa.ChunkedArray) -> int:
    """Return the number of different values, missing not counted."""
    return int(pc.count_distinct(column).as_py())
