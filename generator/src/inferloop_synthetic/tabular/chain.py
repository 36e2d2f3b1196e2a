"""The chain: every part of the table drawn in turn, given the parts before it.

A *part* is what one stage draws: a column, or the day or the time of day of a time stamp. Parts stand in order of rising entropy,
so that simple columns come first and the continuous ones are drawn given all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from inferloop_synthetic.tabular.arrays import Bools, Floats, Ints
from inferloop_synthetic.tabular.codecs import Codec
from inferloop_synthetic.tabular.conditions import (
    Allowed,
    Together,
    allow_range,
    combinations,
    constant_weight,
    draw_allowed,
    value_within,
)
from inferloop_synthetic.tabular.forms import (
    level_array,
    number_array,
)
from inferloop_synthetic.tabular.pieces import DAY, WHOLE, Column
from inferloop_synthetic.tabular.relations import Relation
from inferloop_synthetic.tabular.stages import Stage, draw


@dataclass(frozen=True)
class Part:
    """One step of the chain."""

    column: int
    role: str
    codec: Codec
    stage: Stage
    relation: Relation | None


@dataclass(frozen=True)
class Chain:
    """A fitted chain. `notes` are sentences about what was done to the columns."""

    columns: tuple[Column, ...]
    parts: tuple[Part, ...]
    notes: tuple[str, ...]

    def draw(self, rows: int, rng: np.random.Generator) -> list[pa.Array]:
        """Draw `rows` rows and return them as one array per column."""
        codes, values, missing = self._draw_parts(rows, rng)
        return [self._array(c, codes, values[c], missing[c]) for c in range(len(self.columns))]

    def allowed(self, column: int, low: float, high: float) -> dict[int, Allowed]:
        """Return what a number column's parts may be for it to lie between two numbers (in units of its form)."""
        found: dict[int, Allowed] = {}
        form = self.columns[column].form
        assert form is not None  # noqa: S101
        for i, part in enumerate(self.parts):
            if part.column != column:
                continue
            if part.relation is not None:
                continue
            if part.role == DAY:
                found[i] = allow_range(part.codec, np.floor(low / form.day), np.floor(high / form.day), whole=True)
            elif part.role == WHOLE:
                found[i] = allow_range(part.codec, low, high, whole=form.whole)
            elif low == high:
                found[i] = allow_range(part.codec, low % form.day, low % form.day, whole=form.whole)
        return found

    def together(self, conditions: Mapping[int, Allowed]) -> Together | None:
        """Return what the first parts may be together under the conditions; None where conditions only come further down."""
        return combinations([(part.stage, part.codec) for part in self.parts], conditions)

    def draw_given(
        self, rows: int, rng: np.random.Generator, conditions: Mapping[int, Allowed], together: Together | None
    ) -> tuple[list[pa.Array], Floats | None]:
        """Draw `rows` candidates that meet the conditions on parts, and the chance to keep each for the draw to be exact.

        Without chances, all are to be kept: so it is where `together` covers all conditions.
        """
        head = () if together is None else together.codes
        pick = np.zeros(0, np.int64) if together is None else together.pick(rows, rng)
        weight = np.ones(rows)
        always = np.ones(rows, np.bool_)

        def restricted(i: int, codes: Sequence[Ints]) -> tuple[Ints, Floats | None]:
            part = self.parts[i]
            if i < len(head):
                code = head[i][pick]
                return code, value_within(part.codec, code, conditions.get(i), rng)
            code, value, share = draw_allowed(part.stage, part.codec, codes, conditions[i], rng, rows)
            np.logical_and(always, share > 0, out=always)
            if not constant_weight(part.stage, conditions):
                np.multiply(weight, share, out=weight)
            return code, value

        codes, values, missing = self._draw_parts(rows, rng, {*conditions, *range(len(head))}, restricted)
        arrays = [self._array(c, codes, values[c], missing[c]) for c in range(len(self.columns))]
        return arrays, None if max(conditions) < len(head) else weight * always

    def _draw_parts(
        self,
        rows: int,
        rng: np.random.Generator,
        special: Collection[int] = (),
        restricted: Callable[[int, Sequence[Ints]], tuple[Ints, Floats | None]] | None = None,
    ) -> tuple[list[Ints], list[Floats | None], list[Bools | None]]:
        codes: list[Ints] = []
        values: list[Floats | None] = [None] * len(self.columns)
        missing: list[Bools | None] = [None] * len(self.columns)
        words = rng.integers(0, 2**64, size=(len(self.parts), (rows + 1) // 2), dtype=np.uint64)
        bits = words.view(np.uint32)[:, :rows]
        for i, (part, part_bits) in enumerate(zip(self.parts, bits, strict=True)):
            if restricted is not None and i in special:
                code, value = restricted(i, codes)
            else:
                code, value = draw(part.stage, part.codec, codes, part_bits)
            codes.append(code)
            if part.codec.missing:
                missing[part.column] = code == part.codec.size - 1
            if value is None:
                continue
            value = self._finish(part, value, values, missing)
            before = values[part.column]
            values[part.column] = value if before is None else np.add(before, value, out=before)
        return codes, values, missing

    def _finish(self, part: Part, value: Floats, values: Sequence[Floats | None], missing: list[Bools | None]) -> Floats:
        form = self.columns[part.column].form
        assert form is not None  # noqa: S101  (only numbers have values)
        if part.relation is not None:
            inputs = [values[c] for c in part.relation.inputs]
            value = part.relation.restore(value, [x for x in inputs if x is not None])
            for c in part.relation.inputs:
                absent, own = missing[c], missing[part.column]
                if absent is not None:
                    missing[part.column] = absent if own is None else own | absent
        if form.whole:
            np.rint(value, out=value)
        return value if part.role != DAY else np.multiply(value, form.day, out=value)

    def _array(self, column: int, codes: Sequence[Ints], value: Floats | None, missing: Bools | None) -> pa.Array:
        spec = self.columns[column]
        if spec.form is not None:
            assert value is not None  # noqa: S101
            return number_array(spec.form, value, missing)
        at = next(i for i, part in enumerate(self.parts) if part.column == column)
        assert spec.levels is not None  # noqa: S101
        return level_array(spec.levels, codes[at], missing)
