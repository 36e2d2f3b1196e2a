"""One step of the chain: a column's distribution given the earlier columns, compiled to look-up tables.

Fitting grows one regression tree per column, on the earlier columns' codes and on additive indices of them. Its leaves hold
smoothed empirical distributions. Compiling keeps the strongest thresholds, as many as fit a grid of `grid` cells, and refits the
tree on them; then drawing is

    cell = sum over inputs of group[input]      leaf = leaf_of[cell]      outcome = outcomes[leaf, random bits]

without loops or tree walks. The outcome of a *direct* stage is a code. The outcome of a *residual* stage (numbers that an index
predicts well) is a distance on the latent scale to add to that index, or a spike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from inferloop_synthetic.tabular.additive import Index
from inferloop_synthetic.tabular.arrays import AnyArray, Bits, Floats, Ints, Singles
from inferloop_synthetic.tabular.codecs import GRID, KNOTS_PER_UNIT, LATENT_END, Codec

SPIKE = np.float32(1000)
"""In a residual stage, an outcome of SPIKE + c is code c instead of a residual."""
INDEX_BINS = 256


@dataclass(frozen=True)
class StageRules:
    """How a column is fitted given the earlier ones; `leaf_rows` is the dial between quality and privacy."""

    leaf_rows: int = 100
    leaves: int = 512
    grid: int = 2**16
    cut_rows: int = 12_000
    """Where to cut the inputs is found on at most so many rows; the leaves are fitted on all."""
    input_gain: float = 0.005
    """Share of the tree's gain that an input must have to be read at all."""
    singleton_weight: float = 0.6
    """Good-Turing: part of a leaf's rare codes that comes from the leaf's parent instead."""
    variety_weight: float = 0.5
    level_rows: float = 3.0
    """Categories: a leaf has at least this many rows per effective level."""
    index_terms: int = 8
    index_gain: float = 0.001
    indices: int = 2
    residual_from: float = 0.3
    """Share of the latent variance that an index must explain before a number is drawn as index plus residual."""


@dataclass(frozen=True)
class Input:
    """What a stage's tree reads: an earlier column's code, or (for `index` >= 0) one of the stage's own indices."""

    column: int
    index: int
    group: Ints
    """Group of each code or index bin, already multiplied by its stride in the grid."""


@dataclass(frozen=True)
class Stage:
    """A column given the earlier ones, ready to draw from."""

    inputs: tuple[Input, ...]
    indices: tuple[Index, ...]
    index_offset: Floats
    index_scale: Floats
    leaf_of: Ints
    """First entry of each grid cell's leaf in `outcomes`."""
    outcomes: AnyArray
    """Direct: codes (uint16 or uint32). Residual: complex64, residual and its step to the next one."""
    slots: int
    """Outcomes per leaf, a power of two."""
    residual: bool
    spikes: bool

    @property
    def shift(self) -> np.uint32:
        """Bits to drop from a 32-bit random number to get a slot."""
        return np.uint32(32 - int(np.log2(self.slots)))


def renumbered(stage: Stage, place: Mapping[int, int]) -> Stage:
    """Return the stage with its inputs' numbers replaced by their places."""
    return replace(
        stage,
        inputs=tuple(i if i.index >= 0 else replace(i, column=place[i.column]) for i in stage.inputs),
        indices=tuple(Index(tuple(place[c] for c in index.columns), index.tables) for index in stage.indices),
    )


# ---------------------------------------------------------------------------------------------------------------- drawing


def index_values(index: Index, codes: Sequence[Ints]) -> Singles:
    """Return one index of every row."""
    value = index.tables[0].take(codes[index.columns[0]])
    for column, table in zip(index.columns[1:], index.tables[1:], strict=True):
        value += table.take(codes[column])
    return value


def leaf_offsets(stage: Stage, codes: Sequence[Ints]) -> tuple[Ints | int, Singles | None]:
    """Return each row's leaf as an offset into `outcomes`, and the first index of each row where it is needed."""
    first: Singles | None = None
    binned: dict[int, Ints] = {}
    used = {entry.index for entry in stage.inputs if entry.index >= 0} | ({0} if stage.residual else set())
    for k in used:
        value = index_values(stage.indices[k], codes)
        if k == 0:
            first = value
        scaled = value * np.float32(stage.index_scale[k])
        scaled += np.float32(stage.index_offset[k])
        binned[k] = scaled.astype(np.intp)
    if not stage.inputs:
        return 0, first
    cell: Ints | None = None
    for entry in stage.inputs:
        part = entry.group.take(binned[entry.index], mode="clip") if entry.index >= 0 else entry.group.take(codes[entry.column])
        cell = part if cell is None else np.add(cell, part, out=cell)
    assert cell is not None  # noqa: S101  (there is at least one input)
    return stage.leaf_of.take(cell), first


def draw(stage: Stage, codec: Codec, codes: Sequence[Ints], bits: Bits) -> tuple[Ints, Floats | None]:
    """Draw one column for as many rows as there are `bits`: its codes, and its values where it is a number."""
    offset, first = leaf_offsets(stage, codes)
    slot = np.add(bits >> stage.shift, offset, dtype=np.intp)
    outcome = stage.outcomes.take(slot)
    fraction = (bits & np.uint32((1 << int(stage.shift)) - 1)).astype(np.float32)
    fraction *= np.float32(2.0 ** -int(stage.shift))
    if not stage.residual:
        code = outcome.astype(np.intp)
        if not codec.ordered:
            return code, None
        value = (codec.high - codec.low).take(code)
        value *= fraction
        value += codec.low.take(code)
        return code, value
    place = outcome.real + outcome.imag * fraction
    if first is not None:
        place += first
    return decode_latent(codec, place, outcome.real if stage.spikes else None)


def decode_latent(codec: Codec, place: Singles, outcome: Singles | None) -> tuple[Ints, Floats]:
    """Turn places on the latent scale (or spikes, where `outcome` says so) into codes and values."""
    scaled = (place + np.float32(LATENT_END)) * np.float32(KNOTS_PER_UNIT)
    np.clip(scaled, 0, np.float32(GRID - 1.001), out=scaled)
    knot = scaled.astype(np.intp)
    code = codec.grid_code.take(knot)
    value = codec.grid_step.take(knot)
    value *= scaled - knot
    value += codec.grid_value.take(knot)
    if outcome is not None:
        spiked = np.flatnonzero(outcome >= SPIKE)
        spike = (outcome[spiked] - SPIKE).astype(np.intp)
        code[spiked] = spike
        value[spiked] = codec.low[spike]
    return code, value
