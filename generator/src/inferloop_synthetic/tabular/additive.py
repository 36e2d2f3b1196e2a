"""Additive regressions on codes: sum over columns of a table look-up.

An *index* is the part of a target that adds up over the earlier columns, `sum_p table_p[code_p]`. Trees are poor at many weak
or smooth effects and good at interactions; so a column's tree is given indices beside the columns themselves. The tables
are penalised least squares on few basis functions per column, all solved from one Gram matrix.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from inferloop_synthetic.tabular.arrays import Floats, Ints, Singles
from inferloop_synthetic.tabular.codecs import Codec

LEVELS = 40
KNOTS = 12


@dataclass(frozen=True)
class Basis:
    """Basis functions of one column: `functions[code]` are their values, `ridge` the penalty of each in rows."""

    functions: Singles
    ridge: Floats


@dataclass(frozen=True)
class Index:
    """One additive score: the columns it reads and the table of each."""

    columns: tuple[int, ...]
    tables: tuple[Singles, ...]


def basis_of(codec: Codec) -> Basis:
    """Choose basis functions for a column: levels for categories, hat functions of the latent place for numbers."""
    size = codec.size
    if not codec.dense.any():
        kept = min(size, LEVELS)
        functions = np.zeros((size, kept + (size > kept)), np.float32)
        by_share = np.argsort(-codec.share, kind="stable")
        functions[by_share[:kept], np.arange(kept)] = 1
        functions[by_share[kept:], -1:] = 1
        return Basis(functions, np.full(functions.shape[1], 8.0))
    place = codec.code_latent()
    knots = np.quantile(place[codec.dense], np.linspace(0, 1, KNOTS), weights=codec.share[codec.dense], method="inverted_cdf")
    knots = np.unique(np.r_[place[codec.dense].min(), knots[1:-1], place[codec.dense].max()])
    hats = np.stack([np.interp(place, knots, row) for row in np.eye(len(knots))], 1) * codec.dense[:, None]
    others = np.flatnonzero(~codec.dense)
    spikes = (np.arange(size)[:, None] == others[np.argsort(-codec.share[others])[:LEVELS]]).astype(np.float32)
    functions = np.concatenate([(place * codec.dense)[:, None], hats, spikes], 1).astype(np.float32)
    ridge = np.r_[1.0, np.full(hats.shape[1], 8.0), np.full(spikes.shape[1], 8.0)]
    return Basis(functions, ridge)


class AdditiveRegression:
    """Solves additive regressions of any target on any subset of the columns."""

    def __init__(self, bases: Sequence[Basis], design: Singles) -> None:
        widths = [basis.functions.shape[1] for basis in bases]
        self._bases = list(bases)
        self._ends = np.cumsum([0, *widths])
        self._design = design
        self._ridge = np.concatenate([basis.ridge for basis in bases])
        self._gram = np.asarray(self._design.T @ self._design, np.float64)
        self._sum = self._design.sum(0, dtype=np.float64)

    @classmethod
    def of(cls, bases: Sequence[Basis], codes: Sequence[Ints]) -> AdditiveRegression:
        """Return the regressions on columns with these codes."""
        return cls(bases, np.concatenate([basis.functions[code] for basis, code in zip(bases, codes, strict=True)], 1))

    def part(self, rows: Ints) -> AdditiveRegression:
        """Return the same regressions on some of the rows."""
        return AdditiveRegression(self._bases, self._design[rows])

    def _span(self, columns: Sequence[int]) -> Ints:
        return np.concatenate([np.arange(self._ends[c], self._ends[c + 1]) for c in columns])

    def solve(
        self,
        target: Floats,
        columns: Sequence[int],
        rows: Ints | None,
        terms: int,
        least_gain: float,
        chance_factor: float = 2.0,
    ) -> tuple[list[int], list[Floats], Floats]:
        """Regress `target` (rows x outputs) on at most `terms` of `columns`: those that explain `least_gain` of the variance.

        Returns the columns kept, each one's table (codes x outputs) and the constant of each output.
        """
        design = self._design if rows is None else self._design[rows]
        span = self._span(columns)
        count = len(target)
        total = self._sum if rows is None else design.sum(0, dtype=np.float64)
        gram = self._gram if rows is None else np.asarray(design.T @ design, np.float64)
        mean = target.mean(0)
        centred = target - mean
        moment = np.asarray(design.T @ centred.astype(np.float32), np.float64)
        gram = gram - np.outer(total, total) / count
        variance = max(float((centred**2).sum()), 1e-12)
        kept = list(columns)
        while True:
            span = self._span(kept)
            matrix = gram[np.ix_(span, span)] + np.diag(self._ridge[span])
            inverse: Floats = np.asarray(np.linalg.inv(matrix), np.float64)
            weights = inverse @ moment[span]
            gains = self._gains(kept, inverse, weights) / variance
            # A column of no use gains its number of basis functions / rows by chance.
            widths = self._ends[np.array(kept) + 1] - self._ends[np.array(kept)]
            least = np.maximum(least_gain, chance_factor * widths / count)
            weak = [i for i in np.argsort(gains) if gains[i] < least[i] or len(kept) > terms]
            if not weak or len(kept) == 1:
                break
            drop = set(weak[: max(1, (len(kept) - terms) // 2, len(weak) // 3)])
            kept = [c for i, c in enumerate(kept) if i not in drop] or [kept[int(np.argmax(gains))]]
        constant = mean - (total[span] / count) @ weights
        tables, at = [], 0
        for c in kept:
            width = int(self._ends[c + 1] - self._ends[c])
            tables.append(np.asarray(self._bases[c].functions @ weights[at : at + width], np.float64))
            at += width
        return kept, tables, constant

    def _gains(self, kept: Sequence[int], inverse: Floats, weights: Floats) -> Floats:
        """Return the sum of squares that leaving each column out would add (a Wald statistic)."""
        gains, at = [], 0
        for c in kept:
            block = slice(at, at + int(self._ends[c + 1] - self._ends[c]))
            w = weights[block]
            gains.append(float(np.sum(w * np.linalg.solve(inverse[block, block], w))))
            at = block.stop
        return np.array(gains)
