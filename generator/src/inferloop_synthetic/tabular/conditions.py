"""Drawing rows that hold given values: exact for the model.

In each column with a condition the draw is restricted to the outcomes allowed, and the part of the outcomes that was allowed is
the row's weight for that column. A column whose inputs are all fixed has the same weight in every row, so nothing need be thrown
away; this is always so when the model was fitted with these columns first and the conditions are equalities. Otherwise rows are
kept with a chance proportional to their weight.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from inferloop_synthetic.tabular.arrays import AnyArray, Bools, Floats, Ints, Singles
from inferloop_synthetic.tabular.codecs import GRID, KNOTS_PER_UNIT, LATENT_END, Codec
from inferloop_synthetic.tabular.stages import SPIKE, Stage, decode_latent, leaf_offsets


@dataclass(frozen=True)
class Allowed:
    """Which codes a part may take, and for numbers the values within them."""

    codes: Bools
    low: float
    high: float

    @property
    def single(self) -> bool:
        """Say whether one code alone is allowed."""
        return int(self.codes.sum()) == 1


def allow_levels(codec: Codec, levels: Sequence[int]) -> Allowed:
    """Allow the levels with these numbers."""
    codes = np.zeros(codec.size, np.bool_)
    codes[list(levels)] = True
    return Allowed(codes, -np.inf, np.inf)


def allow_range(codec: Codec, low: float, high: float) -> Allowed:
    """Allow the numbers from `low` to `high`; of a single number, the code that it falls in."""
    size = codec.size - codec.missing
    codes = np.zeros(codec.size, np.bool_)
    lows, highs = codec.low[:size], codec.high[:size]
    codes[:size] = (highs >= low) & (lows <= high)
    if low == high:
        exact = np.flatnonzero((lows == low) & (highs == low))
        inside = exact if len(exact) else np.flatnonzero(codes)[:1]
        codes[:] = False
        codes[inside] = True
    return Allowed(codes, low, high)


def draw_allowed(
    stage: Stage, codec: Codec, codes: Sequence[Ints], allowed: Allowed, rng: np.random.Generator, rows: int
) -> tuple[Ints, Floats | None, Floats]:
    """Draw one column's codes and values among those allowed; the third array is how likely they were allowed in each row."""
    offset, first = leaf_offsets(stage, codes)
    leaf = np.broadcast_to(np.asarray(offset // stage.slots), rows)
    table = stage.outcomes.reshape(-1, stage.slots)
    if stage.residual:
        return _draw_residual(stage, codec, table, leaf, np.zeros(rows, np.float32) if first is None else first, allowed, rng)
    fits = allowed.codes[table.astype(np.int64)]
    count = fits.sum(1)[leaf]
    order = np.argsort(~fits, axis=1, kind="stable")
    pick = np.minimum((rng.random(rows) * count).astype(np.int64), np.maximum(count - 1, 0))
    code = table[leaf, order[leaf, pick]].astype(np.int64)
    value = None
    if codec.ordered:
        low = np.maximum(codec.low[code], allowed.low)
        high = np.maximum(low, np.minimum(codec.high[code], allowed.high))
        value = low + rng.random(rows) * (high - low)
    # Only the proportion between rows matters: the leaf where most is allowed counts as one.
    return code, value, count / max(int(fits.sum(1).max()), 1)


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
