"""Values that never occur twice, worked out from the number of the row: no list of those used before is kept.

A keyed permutation of whole numbers (a Feistel network, walked along its cycle until it falls within the range; Black and
Rogaway, Ciphers with Arbitrary Finite Domains, CT-RSA 2002) gives every row a number of its own, whoever makes the row.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from typing import Any, ClassVar, Protocol, TypeAlias, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from inferloop_synthetic.engine import Shard
from inferloop_synthetic.errors import InputError
from inferloop_synthetic.generators import NUMBERS, Generator, bounds_of, moments_of, only_digits, vocabulary
from inferloop_synthetic.schema import ColumnSchema, Constraint, Kind, Personal, Range, TableSchema, Unique
from inferloop_synthetic.tabular.arrays import Floats, Ints
from inferloop_synthetic.tabular.forms import arrow_type

CELLS = 64
_ROUNDS = 6
_MIX = (0xBF58476D1CE4E5B9, 0x94D049BB133111EB, 0x9E3779B97F4A7C15)
_WORD = 2**64
Words: TypeAlias = np.ndarray[tuple[int, ...], np.dtype[np.uint64]]


def permuted(numbers: Words, size: int, key: int) -> Words:
    """Return other numbers below `size`, each different for different `numbers` below `size` (unsigned 64 bits)."""
    if size <= 1:
        return numbers.copy()
    half = np.uint64(max((size - 1).bit_length() + 1, 2) // 2)
    found = _shuffled(numbers, half, key)
    while (outside := np.flatnonzero(found >= np.uint64(size) if size < _WORD else np.zeros(len(found), np.bool_))).size:
        found[outside] = _shuffled(found[outside], half, key)
    return found


def _shuffled(numbers: Words, half: np.uint64, key: int) -> Words:
    mask = (np.uint64(1) << half) - np.uint64(1)
    left, right = numbers >> half, numbers & mask
    for turn in range(_ROUNDS):
        mixed = right + np.uint64((key + turn * _MIX[2]) % _WORD)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(_MIX[0])
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(_MIX[1])
        left, right = right, left ^ ((mixed ^ (mixed >> np.uint64(31))) & mask)
    return np.asarray((left << half) | right, np.uint64)


@dataclass(frozen=True)
class _Deal:
    """How many numbers each cell gives in one turn, and how many it gave before."""

    start: int
    takes: tuple[int, ...]
    before: tuple[int, ...]


@cache
def _deals(widths: tuple[int, ...], weights: tuple[int, ...]) -> tuple[_Deal, ...]:
    """Return turns in which cells give numbers by their weights; a turn ends where one cell has none left.

    Cells without weight give theirs when the others are empty.
    """
    left, start = list(widths), 0
    deals: list[_Deal] = []
    while any(left):
        weight = [w if n else 0 for w, n in zip(weights, left, strict=True)]
        if not any(weight):
            weight = list(left)
        shortest, share = min(((n, w) for n, w in zip(left, weight, strict=True) if w), key=lambda cell: cell[0] / cell[1])
        takes = [min(n, shortest * w // share) for n, w in zip(left, weight, strict=True)]
        deals.append(_Deal(start, tuple(takes), tuple(n - m for n, m in zip(widths, left, strict=True))))
        start += sum(takes)
        left = [n - t for n, t in zip(left, takes, strict=True)]
    return tuple(deals)


@dataclass(frozen=True)
class Distinct:
    """Numbers, dates or times that never repeat: `(low + k) / divisor` for each whole k from 0 on below the sum of `widths`.

    The first rows are distributed over neighbouring cells of `widths` numbers by `weights`, as far as there are numbers left.
    """

    column: str
    arrow: str
    low: int
    divisor: int
    widths: tuple[int, ...]
    weights: tuple[int, ...]
    key: int = 0

    @property
    def size(self) -> int:
        """How many different values there are."""
        return sum(self.widths)

    def seeded(self, seed: int) -> Distinct:
        """Return the generator for a seed."""
        return replace(self, key=_key(seed, self.column))

    def check(self, rows: int) -> None:
        """Raise InputError where there are fewer values than rows."""
        if rows > self.size:
            low, high = self.low, self.low + self.size - 1
            span = f"{low:,} to {high:,}" if self.divisor == 1 else f"{low / self.divisor:,} to {high / self.divisor:,}"
            raise InputError(
                f"column {self.column!r} is unique and holds only {self.size:,} different values from {span}, fewer than the "
                f"{rows:,} rows asked for: ask for fewer rows, widen its min and max, or make it an identifier"
            )

    def values(self, index: Ints, rng: np.random.Generator) -> pa.Array:
        """Return the values of the rows."""
        self.check(int(index.max()) + 1 if len(index) else 0)
        offset = self._offsets(index.astype(np.uint64))
        kind = arrow_type(self.arrow)
        if pa.types.is_floating(kind):
            whole = offset.astype(np.float64) + self.low
            return pa.array(whole / self.divisor, kind)
        raw = (offset + np.uint64(self.low % _WORD)).view(np.int64)
        if pa.types.is_uint64(kind):
            return pa.array(raw.view(np.uint64))
        narrow = raw.astype(np.int32) if kind.bit_width == 32 and not pa.types.is_integer(kind) else raw
        return pa.array(narrow).cast(kind) if pa.types.is_integer(kind) else pa.array(narrow).view(kind)

    def _offsets(self, index: Words) -> Words:
        deals = _deals(self.widths, self.weights)
        turn = np.searchsorted(np.array([d.start for d in deals], np.uint64), index, side="right") - 1
        first = np.array([sum(self.widths[:i]) for i in range(len(self.widths))], np.uint64)
        result = np.zeros(len(index), np.uint64)
        for number in np.unique(turn):
            deal, rows = deals[number], np.flatnonzero(turn == number)
            ends = np.array([sum(deal.takes[:i]) for i in range(len(deal.takes))], np.uint64)
            place = permuted(index[rows] - np.uint64(deal.start), sum(deal.takes), self.key + int(number) + 1)
            # Cells that give nothing begin where the next one does: the last that begins there is meant.
            cell = np.searchsorted(ends, place, side="right") - 1
            rank = place - ends[cell] + np.array(deal.before, np.uint64)[cell]
            for i in np.unique(cell):
                here = cell == i
                result[rows[here]] = permuted(rank[here], self.widths[i], self.key - int(i)) + first[i]
        return result


def _key(seed: int, column: str) -> int:
    return int.from_bytes(np.random.SeedSequence([seed, *column.encode()]).generate_state(2).tobytes(), "little")


def cells_of(numbers: Sequence[int], low: int, high: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the widths of cells that together span `low` to `high`, and how many of the numbers each holds."""
    ordered = sorted(n for n in numbers if low <= n <= high)
    if not ordered:
        return (high - low + 1,), (1,)
    count = max(1, min(CELLS, len(ordered) // 8))
    cuts = {ordered[len(ordered) * i // count] for i in range(1, count)} | {ordered[0], ordered[-1] + 1}
    edges = sorted(cuts | {low, high + 1})
    cell = np.searchsorted(np.array(edges[1:], object), np.array(ordered, object), side="right")
    held = np.bincount(cell, minlength=len(edges) - 1)
    return tuple(b - a for a, b in pairwise(edges)), tuple(int(n) for n in held)


@dataclass(frozen=True)
class DistinctTexts:
    """The texts of a list, each once at most."""

    column: str
    texts: tuple[str, ...]
    key: int = 0

    def seeded(self, seed: int) -> DistinctTexts:
        """Return the generator for a seed."""
        return replace(self, key=_key(seed, self.column))

    def check(self, rows: int) -> None:
        """Raise InputError where there are fewer texts than rows."""
        if rows > len(self.texts):
            raise InputError(
                f"column {self.column!r} is unique and lists only {len(self.texts):,} different values, fewer than the {rows:,} "
                "rows asked for"
            )

    def values(self, index: Ints, rng: np.random.Generator) -> pa.Array:
        """Return the texts of the rows."""
        self.check(int(index.max()) + 1 if len(index) else 0)
        return pa.array(self.texts, pa.string()).take(pa.array(permuted(index.astype(np.uint64), len(self.texts), self.key)))


_MOST = {Personal.phone: 789 * 100, Personal.ip: 2 * 256 * 254, **{holds: count for holds, (count, _) in NUMBERS.items()}}
"""How many different values there are of kinds that cannot be numbered further."""


@dataclass(frozen=True)
class DistinctPersonal:
    """Made-up personal data that never repeat: beyond the combinations of the vocabularies they are numbered."""

    column: str
    holds: Personal
    key: int = 0
    plain: bool = False
    """Digits alone."""

    def seeded(self, seed: int) -> DistinctPersonal:
        """Return the generator for a seed."""
        return replace(self, key=_key(seed, self.column))

    def check(self, rows: int) -> None:
        """Raise InputError where there are fewer values than rows."""
        most = _MOST.get(self.holds)
        if most is not None and rows > most:
            raise InputError(
                f"column {self.column!r} is unique, and there are only {most:,} made-up values of {self.holds.value}, fewer than "
                f"the {rows:,} rows asked for"
            )

    def values(self, index: Ints, rng: np.random.Generator) -> pa.Array:
        """Return the values of the rows as text."""
        self.check(int(index.max()) + 1 if len(index) else 0)
        made = self._made(index)
        return pc.replace_substring_regex(made, r"\D", "") if self.plain else made

    def _made(self, index: Ints) -> pa.Array:
        match self.holds:
            case Personal.name:
                last, again = self._digits(index, [len(vocabulary("first_name")), len(vocabulary("last_name"))])
                names = pc.binary_join_element_wise(_words("first_name", last[0]), _words("last_name", last[1]), " ")
                return _numbered(names, again)
            case Personal.email:
                last, _ = self._digits(index, [len(vocabulary("first_name")), len(vocabulary("last_name"))])
                words = pc.binary_join_element_wise(
                    _words("first_name", last[0]), _words("last_name", last[1]), pa.array(index + 1).cast(pa.string()), "."
                )
                local = pc.ascii_lower(pc.replace_substring_regex(words, "[^A-Za-z0-9.]", ""))
                return pc.binary_join_element_wise(local, "example.org", "@")
            case Personal.phone:
                last, _ = self._digits(index, [789, 100])
                line = pc.binary_join_element_wise("555", _texts(last[1] + np.uint64(100)), "-0")
                return pc.binary_join_element_wise("+1", _texts(last[0] + np.uint64(201)), line, "-")
            case Personal.address:
                last, again = self._digits(index, [399, len(vocabulary("street"))])
                number = _texts(last[0] + np.uint64(1) + again * np.uint64(399))
                return pc.binary_join_element_wise(number, _words("street", last[1]), " ")
            case Personal.ip:
                last, _ = self._digits(index, [2, 256, 254])
                return pc.binary_join_element_wise(
                    "198", _texts(last[0] + np.uint64(18)), _texts(last[1]), _texts(last[2] + np.uint64(1)), "."
                )
            case Personal.ssn | Personal.national_id | Personal.passport | Personal.iban | Personal.card:
                count, write = NUMBERS[self.holds]
                return write(permuted(index.astype(np.uint64), count, self.key).astype(np.int64))
            case _:
                last, again = self._digits(index, [len(vocabulary(self.holds.value))])
                return _numbered(_words(self.holds.value, last[0]), again)

    def _digits(self, index: Ints, bases: Sequence[int]) -> tuple[list[Words], Words]:
        """Return numbers below the bases, all combinations of them once before any comes again, and how often it came before."""
        size = int(np.prod(bases))
        again, number = np.divmod(index.astype(np.uint64), np.uint64(size))
        number = permuted(number, size, self.key)
        digits = []
        for base in bases:
            number, digit = np.divmod(number, np.uint64(base))
            digits.append(digit)
        return digits, again


def _texts(numbers: Words) -> pa.Array:
    return pa.array(numbers).cast(pa.string())


def _words(kind: str, numbers: Words) -> pa.Array:
    return vocabulary(kind).take(pa.array(numbers))


def _numbered(texts: pa.Array, again: Words) -> pa.Array:
    return pc.if_else(pa.array(again == 0), texts, pc.binary_join_element_wise(texts, _texts(again + np.uint64(1)), " "))


DistinctGenerator: TypeAlias = Distinct | DistinctPersonal | DistinctTexts


class _Column(Protocol):
    """A dataclass of a column that is filled by a generator."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def generator(self) -> Generator: ...


C = TypeVar("C", bound=_Column)


def seeded_columns(columns: Sequence[C], shard: Shard, rows: int) -> tuple[C, ...]:
    """Return the columns with unique values of the shard's seed; raises InputError where there are too few for the rows."""
    seeded = []
    for column in columns:
        if isinstance(column.generator, DistinctGenerator):
            column.generator.check(shard.first_row + rows if rows else 0)
            column = replace(column, generator=column.generator.seeded(shard.seed))
        seeded.append(column)
    return tuple(seeded)


def distinct_generators(schema: TableSchema, table: pa.Table | None) -> dict[str, DistinctGenerator | None]:
    """Return the generators of the columns that must be unique; None for those that are made as identifiers."""
    names = {c.column for c in schema.constraints if isinstance(c, Unique)}
    return {
        c.name: _distinct_generator(c, None if table is None else table.column(c.name), schema.constraints)
        for c in schema.columns
        if c.name in names
    }


def with_identifiers(schema: TableSchema, distinct: Mapping[str, DistinctGenerator | None]) -> TableSchema:
    """Return the schema with the unique columns that have no generator as identifiers."""
    columns = [
        c.model_copy(update={"kind": Kind.identifier}) if c.name in distinct and distinct[c.name] is None else c
        for c in schema.columns
    ]
    return schema.model_copy(update={"columns": columns})


def _distinct_generator(
    column: ColumnSchema, data: pa.ChunkedArray | None, constraints: Sequence[Constraint]
) -> DistinctGenerator | None:
    if column.pattern is not None:
        return None
    if column.values is not None:
        return DistinctTexts(column.name, tuple(dict.fromkeys(column.values))) if data is None else None
    if column.personal is not None:
        return DistinctPersonal(column.name, column.personal, plain=data is not None and only_digits(column.personal, data))
    if column.kind not in _COUNTED or (data is None and column.kind is Kind.integer and column.max is None):
        return None
    arrow, divisor, numbers, low, high = _described(column) if data is None else _observed(column, data)
    if arrow == "":
        return None
    for limit in constraints:
        if isinstance(limit, Range) and limit.column == column.name and column.kind in {Kind.integer, Kind.float}:
            low = low if limit.min is None else max(low, math.ceil(limit.min * divisor))
            high = high if limit.max is None else min(high, math.floor(limit.max * divisor))
    if low > high:
        raise InputError(f"column {column.name!r} is unique, and no value lies in its range")
    if arrow in {"float", "double"} and max(-low, high) > 2**53:
        raise _too_large(column)
    return Distinct(column.name, arrow, low, divisor, *cells_of(numbers, low, high))


_COUNTED = {Kind.integer, Kind.float, Kind.date, Kind.datetime, Kind.time}


def _described(column: ColumnSchema) -> tuple[str, int, list[int], int, int]:
    """Return Arrow type, divisor, numbers known, lowest and highest of a column without data."""
    if column.kind is Kind.integer:
        low, high = bounds_of(column, 0, 1000)
        if not -(2**63) <= low <= high < 2**63:
            raise InputError(f"column {column.name!r}: {low} to {high} does not fit 64-bit integers")
        return "int64", 1, [], math.ceil(low), math.floor(high)
    if column.kind is Kind.float:
        low, high = bounds_of(column, 0.0, 1.0)
        if not math.isfinite(high - low):
            raise InputError(f"column {column.name!r}: the range {low} to {high} is not finite")
        divisor = _finest(max(abs(low), abs(high))) if column.decimals is None else 10**column.decimals
        return "double", divisor, [], math.ceil(round(low * divisor, 6)), math.floor(round(high * divisor, 6))
    arrow = {"date": "date32[day]", "datetime": "timestamp[s]", "time": "time32[s]"}[column.kind.value]
    return arrow, 1, [], *moments_of(column)


def _observed(column: ColumnSchema, data: pa.ChunkedArray) -> tuple[str, int, list[int], int, int]:
    """Return the same of a column with data; an empty type where they are no numbers, dates or times."""
    kind = data.type
    if pa.types.is_decimal(kind):
        data, kind = data.cast(pa.float64()), pa.float64()
    present = data.drop_null()
    divisor = 1
    if pa.types.is_floating(kind):
        values = np.asarray(present.cast(pa.float64()).to_numpy(), np.float64)
        values = values[np.isfinite(values)]
        divisor = _decimals(values)
        if len(values) and np.abs(values).max() * divisor > 2**53:
            raise _too_large(column)
        numbers = np.rint(values * divisor).astype(np.int64).tolist()
    elif pa.types.is_integer(kind):
        numbers = present.to_pylist()
    elif pa.types.is_temporal(kind) and not pa.types.is_interval(kind) and not pa.types.is_date64(kind):
        numbers = present.cast(pa.int32() if kind.bit_width == 32 else pa.int64()).to_pylist()
    else:
        return "", 1, [], 0, 0
    if not numbers:
        return "", 1, [], 0, 0
    declared = [b * divisor for b in (column.min, column.max) if isinstance(b, (int, float)) and math.isfinite(b)]
    low, high = min([*numbers, *map(math.ceil, declared)]), max([*numbers, *map(math.floor, declared)])
    return str(kind), divisor, numbers[:: max(len(numbers) // 100_000, 1)], low, high


def _too_large(column: ColumnSchema) -> InputError:
    return InputError(f"column {column.name!r} is unique, and its values are too large to tell apart: make it an identifier")


def _decimals(values: Floats) -> int:
    """Return 10**k for the fewest decimals k <= 6 that hold every value, or as many as floats of their size can tell apart."""
    largest = float(np.abs(values).max()) if len(values) else 1.0
    for k in range(7):
        scaled = values * 10.0**k
        if largest * 10**k < 2**52 and np.allclose(np.rint(scaled), scaled, rtol=1e-12, atol=1e-6):
            return int(10**k)
    return _finest(largest)


def _finest(largest: float) -> int:
    return int(10 ** min(max(0, math.floor(15 - math.log10(max(largest, 1e-9)))), 18))
