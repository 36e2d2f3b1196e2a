"""The chain: every part of the table drawn in turn, given the parts before it.

A *part* is what one stage draws: a column, or the day or the time of day of a time stamp. Parts stand in order of rising entropy,
so that simple columns come first and the continuous ones are drawn given all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from inferloop_synthetic.tabular.additive import AdditiveRegression, basis_of
from inferloop_synthetic.tabular.arrays import Bools, Floats, Ints
from inferloop_synthetic.tabular.codecs import CellRules, Codec, Coded, encode_levels, encode_numbers
from inferloop_synthetic.tabular.conditions import Allowed, allow_range, constant_weight, draw_allowed
from inferloop_synthetic.tabular.forms import (
    NumberForm,
    is_number,
    level_array,
    level_numbers,
    number_array,
    number_form,
    without_rare,
)
from inferloop_synthetic.tabular.relations import Relation, find_relations, gap_relations, ordered_pairs
from inferloop_synthetic.tabular.stages import Input, Learned, Stage, StageRules, draw, fit_stage

WHOLE, DAY, TIME = "whole", "day", "time"
MOST_INPUTS = 24
"""A column is drawn given at most this many others, those that tell most about it."""
MOST_PAIRS = 2**20
"""Two columns may determine a third when their codes have at most this many combinations."""


@dataclass(frozen=True)
class Rules:
    """How a table is fitted."""

    cells: CellRules = field(default_factory=CellRules)
    stages: StageRules = field(default_factory=StageRules)
    level_rows: int = 2
    """Levels of a category seen in fewer rows are not released."""
    fit_rows: int = 100_000
    """At most this many rows, chosen at random, are learned from."""
    rare_rows_share: float = 0.04
    """Rows with such levels are left out as long as they are at most this share; beyond it their levels are drawn anew."""
    dependency_share: float = 0.998


@dataclass(frozen=True)
class Part:
    """One step of the chain."""

    column: int
    role: str
    codec: Codec
    stage: Stage
    relation: Relation | None


@dataclass(frozen=True)
class Column:
    """One column of the table as it is written out."""

    name: str
    form: NumberForm | None
    levels: pa.Array | None


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
                found[i] = allow_range(part.codec, np.floor(low / form.day), np.floor(high / form.day))
            elif part.role == WHOLE:
                found[i] = allow_range(part.codec, low, high)
            elif low == high:
                found[i] = allow_range(part.codec, low % form.day, low % form.day)
        return found

    def draw_given(self, rows: int, rng: np.random.Generator, conditions: Mapping[int, Allowed]) -> tuple[list[pa.Array], Floats]:
        """Draw `rows` candidates that meet the conditions on parts, and the chance to keep each for the draw to be exact."""
        weight = np.ones(rows)
        always = np.ones(rows, np.bool_)

        def restricted(i: int, codes: Sequence[Ints]) -> tuple[Ints, Floats | None]:
            part = self.parts[i]
            code, value, share = draw_allowed(part.stage, part.codec, codes, conditions[i], rng, rows)
            np.logical_and(always, share > 0, out=always)
            if not constant_weight(part.stage, conditions):
                np.multiply(weight, share, out=weight)
            return code, value

        codes, values, missing = self._draw_parts(rows, rng, conditions, restricted)
        arrays = [self._array(c, codes, values[c], missing[c]) for c in range(len(self.columns))]
        return arrays, weight * always

    def _draw_parts(
        self,
        rows: int,
        rng: np.random.Generator,
        conditions: Mapping[int, Allowed] | None = None,
        restricted: Callable[[int, Sequence[Ints]], tuple[Ints, Floats | None]] | None = None,
    ) -> tuple[list[Ints], list[Floats | None], list[Bools | None]]:
        codes: list[Ints] = []
        values: list[Floats | None] = [None] * len(self.columns)
        missing: list[Bools | None] = [None] * len(self.columns)
        words = rng.integers(0, 2**64, size=(len(self.parts), (rows + 1) // 2), dtype=np.uint64)
        bits = words.view(np.uint32)[:, :rows]
        for i, (part, part_bits) in enumerate(zip(self.parts, bits, strict=True)):
            if conditions is not None and restricted is not None and i in conditions:
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


# ---------------------------------------------------------------------------------------------------------------- fitting


@dataclass(frozen=True)
class _Piece:
    """A part before its stage is fitted."""

    column: int
    role: str
    codec: Codec
    coded: Coded
    relation: Relation | None


def fit_chain(table: pa.Table, rules: Rules, seed: int, first: Sequence[str] = (), gaps: Sequence[tuple[str, str]] = ()) -> Chain:
    """Fit a chain to the table's columns, all of which must be numbers, dates, times, booleans or categories.

    `first` names the columns that later draws will be conditioned on: they come first in the chain. `gaps` are pairs of
    columns of which the left one is never greater than the right one.
    """
    rng = np.random.default_rng([seed, 1])
    if table.num_rows > rules.fit_rows:
        table = table.take(pa.array(np.sort(rng.choice(table.num_rows, rules.fit_rows, replace=False))))
    names = table.column_names
    columns, levels, values, notes = _read_columns(table, rules, rng)
    leading = [names.index(name) for name in first]
    named_gaps = [(names.index(a), names.index(b)) for a, b in gaps]
    relations = _relations(columns, values, leading, named_gaps)
    pieces = _pieces(columns, levels, values, relations, rules, rng)
    order, determined = _order(pieces, leading, rules)
    learned = _learned([pieces[i] for i in order])
    earlier = [[k for k in range(j) if order[k] not in determined] for j in range(len(order))]

    def fit(j: int) -> Stage:
        by = determined.get(order[j])
        if by is not None:
            return _lookup_stage([order.index(i) for i in by], j, learned, seed)
        return fit_stage(j, _most_informative(j, earlier[j], learned), learned, rules.stages, seed)

    with ThreadPoolExecutor(2) as pool:
        stages = list(pool.map(fit, range(len(order))))
    parts = tuple(
        Part(pieces[i].column, pieces[i].role, pieces[i].codec, stage, pieces[i].relation)
        for i, stage in zip(order, stages, strict=True)
    )
    return Chain(tuple(columns), parts, tuple(notes))


def _most_informative(target: int, earlier: Sequence[int], learned: Learned) -> list[int]:
    """Return the earlier pieces that tell most about the target, in their order: all but in wide tables."""
    if len(earlier) <= MOST_INPUTS:
        return list(earlier)
    own = learned.coarse[target]
    information = {}
    for i in earlier:
        joint = np.bincount(own * 12 + learned.coarse[i], minlength=144).reshape(12, 12) / learned.rows
        apart = np.outer(joint.sum(1), joint.sum(0))
        seen = joint > 0
        information[i] = float((joint[seen] * np.log(joint[seen] / apart[seen])).sum())
    return sorted(sorted(earlier, key=lambda i: -information[i])[:MOST_INPUTS])


def _read_columns(
    table: pa.Table, rules: Rules, rng: np.random.Generator
) -> tuple[list[Column], dict[int, tuple[Ints, int]], dict[int, Floats], list[str]]:
    table, notes = _without_rare_rows(table, rules)
    columns: list[Column] = []
    levels: dict[int, tuple[Ints, int]] = {}
    values: dict[int, Floats] = {}
    for i, name in enumerate(table.column_names):
        column = table.column(i)
        if _is_numeric(column):
            form, numbers = number_form(column)
            if not np.isnan(numbers).all():
                values[i] = numbers
                columns.append(Column(name, form, None))
                continue
        found, redrawn = without_rare(level_numbers(column), rules.level_rows, rng)
        levels[i] = (found.level, len(found.levels))
        columns.append(Column(name, None, found.levels))
        if redrawn:
            notes.append(
                f"{name}: {redrawn} rows ({redrawn / table.num_rows:.1%}) had a value seen in fewer than "
                f"{rules.level_rows} rows; such values are not released"
            )
    return columns, levels, values, notes


def _is_numeric(column: pa.ChunkedArray) -> bool:
    return is_number(column.type) and column.null_count < len(column)


def _without_rare_rows(table: pa.Table, rules: Rules) -> tuple[pa.Table, list[str]]:
    """Leave out rows with a rare level, column by column while few are lost: redrawing it would break what depends on it."""
    keep = np.ones(table.num_rows, np.bool_)
    rare_rows = []
    for i in range(table.num_columns):
        if not _is_numeric(table.column(i)):
            found = level_numbers(table.column(i))
            rare = np.r_[found.count, rules.level_rows][found.level] < rules.level_rows
            rare_rows.append((int(rare.sum()), i, rare))
    for _, _, rare in sorted(rare_rows, key=lambda entry: entry[:2]):
        if (keep & ~rare).mean() >= 1 - rules.rare_rows_share:
            keep &= ~rare
    if keep.all():
        return table, []
    lost = int((~keep).sum())
    note = f"{lost} rows ({lost / table.num_rows:.1%}) were not learned from: they hold a value seen in too few rows"
    return table.filter(pa.array(keep)), [note]


def _relations(
    columns: Sequence[Column], values: dict[int, Floats], leading: Sequence[int], gaps: Sequence[tuple[int, int]]
) -> dict[int, Relation]:
    forms = {c: form for c in values if (form := columns[c].form) is not None}
    free = [c for c in values if c not in leading]
    moments = [c for c in free if forms[c].arrow.startswith(("timestamp", "date"))]
    relations: dict[int, Relation] = gap_relations(values, gaps)
    for kind in sorted({(forms[c].arrow, forms[c].unit) for c in moments}):
        alike = [c for c in moments if (forms[c].arrow, forms[c].unit) == kind and c not in relations]
        relations |= gap_relations(values, ordered_pairs(values, alike))
    numbers = [c for c in values if c not in moments and c not in relations]
    by_variety = sorted(numbers, key=lambda c: (c not in leading, len(np.unique(values[c]))))
    found = find_relations({c: values[c] for c in numbers}, by_variety, lambda c: forms[c].whole)
    return relations | {c: relation for c, relation in found.items() if c not in leading}


def _pieces(
    columns: Sequence[Column],
    levels: dict[int, tuple[Ints, int]],
    values: dict[int, Floats],
    relations: dict[int, Relation],
    rules: Rules,
    rng: np.random.Generator,
) -> list[_Piece]:
    pieces = []
    for i, column in enumerate(columns):
        if i in levels:
            pieces.append(_Piece(i, WHOLE, *encode_levels(*levels[i], rng), None))
            continue
        form = column.form
        assert form is not None  # noqa: S101
        relation = relations.get(i)
        if relation is not None:
            left = relation.residual(values[i], [values[c] for c in relation.inputs])
            pieces.append(_Piece(i, WHOLE, *encode_numbers(left, rules.cells, rng), relation))
        elif form.day and i not in {c for r in relations.values() for c in r.inputs}:
            day = np.floor(values[i] / form.day)
            time = values[i] - day * form.day
            absent = np.isnan(time)
            time[absent] = rng.choice(time[~absent], int(absent.sum()))
            pieces.append(_Piece(i, DAY, *encode_numbers(day, rules.cells, rng), None))
            pieces.append(_Piece(i, TIME, *encode_numbers(time, rules.cells, rng), None))
        else:
            pieces.append(_Piece(i, WHOLE, *encode_numbers(values[i], rules.cells, rng), None))
    return pieces


def _order(pieces: Sequence[_Piece], leading: Sequence[int], rules: Rules) -> tuple[list[int], dict[int, tuple[int, ...]]]:
    """Return the order of the pieces, and which pieces each wholly determined one is looked up from."""

    def rank(i: int) -> tuple[int, float]:
        column = pieces[i].column
        return (leading.index(column) if column in leading else len(leading), pieces[i].codec.entropy)

    order = sorted(range(len(pieces)), key=rank)
    determined = _dependencies(pieces, order, leading, rules)
    for target, by in determined.items():
        order.remove(target)
        order.insert(max(order.index(i) for i in by) + 1, target)
    for i in list(order):
        relation = pieces[i].relation
        if relation is None:
            continue
        last = max(order.index(k) for k in order if pieces[k].column in relation.inputs)
        if last > order.index(i):
            order.remove(i)
            order.insert(last, i)
    return _inputs_first(pieces, order), determined


def _inputs_first(pieces: Sequence[_Piece], order: Sequence[int]) -> list[int]:
    """Move pieces back until each stands after the columns that its relation reads."""
    placed: list[int] = []
    waiting = list(order)
    while waiting:
        columns_waiting = {pieces[k].column for k in waiting}
        for i in waiting:
            relation = pieces[i].relation
            if relation is None or not columns_waiting.intersection(relation.inputs):
                placed.append(i)
                waiting.remove(i)
                break
        else:
            raise AssertionError("relations between columns form a circle")
    return placed


def _dependencies(
    pieces: Sequence[_Piece], order: Sequence[int], leading: Sequence[int], rules: Rules
) -> dict[int, tuple[int, ...]]:
    """Return the pieces whose code one other piece, or two together, determine; and the simplest such pieces."""
    rows = len(pieces[0].coded.code)
    entropy = [piece.codec.entropy for piece in pieces]
    free = [i for i in order if pieces[i].relation is None and pieces[i].codec.size >= 3]
    targets = [i for i in free if pieces[i].column not in leading]
    sources = [i for i in free if _is_listed(pieces[i].codec) and pieces[i].codec.size <= rows / 8]
    purity = {(t, i): _purity(pieces[t], pieces[i].coded.code) for t in targets for i in sources if t != i}
    found: dict[int, tuple[int, ...]] = {}

    def taken(target: int) -> bool:
        return any(target in by for by in found.values())

    for target in targets:
        size = pieces[target].codec.size
        able = [i for i in sources if i != target and i not in found and pieces[i].codec.size >= size]
        able = [i for i in able if purity[target, i] >= rules.dependency_share]
        if able and not taken(target):
            found[target] = (min(able, key=lambda i: entropy[i]),)
    for target in reversed(targets):
        if target in found or taken(target) or not _is_listed(pieces[target].codec):
            continue
        pair = _determining_pair(pieces, target, [i for i in sources if i != target and i not in found], purity, rules)
        if pair is not None:
            found[target] = pair
    return found


def _determining_pair(
    pieces: Sequence[_Piece], target: int, sources: Sequence[int], purity: Mapping[tuple[int, int], float], rules: Rules
) -> tuple[int, int] | None:
    """Return two simpler pieces that determine the target together, or the day and time of one time stamp that do."""
    entropy = pieces[target].codec.entropy
    promising = [i for i in sorted(sources, key=lambda i: -purity[target, i])[:4] if purity[target, i] >= 0.25]
    for by in promising:
        for other in sources:
            same_stamp = pieces[other].column == pieces[by].column
            simpler = pieces[by].codec.entropy < entropy and pieces[other].codec.entropy < entropy
            if other != by and (same_stamp or simpler) and _determines(pieces, (by, other), target, rules):
                return by, other
    return None


def _is_listed(codec: Codec) -> bool:
    """Say whether a code stands for one value (but for one row in a hundred)."""
    return not codec.ordered or float(codec.share[codec.high > codec.low].sum()) <= 0.01


def _purity(piece: _Piece, source: Ints) -> float:
    """Return how often another row with the same source has the source's commonest code; 0 where sources hardly repeat."""
    pair, count = np.unique(source * piece.codec.size + piece.coded.code, return_counts=True)
    of = pair // piece.codec.size
    starts = np.flatnonzero(np.r_[True, of[1:] != of[:-1]])
    most, total = np.maximum.reduceat(count, starts), np.add.reduceat(count, starts)
    repeats = int((total - 1).sum())
    return float((most - 1).sum() / repeats) if repeats >= len(source) / 2 else 0.0


def _determines(pieces: Sequence[_Piece], pair: tuple[int, int], target: int, rules: Rules) -> bool:
    a, b = (pieces[i] for i in pair)
    if a.codec.size * b.codec.size > MOST_PAIRS:
        return False
    joint = a.coded.code * b.codec.size + b.coded.code
    rows = slice(0, 5000) if len(joint) > 20_000 else slice(None)
    probe = np.unique(joint[rows] * pieces[target].codec.size + pieces[target].coded.code[rows])
    if len(probe) > 1.05 * len(np.unique(joint[rows])) + 5:
        return False
    return _purity(pieces[target], joint) >= rules.dependency_share


def _learned(pieces: Sequence[_Piece]) -> Learned:
    codecs = [p.codec for p in pieces]
    coded = [p.coded for p in pieces]
    coarse = [
        np.minimum((p.codec.middle * 12).astype(np.int64), 11)[p.coded.code]
        if p.codec.ordered and p.codec.size > 12
        else np.minimum(p.coded.code, 11)
        for p in pieces
    ]
    additive = AdditiveRegression([basis_of(codec) for codec in codecs], [c.code for c in coded])
    return Learned(codecs, coded, coarse, additive, len(coded[0].code))


def _lookup_stage(by: Sequence[int], target: int, learned: Learned, seed: int) -> Stage:
    """Return a stage that reads the target's code from a table by the codes of the pieces that determine it.

    Pairs of codes that were never seen together read the table of the first piece alone.
    """
    rng = np.random.default_rng([seed, 3, target])
    code, slots = learned.coded[target].code, 64
    size = learned.codecs[by[0]].size
    tables = [_code_table(learned.coded[by[0]].code, code, slots, rng)[1]]
    row_of = np.arange(size)
    groups = [np.arange(size)]
    if len(by) == 2:
        other = learned.codecs[by[1]].size
        joint = learned.coded[by[0]].code + learned.coded[by[1]].code * size
        seen, table = _code_table(joint, code, slots, rng)
        row_of = np.tile(row_of, other)
        row_of[seen] = size + np.arange(len(seen))
        tables.append(table)
        groups.append(np.arange(other) * size)
    none = np.zeros(0)
    return Stage(
        inputs=tuple(Input(i, -1, group) for i, group in zip(by, groups, strict=True)),
        indices=(),
        index_offset=none,
        index_scale=none,
        leaf_of=row_of * slots,
        outcomes=np.concatenate(tables).ravel().astype(np.uint32),
        slots=slots,
        residual=False,
        spikes=False,
    )


def _code_table(source: Ints, code: Ints, slots: int, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Return the sources seen, and `slots` codes for each, as often as they were seen with it."""
    order = np.lexsort((code, source))
    seen, start, count = np.unique(source[order], return_index=True, return_counts=True)
    at = start[:, None] + ((np.arange(slots) + rng.random((len(seen), 1))) / slots * count[:, None]).astype(np.int64)
    return seen, code[order][np.minimum(at, len(code) - 1)]
