"""Whether a synthetic table has the real one's statistics: its columns one by one and in pairs."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from inferloop_synthetic.tabular.arrays import Floats, Ints
from inferloop_synthetic.validation.encoding import Encoded, binned, group_count
from inferloop_synthetic.validation.measures import Estimate, likeness_of_counts, likeness_of_numbers

BINS = 10
MOST_PAIRED = 100
"""Pairs are made of the first so many columns: their number grows with the square."""
_HALVES = 2**52
"""Below this, floats hold the halves between whole numbers."""


@dataclass(frozen=True)
class ColumnScore:
    """How alike one column is, 1 being equal, among the values that are present.

    For numbers 1 minus the largest difference of the distribution functions, for categories 1 minus half the summed differences
    of shares.
    """

    column: str
    likeness: Estimate
    holdout: Estimate | None
    """The same for real rows held out: what chance alone makes of it."""

    @property
    def score(self) -> float:
        """The measured value."""
        return self.likeness.value


@dataclass(frozen=True)
class PairScore:
    """How alike the joint distribution of two columns is, and how strongly the two are related in each table.

    `likeness` is 1 minus half the summed differences of the joint shares, each column cut into about ten groups.
    `related_real` and `related_synthetic` run from 0, independent, to 1, one determines the other (see `relatedness`).
    """

    left: str
    right: str
    likeness: Estimate
    holdout: Estimate | None
    related_real: float
    related_synthetic: float

    @property
    def score(self) -> float:
        """The measured value."""
        return self.likeness.value


@dataclass(frozen=True)
class ColumnProfile:
    """A column's distribution in both tables: the share of rows in each of a few bins or levels."""

    column: str
    numeric: bool
    labels: tuple[str, ...]
    """Names of levels or of single whole numbers, or the edges of bins: one more than there are bins."""
    real: tuple[float, ...]
    synthetic: tuple[float, ...]
    hidden_levels: int = 0
    """How many rarer levels are not shown."""


def column_profiles(encoded: Encoded, bins: int = 24, levels: int = 10) -> list[ColumnProfile]:
    """Return each column's distribution for plots: a category's commonest levels, a number's middle 99 % in the real table."""
    profiles = []
    for j, name in enumerate(encoded.names):
        tables = [t[:, j] for t in encoded.tables[:2]]
        present = [t[~np.isnan(t)] for t in tables]
        hidden = 0
        if encoded.categorical[j]:
            size = len(encoded.levels[j])
            counts = [np.bincount(p.astype(np.int64), minlength=max(size, 1)) for p in present]
            shown = np.argsort(-(counts[0] + counts[1] * 1e-9), kind="stable")[: min(levels, size)]
            labels, hidden = [encoded.levels[j][i] for i in shown], max(size - levels, 0)
            parts = [list(c[shown]) for c in counts]
        elif len(present[0]):
            edges = _plot_edges(present[0], bins)
            parts = [list(np.histogram(np.clip(p, edges[0], edges[-1]), edges)[0]) for p in present]
            single = bool((np.diff(edges) == 1).all()) and bool((edges[:-1] % 1 == 0.5).all())
            shown_at = edges[:-1] + 0.5 if single else edges
            labels = [_edge_text(float(edge), encoded.units[j]) for edge in shown_at]
        else:
            parts, labels = [[], []], []
        shares = [tuple(float(c) / max(len(t), 1) for c in part) for part, t in zip(parts, tables, strict=True)]
        profiles.append(ColumnProfile(name, not bool(encoded.categorical[j]), tuple(labels), shares[0], shares[1], hidden))
    return profiles


def _plot_edges(present: Floats, bins: int) -> Floats:
    different = np.unique(present)
    whole = bool((different == np.round(different)).all()) and np.abs(different).max() < _HALVES
    if whole and different[-1] - different[0] < bins:
        return np.arange(different[0], different[-1] + 2) - 0.5
    low, high = np.quantile(present, [0.005, 0.995])
    if not high > low:
        low, high = different[0], different[-1]
    if not high > low:
        low, high = min(low - 0.5, np.nextafter(low, -np.inf)), max(high + 0.5, np.nextafter(high, np.inf))
    limit = np.finfo(np.float64).max
    low, high = max(low, -limit), min(high, limit)
    if high / 4 - low / 4 > limit / 4:
        return np.linspace(low / 4, high / 4, bins + 1) * 4
    # Where values lie so near each other that floats cannot tell all edges apart, there are fewer bins.
    edges: Floats = np.unique(np.linspace(low, high, bins + 1))
    return edges


def _edge_text(value: float, unit: str) -> str:
    if unit == "number":
        return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:.4g}"
    moment = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    try:
        moment += dt.timedelta(microseconds=value)
    except OverflowError:
        return f"{value:.6g}"
    return moment.strftime({"date": "%Y-%m-%d", "datetime": "%Y-%m-%d %H:%M", "time": "%H:%M"}[unit])


def column_scores(encoded: Encoded, which: int = 1) -> list[ColumnScore]:
    """Compare each column of table `which` with that of the first table, and the hold-out's beside it where there is one."""
    control = 2 if len(encoded.tables) > 2 and which != 2 else None
    return [
        ColumnScore(name, _likeness(encoded, j, which), None if control is None else _likeness(encoded, j, control))
        for j, name in enumerate(encoded.names)
    ]


def _likeness(encoded: Encoded, j: int, which: int) -> Estimate:
    x, y = (t[:, j][~np.isnan(t[:, j])] for t in (encoded.tables[0], encoded.tables[which]))
    if not encoded.categorical[j] or not len(x) or not len(y):
        return likeness_of_numbers(x, y)
    counts = [np.bincount(v.astype(np.int64), minlength=len(encoded.levels[j])).astype(float) for v in (x, y)]
    return likeness_of_counts(counts[0], counts[1])


def pair_scores(encoded: Encoded, which: int = 1) -> list[PairScore]:
    """Compare every pair of columns of table `which` with the first table."""
    groups = binned(encoded, BINS)
    size = group_count(BINS)
    control = 2 if len(encoded.tables) > 2 and which != 2 else None

    def joint(table: Ints, i: int, j: int) -> Floats:
        return np.bincount(table[:, i] * size + table[:, j], minlength=size * size).astype(float)

    scores = []
    for i, j in combinations(range(min(len(encoded.names), MOST_PAIRED)), 2):
        real, other = joint(groups[0], i, j), joint(groups[which], i, j)
        held = None if control is None else likeness_of_counts(real, joint(groups[control], i, j))
        strengths = (relatedness(t.reshape(size, size)) for t in (real, other))
        scores.append(PairScore(encoded.names[i], encoded.names[j], likeness_of_counts(real, other), held, *strengths))
    return scores


def relatedness(counts: Floats) -> float:
    """Return how strongly the two variables of a contingency table are related, from 0 (independent) to 1 (one gives the other).

    Linfoot's informational correlation sqrt(1 - exp(-2 I)) of their mutual information I (Information and Control 1, 1957),
    which is |rho| for a normal distribution, divided by the most that the coarser of the two allows. I is corrected for the
    number of cells (Miller and Madow), so that independent columns come out near 0.
    """
    n = counts.sum()
    if not n:
        return 0.0
    rows, columns = counts.sum(1), counts.sum(0)
    most = min(_entropy(rows / n), _entropy(columns / n))
    if most <= 0:
        return 0.0
    surplus = (int((rows > 0).sum()) - 1) * (int((columns > 0).sum()) - 1) / (2 * n)
    shared = _entropy(rows / n) + _entropy(columns / n) - _entropy(counts.ravel() / n) - surplus
    if shared <= 0:
        return 0.0
    return min(1.0, math.sqrt((1 - math.exp(-2 * shared)) / (1 - math.exp(-2 * most))))


def _entropy(shares: Floats) -> float:
    present = shares[shares > 0]
    return float(-(present * np.log(present)).sum())
