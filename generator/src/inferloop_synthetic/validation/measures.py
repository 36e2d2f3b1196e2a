"""Numbers with their errors."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

from inferloop_synthetic.tabular.arrays import Bools, Floats

Z95 = 1.959964


@dataclass(frozen=True)
class Estimate:
    """A measured value and its 95 % confidence interval."""

    value: float
    low: float
    high: float


def auc(score: Floats, positive: Bools) -> Estimate:
    """Return the area under the ROC curve: the chance that a positive scores higher than a negative (ties count half).

    The interval is from the variance of Hanley and McNeil (1982).
    """
    m, n = int(positive.sum()), int((~positive).sum())
    if not m or not n:
        return Estimate(0.5, 0.0, 1.0)
    area = float((rankdata(score)[positive].sum() - m * (m + 1) / 2) / (m * n))
    q1, q2 = area / (2 - area), 2 * area**2 / (1 + area)
    variance = (area * (1 - area) + (m - 1) * (q1 - area**2) + (n - 1) * (q2 - area**2)) / (m * n)
    error = Z95 * math.sqrt(max(variance, 0.0))
    return Estimate(area, max(0.0, area - error), min(1.0, area + error))


def share(hits: int, total: int) -> Estimate:
    """Return a share of counts with its Wilson interval."""
    if not total:
        return Estimate(0.0, 0.0, 1.0)
    p, z = hits / total, Z95
    centre = (p + z * z / (2 * total)) / (1 + z * z / total)
    half = z * math.sqrt(p * (1 - p) / total + z * z / (4 * total**2)) / (1 + z * z / total)
    return Estimate(p, max(0.0, centre - half), min(1.0, centre + half))


def difference(first: Estimate, second: Estimate) -> Estimate:
    """Return first minus second; the interval follows Newcombe (1998)."""
    value = first.value - second.value
    down = math.hypot(first.value - first.low, second.high - second.value)
    up = math.hypot(first.high - first.value, second.value - second.low)
    return Estimate(value, value - down, value + up)


def total_variation(a: Floats, b: Floats) -> float:
    """Return half the sum of absolute differences of two distributions given as counts."""
    return float(0.5 * np.abs(a / max(a.sum(), 1) - b / max(b.sum(), 1)).sum())
