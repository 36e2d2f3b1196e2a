"""Fitting a chain: the order that foretells best is chosen, then one stage is fitted for every piece."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from inferloop_synthetic.tabular.additive import AdditiveRegression, basis_of
from inferloop_synthetic.tabular.arrays import Ints
from inferloop_synthetic.tabular.chain import Chain, Part
from inferloop_synthetic.tabular.growing import Learned, choose_way, fit_stage
from inferloop_synthetic.tabular.likelihood import log_likelihood
from inferloop_synthetic.tabular.ordering import candidate_orders, dependencies, mutual_information, with_inputs_first
from inferloop_synthetic.tabular.pieces import Piece, Rules, make_pieces, read_columns, relations_between
from inferloop_synthetic.tabular.stages import Input, Stage, renumbered

MOST_INPUTS = 24
"""A column is drawn given at most this many others, those that tell most about it."""


@dataclass(frozen=True)
class Plan:
    """An order of the pieces, and the pieces that each wholly determined one is looked up from."""

    order: tuple[int, ...]
    determined: Mapping[int, tuple[int, ...]]

    def earlier(self, target: int) -> list[int]:
        """Return the pieces that the stage of `target` may read."""
        before = self.order[: self.order.index(target)]
        return [i for i in before if i not in self.determined]


def fit_chain(table: pa.Table, rules: Rules, seed: int, first: Sequence[str] = (), gaps: Sequence[tuple[str, str]] = ()) -> Chain:
    """Fit a chain to the table's columns, all of which must be numbers, dates, times, booleans or categories.

    `first` names the columns that later draws will be conditioned on: they come first in the chain. `gaps` are pairs of
    columns of which the left one is never greater than the right one.
    """
    rng = np.random.default_rng([seed, 1])
    if table.num_rows > rules.fit_rows:
        table = table.take(pa.array(np.sort(rng.choice(table.num_rows, rules.fit_rows, replace=False))))
    names = table.column_names
    columns, levels, values, notes = read_columns(table, rules, rng)
    leading = [names.index(name) for name in first]
    named_gaps = [(names.index(a), names.index(b)) for a, b in gaps]
    relations = relations_between(columns, values, leading, named_gaps)
    pieces = make_pieces(columns, levels, values, relations, rules, rng)
    learned = _learned(pieces)
    chosen = rng.permutation(learned.rows)[: rules.choosing_rows]
    cut = len(chosen) * 2 // 3
    trial = _Trial(learned.part(chosen[:cut]), learned.part(chosen[cut:]), rules, seed)
    few = rules.ordering_rows
    small = _Trial(learned.part(chosen[:cut][:few]), learned.part(chosen[cut:][:few]), rules, seed)
    with ThreadPoolExecutor(2) as pool:
        plan = _best_plan(pieces, learned, leading, small, pool)
        stages = list(pool.map(lambda i: _fit_piece(i, plan, learned, trial, pieces[i].column in leading), plan.order))
    place = {i: at for at, i in enumerate(plan.order)}
    parts = tuple(
        Part(pieces[i].column, pieces[i].role, pieces[i].codec, renumbered(stage, place), pieces[i].relation)
        for i, stage in zip(plan.order, stages, strict=True)
    )
    return Chain(tuple(columns), parts, tuple(notes))


@dataclass(frozen=True)
class _Trial:
    """Rows to fit trials on and rows to judge them by."""

    fitted: Learned
    tested: Learned
    rules: Rules
    seed: int


def _best_plan(
    pieces: Sequence[Piece], learned: Learned, leading: Sequence[int], trial: _Trial, pool: ThreadPoolExecutor
) -> Plan:
    """Return the order in which the chain foretells rows not fitted on best."""
    candidates = candidate_orders(pieces, learned.coarse, leading)
    determined = dependencies(pieces, candidates[0], leading, trial.rules)
    plans = [Plan(tuple(with_inputs_first(pieces, order, determined)), determined) for order in candidates]
    if len(plans) == 1 or trial.tested.rows < 100:
        return plans[0]
    coarse = replace(trial.rules.stages, leaves=64, grid=2**12, indices=1)
    known: dict[tuple[int, tuple[int, ...]], float] = {}

    def score(step: tuple[int, tuple[int, ...]]) -> float:
        target, inputs = step
        stage = fit_stage(target, inputs, trial.fitted, coarse, trial.seed)
        codes = [c.code for c in trial.tested.coded]
        return log_likelihood(stage, trial.fitted.codecs[target], trial.tested.coded[target], codes)

    totals = []
    for plan in plans:
        steps = [
            (i, tuple(sorted(_most_informative(i, plan.earlier(i), learned)))) for i in plan.order if i not in plan.determined
        ]
        unknown = [step for step in dict.fromkeys(steps) if step not in known]
        known |= zip(unknown, pool.map(score, unknown), strict=True)
        totals.append(sum(known[step] for step in steps))
    return plans[int(np.argmax(totals))]


def _fit_piece(target: int, plan: Plan, learned: Learned, trial: _Trial, leading: bool) -> Stage:
    by = plan.determined.get(target)
    if by is not None:
        return _lookup_stage(by, target, learned, trial.seed)
    inputs = _most_informative(target, plan.earlier(target), learned)
    # What draws are conditioned on is drawn as codes, so that combinations of them can be listed.
    way = choose_way(target, inputs, trial.fitted, trial.tested, trial.rules.stages, trial.seed, codes_only=leading)
    return fit_stage(target, inputs, learned, trial.rules.stages, trial.seed, way)


def _most_informative(target: int, earlier: Sequence[int], learned: Learned) -> list[int]:
    """Return the earlier pieces that tell most about the target, in their order: all but in wide tables."""
    if len(earlier) <= MOST_INPUTS:
        return list(earlier)
    own = learned.coarse[target]
    information = {i: mutual_information(own, learned.coarse[i]) for i in earlier}
    most = set(sorted(earlier, key=lambda i: -information[i])[:MOST_INPUTS])
    return [i for i in earlier if i in most]


def _learned(pieces: Sequence[Piece]) -> Learned:
    codecs = [p.codec for p in pieces]
    coded = [p.coded for p in pieces]
    coarse = [
        np.minimum((p.codec.middle * 12).astype(np.int64), 11)[p.coded.code]
        if p.codec.ordered and p.codec.size > 12
        else np.minimum(p.coded.code, 11)
        for p in pieces
    ]
    additive = AdditiveRegression.of([basis_of(codec) for codec in codecs], [c.code for c in coded])
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
