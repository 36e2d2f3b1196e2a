"""Drawing rows that hold given values: exact for the model.

Where the conditions are on parts at the head of the chain, as they are when the model was fitted with these columns first, all
combinations of codes that these parts may take are listed with their chances. Rows are drawn from that list and none is thrown
away.

For conditions further down the chain the draw is restricted to the outcomes allowed, and the part of the outcomes that was
allowed is the row's weight for that column. A column whose inputs are all fixed has the same weight in every row. Otherwise rows
are kept with a chance proportional to their weight.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from inferloop_synthetic.tabular.arrays import AnyArray, Bools, Floats, Ints, Singles
from inferloop_synthetic.tabular.codecs import GRID, KNOTS_PER_UNIT, LATENT_END, Codec
from inferloop_synthetic.tabular.stages import SPIKE, Stage, decode_latent, leaf_offsets

MOST_TOGETHER = 2**21
"""At most so many combinations of codes are listed; 64 MB at three columns."""


@dataclass(frozen=True)
class Allowed:
    """Which codes a part may take, and for numbers the values within them."""

    codes: Bools
    low: float
    high: float
    part: Floats
    """How much of each code's values is allowed."""

    @property
    def single(self) -> bool:
        """Say whether one code alone is allowed."""
        return int(self.codes.sum()) == 1


@dataclass(frozen=True)
class Together:
    """The combinations of codes that the first parts of the chain may take, and the sum of their chances up to each."""

    codes: tuple[Ints, ...]
    ends: Floats

    def pick(self, rows: int, rng: np.random.Generator) -> Ints:
        """Draw combinations by their chances."""
        place = rng.random(rows) * self.ends[-1]
        return np.asarray(np.minimum(np.searchsorted(self.ends, place, side="right"), len(self.ends) - 1))


def allow_levels(codec: Codec, levels: Sequence[int]) -> Allowed:
    """Allow the levels with these numbers."""
    codes = np.zeros(codec.size, np.bool_)
    codes[list(levels)] = True
    return Allowed(codes, -np.inf, np.inf, codes.astype(np.float64))


def allow_range(codec: Codec, low: float, high: float, *, whole: bool) -> Allowed:
    """Allow the numbers (`whole` ones, or all) from `low` to `high`; of a single number, the code that it falls in."""
    size = codec.size - codec.missing
    codes = np.zeros(codec.size, np.bool_)
    if whole and low < high:
        # Values are rounded after they are drawn.
        low, high = np.ceil(low) - 0.5, np.floor(high) + 0.5
    lows, highs = codec.low[:size], codec.high[:size]
    codes[:size] = (highs >= low) & (lows <= high)
    part = np.ones(codec.size)
    if low == high:
        exact = np.flatnonzero((lows == low) & (highs == low))
        inside = exact if len(exact) else np.flatnonzero(codes)[:1]
        codes[:] = False
        codes[inside] = True
    else:
        wide = np.flatnonzero(highs > lows)
        overlap = np.minimum(highs[wide], high) - np.maximum(lows[wide], low)
        part[wide] = np.maximum(overlap, 0) / (highs[wide] - lows[wide])
        codes &= part > 0
    return Allowed(codes, low, high, part * codes)


def combinations(stages: Sequence[tuple[Stage, Codec]], conditions: Mapping[int, Allowed]) -> Together | None:
    """List what the parts up to the last one with a condition may be together.

    Ends sooner, at a part with a condition, where there are too many combinations or a part is drawn as a residual; those after
    it are left to `draw_allowed`. None where that is all of them.
    """
    codes: list[Ints] = []
    weight = np.ones(1)
    found: Together | None = None
    for i, (stage, codec) in enumerate(stages[: max(conditions, default=-1) + 1]):
        if stage.residual:
            break
        part = conditions[i].part if i in conditions else np.ones(codec.size)
        offset, _ = leaf_offsets(stage, codes)
        leaf = np.broadcast_to(np.asarray(offset // stage.slots), len(weight))
        used, row = np.unique(leaf, return_inverse=True)
        keys = np.arange(len(used))[:, None] * codec.size + stage.outcomes.reshape(-1, stage.slots)[used].astype(np.int64)
        key, count = np.unique(keys, return_counts=True)
        own, code = np.divmod(key, codec.size)
        chance = count / stage.slots * part[code]
        own, code, chance = own[chance > 0], code[chance > 0], chance[chance > 0]
        many = np.bincount(own, minlength=len(used))
        if many[row].sum() > MOST_TOGETHER:
            break
        start = np.cumsum(many) - many
        before = np.repeat(np.arange(len(weight)), many[row])
        step = np.arange(len(before)) - np.repeat(np.cumsum(many[row]) - many[row], many[row])
        entry = start[row[before]] + step
        codes = [c[before] for c in codes] + [code[entry]]
        weight = weight[before] * chance[entry]
        if i in conditions:
            found = Together(tuple(codes), np.cumsum(weight))
    return found


def value_within(codec: Codec, code: Ints, allowed: Allowed | None, rng: np.random.Generator) -> Floats | None:
    """Return a number in each code that is allowed; None where the column holds no numbers."""
    if not codec.ordered:
        return None
    low, high = codec.low[code], codec.high[code]
    if allowed is not None:
        low = np.maximum(low, allowed.low)
        high = np.maximum(low, np.minimum(high, allowed.high))
    return np.asarray(low + rng.random(len(code)) * (high - low))


def draw_allowed(
    stage: Stage, codec: Codec, codes: Sequence[Ints], allowed: Allowed, rng: np.random.Generator, rows: int
) -> tuple[Ints, Floats | None, Floats]:
    """Draw one column's codes and values among those allowed; the third array is how likely they were allowed in each row."""
    offset, first = leaf_offsets(stage, codes)
    leaf = np.broadcast_to(np.asarray(offset // stage.slots), rows)
    table = stage.outcomes.reshape(-1, stage.slots)
    if stage.residual:
        return _draw_residual(stage, codec, table, leaf, np.zeros(rows, np.float32) if first is None else first, allowed, rng)
    weight = allowed.part[table.astype(np.int64)]
    total = weight.sum(1)
    ends = np.cumsum(weight)
    place = ends[leaf * stage.slots] - weight[leaf, 0] + rng.random(rows) * total[leaf]
    slot = np.searchsorted(ends, place, side="right") - leaf * stage.slots
    code = table[leaf, np.clip(slot, 0, stage.slots - 1)].astype(np.int64)
    # Only the proportion between rows matters: the leaf where most is allowed counts as one.
    return code, value_within(codec, code, allowed, rng), total[leaf] / max(float(total.max()), 1e-12)


def _draw_residual(
    stage: Stage, codec: Codec, table: AnyArray, leaf: Ints, first: Singles, allowed: Allowed, rng: np.random.Generator
) -> tuple[Ints, Floats, Floats]:
    outcome = table.real[leaf]
    spiked = outcome >= SPIKE
    place = np.where(spiked, 0, outcome + first[:, None])
    knot = np.clip((place + LATENT_END) * KNOTS_PER_UNIT, 0, GRID - 1).astype(np.int64)
    code = np.where(spiked, (outcome - SPIKE).astype(np.int64), codec.grid_code[knot])
    fits = allowed.codes[code]
    count = fits.sum(1)
    pick = np.minimum((rng.random(len(leaf)) * count).astype(np.int64), np.maximum(count - 1, 0))
    column = np.argsort(~fits, axis=1, kind="stable")[np.arange(len(leaf)), pick]
    row = np.arange(len(leaf))
    chosen, value = decode_latent(codec, place[row, column].astype(np.float32), None)
    chosen = code[row, column]
    value = np.where(spiked[row, column], codec.low[chosen], value)
    return chosen, np.clip(value, allowed.low, allowed.high), count / stage.slots


def constant_weight(stage: Stage, conditions: Mapping[int, Allowed]) -> bool:
    """Say whether a part's weight is the same in every row: everything that its stage reads is fixed to one code."""
    read = {entry.column for entry in stage.inputs if entry.index < 0}
    for k in {entry.index for entry in stage.inputs if entry.index >= 0} | ({0} if stage.residual and stage.indices else set()):
        read |= set(stage.indices[k].columns)
    return all(part in conditions and conditions[part].single for part in read)
