"""A column as a discrete variable: categories, repeated numbers, missing, and quantile cells for the continuous rest.

Every column becomes one integer code per row. For a number, codes are ordered by value; a code is either an *atom* (one
value that repeats) or a *cell* (an interval holding about a thousandth of the rows). Missing is the last code. Codes
that are not *spikes* (atoms with a large share of the rows) also have a place on a latent normal scale, on which
columns are regressed on each other.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy.special import ndtr, ndtri

from inferloop_synthetic.tabular.arrays import Bools, Floats, Ints, Singles

GRID = 4096
"""Knots of the latent scale; they are equally spaced so that finding one takes a multiplication."""
LATENT_END = 4.2
KNOTS_PER_UNIT = (GRID - 1) / (2 * LATENT_END)


@dataclass(frozen=True)
class CellRules:
    """How a number is cut into codes."""

    cells: int = 1024
    """Quantile cells for the continuous part."""
    atom_rows: int = 8
    """A value seen this often gets a code of its own."""
    spike_share: float = 0.01
    """An atom with this share of the rows is a spike: never interpolated over."""
    discrete_codes: int = 64
    """A number with at most this many codes is treated as a list of values."""
    extreme_rows: int = 3
    """The ends of the range are pulled in to the mean of this many outermost rows, unless extremes are released."""
    release_extremes: bool = False


@dataclass(frozen=True)
class Coded:
    """One column's codes: what the model keeps (per code) and what only fitting needs (per row)."""

    code: Ints
    """Code of each row."""
    latent: Singles
    """Place of each row on the latent normal scale; 0 for spikes and missing."""
    position: Floats
    """Rank of each row in (0, 1) by code, spread at random within its code."""


@dataclass
class Codec:
    """What a column's codes mean.

    `share` is each code's part of the rows, `dense` marks codes that lie on the latent scale, `missing` says whether the last
    code stands for missing. `low` and `high` bound each code's values (numbers only).
    """

    share: Floats
    dense: Bools
    missing: bool
    ordered: bool
    low: Floats = field(default_factory=lambda: np.zeros(0))
    high: Floats = field(default_factory=lambda: np.zeros(0))
    grid_code: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    grid_value: Floats = field(default_factory=lambda: np.zeros(0))
    grid_step: Floats = field(default_factory=lambda: np.zeros(0))

    @property
    def size(self) -> int:
        """Number of codes."""
        return len(self.share)

    @property
    def nominal(self) -> bool:
        """Say whether numbers may be names: listed values that repeat, such as codes of occupations or numbers of flights."""
        if not self.ordered or not 10 < self.size <= 4096:
            return False
        listed = self.low == self.high
        return bool(self.share[: len(listed)][listed].sum() >= 0.8)

    @property
    def entropy(self) -> float:
        """Entropy of the codes in nats."""
        share = self.share[self.share > 0]
        return float(-(share * np.log(share)).sum())

    @property
    def middle(self) -> Floats:
        """The rank in (0, 1) of each code's middle."""
        return np.asarray(np.cumsum(self.share) - self.share / 2)

    def code_latent(self) -> Singles:
        """Return the latent place of each code's middle; 0 for spikes and missing."""
        share = np.where(self.dense, self.share, 0)
        middle = (np.cumsum(share) - share / 2) / max(share.sum(), 1e-12)
        return np.where(self.dense, ndtri(np.clip(middle, 1e-5, 1 - 1e-5)), 0).astype(np.float32)


def _positions(code: Ints, share: Floats, rng: np.random.Generator) -> Floats:
    start = np.cumsum(share) - share
    return np.asarray(start[code] + rng.random(len(code)) * share[code])


def encode_levels(level: Ints, levels: int, rng: np.random.Generator) -> tuple[Codec, Coded]:
    """Code a column of category numbers; -1 is missing. Levels must be numbered by falling frequency."""
    absent = level < 0
    missing = bool(absent.any())
    code = np.where(absent, levels, level).astype(np.int64)
    size = levels + missing
    share = np.bincount(code, minlength=size) / len(code)
    codec = Codec(share=share, dense=np.zeros(size, np.bool_), missing=missing, ordered=False)
    return codec, Coded(code, np.zeros(len(code), np.float32), _positions(code, share, rng))


def encode_numbers(values: Floats, rules: CellRules, rng: np.random.Generator) -> tuple[Codec, Coded]:
    """Code a column of numbers; NaN is missing. At least one value must be present."""
    present = ~np.isnan(values)
    number, inverse, count = np.unique(values[present], return_inverse=True, return_counts=True)
    group, low, high, single = _cut(number, count, rules)
    size = len(low)
    missing = not present.all()
    code = np.full(len(values), size, np.int64)
    code[present] = group[inverse]
    share = np.bincount(code, minlength=size + missing) / len(values)
    spike = single & (share[:size] >= rules.spike_share)
    dense = ~spike if size > rules.discrete_codes else ~single
    if missing:
        dense, low, high = np.r_[dense, False], np.r_[low, np.nan], np.r_[high, np.nan]
    codec = Codec(share=share, dense=dense, missing=missing, ordered=True, low=low, high=high)
    latent = _latent(codec, code, values, rng)
    if dense.any():
        codec.grid_code, codec.grid_value, codec.grid_step = _grid(codec)
    return codec, Coded(code, latent, _positions(code, share, rng))


def _cut(number: Floats, count: Ints, rules: CellRules) -> tuple[Ints, Floats, Floats, Bools]:
    """Return each distinct number's group, and each group's bounds and whether it is one value."""
    rows = int(count.sum())
    least = rules.atom_rows if len(number) <= 512 else max(rules.atom_rows, rows / 2500)
    atom = count >= least
    loose = np.where(atom, 0, count)
    middle = np.cumsum(loose) - loose / 2
    total = max(int(loose.sum()), 1)
    per_cell = max(rows / rules.cells, 4.0)
    tail = np.minimum(middle, total - middle) < total * 0.02
    cell = np.floor(np.where(tail, middle / max(4.0, per_cell / 6), middle / per_cell)).astype(np.int64)
    key = np.stack([np.cumsum(atom), np.where(atom, -1, cell), tail, middle > total / 2], 1)
    starts = np.r_[True, (key[1:] != key[:-1]).any(1) | atom[1:]]
    group = np.cumsum(starts) - 1
    first = np.flatnonzero(starts)
    last = np.r_[first[1:] - 1, len(number) - 1]
    between = np.r_[number[0], (number[1:] + number[:-1]) / 2, number[-1]]
    single = atom[first] | (first == last)
    # A cell reaches half-way to its neighbours; an atom is exactly its value.
    low = np.where(atom[first], number[first], between[first])
    high = np.where(atom[first], number[first], between[last + 1])
    if not rules.release_extremes and rows > 20 * rules.extreme_rows:
        expanded_low = np.repeat(number[: rules.extreme_rows], count[: rules.extreme_rows])[: rules.extreme_rows]
        expanded_high = np.repeat(number[-rules.extreme_rows :], count[-rules.extreme_rows :])[-rules.extreme_rows :]
        # The mean of equal numbers may be rounded to another one.
        least, most = np.clip([expanded_low.mean(), expanded_high.mean()], number[0], number[-1])
        low, high = np.clip(low, least, most), np.clip(high, least, most)
    return group, low, high, single & (low == high)


def _latent(codec: Codec, code: Ints, values: Floats, rng: np.random.Generator) -> Singles:
    """Return each row's normal score among the dense rows; by value within a cell, at random within an atom."""
    share = np.where(codec.dense, codec.share, 0)
    total = share.sum()
    if total == 0:
        return np.zeros(len(code), np.float32)
    width = codec.high - codec.low
    with np.errstate(invalid="ignore", divide="ignore"):
        within = np.where(width[code] > 0, (values - codec.low[code]) / width[code], rng.random(len(code)))
    rank = ((np.cumsum(share) - share)[code] + np.clip(np.nan_to_num(within), 0, 1) * share[code]) / total
    score = ndtri(np.clip(rank, 0.25 / len(code), 1 - 0.25 / len(code)))
    return np.where(codec.dense[code], score, 0).astype(np.float32)


def _grid(codec: Codec) -> tuple[Ints, Floats, Floats]:
    """Tabulate code, value and step to the next value at equally spaced places of the latent scale."""
    share = np.where(codec.dense, codec.share, 0)
    end = np.cumsum(share) / share.sum()
    dense = np.flatnonzero(codec.dense)
    knots = np.linspace(-LATENT_END, LATENT_END, GRID)
    rank = ndtr(knots)
    code = dense[np.minimum(np.searchsorted(end[dense], rank, side="right"), len(dense) - 1)]
    start = end[code] - share[code] / share.sum()
    within = np.clip((rank - start) / np.maximum(share[code] / share.sum(), 1e-12), 0, 1)
    value = codec.low[code] + within * (codec.high - codec.low)[code]
    step = np.r_[np.diff(value), 0.0]
    atom = codec.low[code] == codec.high[code]
    jump = np.r_[(code[1:] != code[:-1]) & (atom[1:] | atom[:-1]), False]
    # No interpolation into or out of an atom: there are no values there.
    return code, value, np.where(jump, 0.0, step)
