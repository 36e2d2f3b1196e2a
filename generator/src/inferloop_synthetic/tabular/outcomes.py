"""What a stage's leaves hold: smoothed empirical distributions, compiled to tables of equally likely outcomes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inferloop_synthetic.tabular.arrays import AnyArray, Bools, Floats, Ints, Singles
from inferloop_synthetic.tabular.codecs import Codec, Coded
from inferloop_synthetic.tabular.stages import SPIKE, StageRules


@dataclass(frozen=True)
class Outcome:
    """What leaves hold, by row: a place to interpolate between (`smooth` rows) or a code."""

    code: Ints
    position: Floats
    """Sort key: places of smooth rows (rank by code, or residual), codes of the others."""
    smooth: Bools
    start: Floats
    """Direct only: rank at which each code starts, to turn an interpolated rank into a code."""
    dense: Bools
    residual: bool
    spikes: bool

    @classmethod
    def of(cls, codec: Codec, coded: Coded, residual: Singles | None) -> Outcome:
        """Return the outcomes of a column's rows; `residual` are their residuals where those are drawn."""
        smooth = codec.dense[coded.code]
        if residual is None:
            start = np.cumsum(codec.share) - codec.share
            return cls(coded.code, coded.position, smooth, start, codec.dense, residual=False, spikes=False)
        key = np.where(smooth, residual, float(SPIKE) + coded.code)
        return cls(coded.code, key, smooth, np.zeros(0), codec.dense, residual=True, spikes=bool((~codec.dense).any()))

    def between(self, left: Ints, right: Ints, part: Floats) -> Floats:
        """Return outcomes `part` of the way from rows `left` to rows `right`."""
        near = np.where(part < 0.5, left, right)
        both = self.smooth[left] & self.smooth[right]
        place = self.position[left] + (self.position[right] - self.position[left]) * part
        if self.residual:
            return np.where(both, place, self.position[near])
        code = np.clip(np.searchsorted(self.start, place, side="right") - 1, 0, len(self.start) - 1)
        return np.where(both & self.dense[code], code, self.code[near]).astype(np.float64)

    def compile(self, table: Floats) -> AnyArray:
        """Return the flat table that drawing reads."""
        if not self.residual:
            return table.ravel().astype(np.uint16 if len(self.start) < 2**16 else np.uint32)
        ordered = np.sort(table, 1)
        smooth = ordered < SPIKE
        step = np.diff(ordered, axis=1, append=ordered[:, -1:])
        step[~smooth | ~np.c_[smooth[:, 1:], smooth[:, -1:]]] = 0
        pairs = np.empty(ordered.shape, np.complex64)
        pairs.real, pairs.imag = ordered, step
        return pairs.ravel()


def outcome_table(
    outcome: Outcome, path: Ints, up: Ints, slots: int, rules: StageRules, rng: np.random.Generator
) -> tuple[Floats, Ints]:
    """Return `slots` outcomes for every leaf, and the leaves.

    From the root down, a node's row holds its own order statistics, interpolated, mixed with its parent's row: the more of its
    codes were seen only once (Good and Turing), the more.
    """
    rows = path.shape[1]
    table: Floats | None = None
    nodes = np.zeros(0, np.int64)
    for level in path:
        order = np.lexsort((outcome.position, level))
        node, key = level[order], np.where(outcome.smooth[order], -1, outcome.code[order])
        current, start, count = np.unique(node, return_index=True, return_counts=True)
        runs = np.flatnonzero(np.r_[True, (node[1:] != node[:-1]) | (key[1:] != key[:-1])])
        owner = np.repeat(np.arange(len(current)), count)[runs]
        once = np.diff(np.r_[runs, rows]) == 1
        single = np.bincount(owner[once], minlength=len(current))
        variety = np.bincount(owner, minlength=len(current)) - 1
        weight = np.minimum(0.9, (rules.singleton_weight * single + rules.variety_weight * variety) / count)
        offset = rng.random((len(current), 1))
        at = (np.arange(slots) + offset) / slots * count[:, None] - 0.5
        whole = np.floor(at).astype(np.int64)
        left = order[start[:, None] + np.clip(whole, 0, count[:, None] - 1)]
        right = order[start[:, None] + np.clip(whole + 1, 0, count[:, None] - 1)]
        own = outcome.between(left, right, at - whole)
        if table is not None:
            same = np.isin(current, nodes)
            above = table[np.searchsorted(nodes, np.where(same, current, up[current]))]
            shuffled = np.take_along_axis(above, (np.arange(slots) + rng.integers(0, slots, (len(current), 1))) % slots, 1)
            mixed = (np.arange(slots) * 0.6180339887 + offset) % 1 < weight[:, None]
            own = np.where(same[:, None], above, np.where(mixed, shuffled, own))
        table, nodes = own, current
    assert table is not None  # noqa: S101  (a path has at least the root)
    return table, nodes
