"""Keys made from row numbers, in the make of the real ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from inferloop_synthetic.errors import InputError
from inferloop_synthetic.generators import Numbering, Template, Uuid, identifier_generator
from inferloop_synthetic.tabular.arrays import Ints


class KeyMaker(Protocol):
    """Makes the key of a row from its number: no two rows have the same."""

    def keys(self, rows: Ints) -> pa.Array:
        """Return one key for each row number."""
        ...


@dataclass(frozen=True)
class NumberKeys:
    """Whole numbers from `start` on."""

    start: int
    empty: pa.Array

    def keys(self, rows: Ints) -> pa.Array:
        """Return the numbers; raises InputError where they do not fit the column's type."""
        try:
            return pa.array(rows + self.start).cast(self.empty.type)
        except pa.ArrowInvalid as error:
            raise InputError(f"there are more rows than keys of type {self.empty.type}") from error


@dataclass(frozen=True)
class TextKeys:
    """Texts in the make of the real keys."""

    template: Template

    def keys(self, rows: Ints) -> pa.Array:
        """Return the texts."""
        return self.template.values(rows, np.random.default_rng(0))


@dataclass(frozen=True)
class UuidKeys:
    """Version-4 UUIDs, each a scrambled row number: the same row has the same UUID wherever it is named."""

    seed: int

    def keys(self, rows: Ints) -> pa.Array:
        """Return the UUIDs as text."""
        # The low half is one-to-one in the row number and alone keeps rows apart; the high half only looks like a UUID's.
        low = _scrambled(rows.astype(np.uint64), self.seed) | np.uint64(1 << 63)
        high = _scrambled(low & _SIXTY_TWO, self.seed + 1) << np.uint64(2)
        high = (high & np.uint64(0xFFFFFFFFFFFF0FFF)) | np.uint64(0x4000)
        digits = np.stack([high, low], 1).byteswap().tobytes().hex()
        raw = np.frombuffer(digits.encode(), "S1").reshape(-1, 32)
        dashed = np.full((len(rows), 36), b"-", "S1")
        dashed[:, [*range(8), *range(9, 13), *range(14, 18), *range(19, 23), *range(24, 36)]] = raw
        return pa.array(dashed.view("S36")[:, 0]).cast(pa.string())


@dataclass(frozen=True)
class KeptKeys:
    """The keys of a table that is given out as it is."""

    values: pa.Array

    def keys(self, rows: Ints) -> pa.Array:
        """Return the keys of these rows."""
        return self.values.take(pa.array(rows))


_SIXTY_TWO = np.uint64(2**62 - 1)


def _scrambled(number: np.ndarray[tuple[int], np.dtype[np.uint64]], salt: int) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    """Return a one-to-one scrambling of 62-bit numbers: odd multiples and shifted exclusive ors, each of which can be undone."""
    mixed = (number + np.uint64(salt * 0x9E3779B97F4A7C15 % 2**62)) & _SIXTY_TWO
    for multiple in (0x3F58476D1CE4E5B9, 0x14D049BB133111EB):
        mixed = (mixed ^ (mixed >> np.uint64(31))) & _SIXTY_TWO
        mixed = (mixed * np.uint64(multiple)) & _SIXTY_TWO
    return mixed ^ (mixed >> np.uint64(31))


def key_maker(place: str, column: pa.ChunkedArray, *, keep: bool, seed: int) -> KeyMaker:
    """Return what makes keys like a real column's; raises InputError where its values cannot be keys."""
    flat = column.combine_chunks()
    flat = flat.cast(flat.type.value_type) if pa.types.is_dictionary(flat.type) else flat
    if flat.null_count:
        raise InputError(f"{place}: {flat.null_count} of {len(flat)} keys are missing")
    counts = pc.value_counts(flat)
    twice = counts.filter(pc.greater(counts.field("counts"), 1))
    if len(twice):
        raise InputError(f"{place}: the key {twice[0]['values'].as_py()!r} occurs {twice[0]['counts'].as_py()} times")
    if keep:
        return KeptKeys(flat)
    if not (pa.types.is_integer(flat.type) or pa.types.is_string(flat.type)):
        raise InputError(f"{place}: keys are whole numbers or texts, not {flat.type}")
    made = identifier_generator(pa.chunked_array([flat]))
    if isinstance(made, Numbering):
        return NumberKeys(made.start, pa.array([], flat.type))
    if isinstance(made, Uuid):
        return UuidKeys(seed)
    if isinstance(made, Template):
        return TextKeys(made)
    raise InputError(f"{place}: keys of this make cannot be generated")
