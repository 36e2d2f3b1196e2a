"""Numbers with their errors."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from scipy.stats import rankdata

from inferloop_synthetic.tabular.arrays import Bools, Floats

CONFIDENCE = 0.95
Z95 = NormalDist().inv_cdf(0.5 + CONFIDENCE / 2)


@dataclass(frozen=True)
class Estimate:
    """A measured value and its 95 % confidence interval."""

    value: float
    low: float
    high: float

    def __post_init__(self) -> None:
        if not self.low <= self.high:
            raise ValueError(f"an interval from {self.low} to {self.high} is none")


UNKNOWN_AUC = Estimate(0.5, 0.0, 1.0)
"""What is known of an AUC where there are too few rows to measure it: nothing."""


def joint_z(tests: int) -> float:
    """Return the half-width, in standard errors, of intervals that all hold together with 95 % (Bonferroni)."""
    return NormalDist().inv_cdf(1 - (1 - CONFIDENCE) / 2 / max(tests, 1))


def auc(score: Floats, positive: Bools, widened: float = 1.0) -> Estimate:
    """Return the area under the ROC curve: the chance that a positive scores higher than a negative (ties count half).

    The interval is DeLong's (DeLong, DeLong and Clarke-Pearson, 1988), which assumes no shape of the scores;
    `widened` makes it so many times as wide.
    """
    m, n = int(positive.sum()), int((~positive).sum())
    if not m or not n:
        return UNKNOWN_AUC
    over, under = _placements(score, positive)
    area = float(over.mean())
    error = widened * Z95 * math.sqrt(_variance(over) + _variance(under))
    low, high = max(0.0, area - error), min(1.0, area + error)
    if area in (0.0, 1.0):
        # No pair is out of order, so the variance is 0; the fewer rows there are the less that proves.
        sure = share(0, min(m, n)).high
        low, high = (1 - sure, 1.0) if area else (0.0, sure)
    return Estimate(area, low, high)


def auc_lost(reference: Floats, other: Floats, positive: Bools) -> Estimate:
    """Return the AUC of `reference` minus that of `other`, both scores of the same rows (DeLong's interval for paired curves)."""
    if positive.all() or not positive.any():
        return Estimate(0.0, -1.0, 1.0)
    over, under = (a - b for a, b in zip(_placements(reference, positive), _placements(other, positive), strict=True))
    value = float(over.mean())
    error = Z95 * math.sqrt(_variance(over) + _variance(under))
    return Estimate(value, max(-1.0, value - error), min(1.0, value + error))


def _placements(score: Floats, positive: Bools) -> tuple[Floats, Floats]:
    """Return for each positive the share of negatives below it, and for each negative the share of positives above it."""
    ranks = rankdata(score)
    up, down = score[positive], score[~positive]
    over = (ranks[positive] - rankdata(up)) / len(down)
    under = 1 - (ranks[~positive] - rankdata(down)) / len(up)
    return over, under


def _variance(values: Floats) -> float:
    return float(values.var(ddof=1)) / len(values) if len(values) > 1 else 0.25


def share(hits: int, total: int, z: float = Z95) -> Estimate:
    """Return a share of counts with its Wilson interval of `z` standard errors."""
    if not total:
        return Estimate(0.0, 0.0, 1.0)
    p = hits / total
    centre = (p + z * z / (2 * total)) / (1 + z * z / total)
    half = z * math.sqrt(p * (1 - p) / total + z * z / (4 * total**2)) / (1 + z * z / total)
    return Estimate(p, max(0.0, min(p, centre - half)), min(1.0, max(p, centre + half)))


def difference(first: Estimate, second: Estimate) -> Estimate:
    """Return first minus second, of independent samples; the interval follows Newcombe (1998)."""
    value = first.value - second.value
    down = math.hypot(first.value - first.low, second.high - second.value)
    up = math.hypot(first.high - first.value, second.value - second.low)
    return Estimate(value, value - down, value + up)


def total_variation(a: Floats, b: Floats) -> float:
    """Return half the sum of absolute differences of two distributions given as counts."""
    return float(0.5 * np.abs(a / max(a.sum(), 1) - b / max(b.sum(), 1)).sum())


def likeness_of_counts(a: Floats, b: Floats) -> Estimate:
    """Return 1 minus the total variation distance of two distributions given as counts, with its interval.

    Samples of the very same distribution differ too, so the distance measured is on average too large, most where the two are
    equal. The interval's upper end is therefore raised by how far equal distributions would seem apart; its width is that of the
    delta method. It is wide enough everywhere and wider than needed near equality.
    """
    m, n = a.sum(), b.sum()
    if not m or not n:
        same = float(m == n)
        return Estimate(same, same, same)
    p, q = a / m, b / n
    away = 0.5 * float(np.abs(p - q).sum())
    # Where shares are equal either side is as good; both must be there for the width to be that of a difference.
    side = np.where(p == q, np.where(np.arange(len(p)) % 2 == 0, 1.0, -1.0), np.sign(p - q))
    variance = 0.25 * sum(float((side**2 * r).sum() - (side * r).sum() ** 2) / k for r, k in ((p, m), (q, n)))
    pooled = (a + b) / (m + n)
    by_chance = 0.5 * math.sqrt(2 / math.pi) * float(np.sqrt(pooled * (1 - pooled) * (1 / m + 1 / n)).sum())
    return _likeness(away, math.sqrt(max(variance, 0.0)), by_chance)


def likeness_of_numbers(x: Floats, y: Floats) -> Estimate:
    """Return 1 minus the largest distance of the distribution functions of two samples (Kolmogorov-Smirnov), with its interval.

    As for counts, the upper end is raised by what two samples of one distribution are apart on average.
    """
    if not len(x) or not len(y):
        same = float(len(x) == len(y))
        return Estimate(same, same, same)
    places = np.unique(np.concatenate([x, y]))
    f, g = (np.searchsorted(np.sort(v), places, side="right") / len(v) for v in (x, y))
    at = int(np.abs(f - g).argmax()) if (f != g).any() else int(np.abs(f - 0.5).argmin())
    error = math.sqrt(float(f[at] * (1 - f[at])) / len(x) + float(g[at] * (1 - g[at])) / len(y))
    # The mean of Kolmogorov's distribution is sqrt(pi / 2) ln 2.
    by_chance = math.sqrt(math.pi / 2) * math.log(2) * math.sqrt(1 / len(x) + 1 / len(y))
    return _likeness(float(abs(f[at] - g[at])), error, by_chance)


def _likeness(away: float, error: float, by_chance: float) -> Estimate:
    value = 1 - away
    return Estimate(value, max(0.0, value - Z95 * error), min(1.0, value + by_chance + Z95 * error))


def mean(estimates: list[Estimate]) -> Estimate:
    """Return the mean of estimates whose errors may all go together: its interval is the mean of theirs."""
    return Estimate(*(float(np.mean([getattr(e, end) for e in estimates])) for end in ("value", "low", "high")))
