"""Numbers that others predict almost exactly: sums, differences, products, parts of dates, and gaps between ordered columns.

Such a column is generated as the prediction plus a residual, so that the relation holds in the synthetic table as closely as in
the real one. An exact formula is the case where the residual is always nought.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from inferloop_synthetic.tabular.arrays import Bools, Floats

EXACT_SHARE = 0.998
NEAR = 0.99
CANDIDATES = 24
"""Of a wide table only so many inputs, the most correlated, are tried in a formula."""


@dataclass(frozen=True)
class Relation:
    """`target = predict(inputs) + residual`, with the target's values kept between `low` and `high`.

    `kind` is linear (weights on the inputs), product (weights on their logarithms, residual added), or log (the same, residual
    added to the logarithm).
    """

    kind: str
    inputs: tuple[int, ...]
    weights: tuple[float, ...]
    constant: float
    whole: bool
    low: float
    high: float

    def predict(self, inputs: Sequence[Floats]) -> Floats:
        """Return the prediction, on the logarithm for kind `log`."""
        logs = self.kind != "linear"
        total = np.full(len(inputs[0]), float(self.constant))
        with np.errstate(invalid="ignore", divide="ignore"):
            for weight, values in zip(self.weights, inputs, strict=True):
                total += weight * (np.log(values) if logs else values)
            if self.kind == "product":
                total = np.exp(total)
        if self.whole and self.kind != "log":
            np.rint(total, out=total)
        return total

    def residual(self, target: Floats, inputs: Sequence[Floats]) -> Floats:
        """Return what is left of the target; NaN where the target or an input is missing."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray((np.log(target) if self.kind == "log" else target) - self.predict(inputs))

    def restore(self, residual: Floats, inputs: Sequence[Floats]) -> Floats:
        """Return the target from its residual."""
        value = self.predict(inputs)
        value += residual
        if self.kind == "log":
            np.exp(value, out=value)
        return np.clip(value, self.low, self.high, out=value)


def find_relations(values: Mapping[int, Floats], order: Sequence[int], whole: Callable[[int], bool]) -> dict[int, Relation]:
    """Return the columns, in the order given, that earlier columns predict almost exactly."""
    found: dict[int, Relation] = {}
    usable: list[int] = []
    for column in order:
        target = values[column]
        present = ~np.isnan(target)
        variety = len(np.unique(target[present]))
        if present.sum() < 200 or variety < 3:
            continue
        inputs = [c for c in usable if not np.isnan(values[c][present]).any()]
        if inputs and variety >= 20:
            relation = _best(target, [values[c] for c in inputs], inputs, present, whole(column))
            if relation is not None:
                found[column] = relation
        usable.append(column)
    return found


def _best(target: Floats, inputs: Sequence[Floats], names: Sequence[int], present: Bools, whole: bool) -> Relation | None:
    near: list[tuple[float, float, Relation]] = []
    y = target[present]
    low, high = float(y.min()), float(y.max())
    for logs in (False, True):
        chosen = [i for i, x in enumerate(inputs) if not logs or (x[present] > 0).all()]
        if not chosen or (logs and not (y > 0).all()):
            continue
        x = np.stack([np.log(inputs[i][present]) if logs else inputs[i][present] for i in chosen], 1)
        goal = np.log(y) if logs else y
        picked, weights, constant = _select(x, goal)
        if not picked:
            continue
        snapped = np.array([_snap(w) for w in weights])
        for w in (snapped, weights):
            shift = constant if w is weights else float(np.median(goal - x[:, picked] @ w))
            shift = round(shift) if whole and not logs and abs(shift - round(shift)) < 1e-6 else shift
            kind = "product" if logs else "linear"
            relation = Relation(kind, tuple(names[chosen[i]] for i in picked), tuple(map(float, w)), shift, whole, low, high)
            left = relation.residual(y, [inputs[chosen[i]][present] for i in picked])
            exact = float(np.mean(np.abs(left) <= (0 if whole else 1e-9 * max(abs(low), abs(high)))))
            if exact >= EXACT_SHARE:
                # An exact formula holds for every row; keeping the target within its range would break it at the ends.
                return replace(relation, low=-np.inf, high=np.inf)
            if logs:
                relation = replace(relation, kind="log")
                left = relation.residual(y, [inputs[chosen[i]][present] for i in picked])
            inner = np.abs(left - np.median(left)) <= np.quantile(np.abs(left - np.median(left)), 0.98)
            score = 1 - left[inner].var() / max(goal[inner].var(), 1e-300)
            if score >= NEAR:
                near.append((_unevenness(left, goal), -round(score, 4), relation))
    return min(near, key=lambda entry: entry[:2])[2] if near else None


def _unevenness(left: Floats, goal: Floats) -> float:
    """Return how much the residuals' size goes with the target's, in tenths: on the right scale it does not."""
    rows = slice(0, 10_000)
    ranks = [np.argsort(np.argsort(v)) for v in (np.abs(left[rows] - np.median(left)), goal[rows])]
    return round(abs(float(np.corrcoef(ranks[0], ranks[1])[0, 1])), 1) if np.ptp(left) > 0 else 0.0


def _select(x: Floats, y: Floats, most: int = 6) -> tuple[list[int], Floats, float]:
    """Choose columns of x one by one while they help, and regress y on them without its outliers."""
    centre, scale = x.mean(0), x.std(0)
    rows = np.random.default_rng(0).permutation(len(y))[:10_000]
    standard = (x[rows] - centre) / np.where(scale > 0, scale, 1)
    goal = y[rows] - y.mean()
    picked: list[int] = []
    keep = np.ones(len(rows), np.bool_)
    nearest = np.argsort(-np.abs(standard.T @ goal))
    candidates = {int(i) for i in nearest[:CANDIDATES] if scale[i] > 0}
    while candidates and len(picked) < most:
        left = {i: _squares_left(standard[keep][:, [*picked, i]], goal[keep]) for i in candidates}
        best = min(left, key=lambda i: left[i])
        before = _squares_left(standard[keep][:, picked], goal[keep]) if picked else float(goal @ goal)
        if left[best] > before * 0.9:
            break
        picked.append(best)
        candidates.discard(best)
        # Values that wrap around or were entered wrongly would hide the inputs still to be found.
        away = np.abs(goal - standard[:, picked] @ np.linalg.lstsq(standard[keep][:, picked], goal[keep], rcond=None)[0])
        keep = away <= np.quantile(away, 0.98)
    if not picked:
        return [], np.zeros(0), 0.0
    design = np.c_[x[:, picked], np.ones(len(y))]
    keep = np.ones(len(y), np.bool_)
    solved = np.zeros(len(picked) + 1)
    for _ in range(3):
        solved = np.linalg.lstsq(design[keep], y[keep], rcond=None)[0]
        left = np.abs(y - design @ solved)
        keep = left <= np.quantile(left, 0.98)
    return picked, solved[:-1], float(solved[-1])


def _squares_left(x: Floats, y: Floats) -> float:
    gram = x.T @ x + 1e-9 * len(y) * np.eye(x.shape[1])
    moment = x.T @ y
    return float(y @ y - moment @ np.linalg.solve(gram, moment))


def _snap(weight: float) -> float:
    """Return the short number that a fitted weight stands for, if one is near."""
    for candidate in (round(weight), round(weight, 1), round(weight, 2)):
        if candidate and abs(weight - candidate) <= 1e-3 * abs(candidate):
            return float(candidate)
    return weight


def gap_relations(values: Mapping[int, Floats], pairs: Sequence[tuple[int, int]]) -> dict[int, Relation]:
    """Return relations that keep `left <= right` for the pairs given: right is left plus a gap that is never negative."""
    found: dict[int, Relation] = {}
    for left, right in pairs:
        if right in found:
            continue
        both = ~np.isnan(values[left]) & ~np.isnan(values[right])
        if not both.any() or np.isnan(values[left][~np.isnan(values[right])]).any():
            continue
        top = float(max(np.nanmax(values[right]), np.nanmax(values[left])))
        found[right] = Relation("linear", (left,), (1.0,), 0.0, whole=False, low=-np.inf, high=top)
    return found


def ordered_pairs(values: Mapping[int, Floats], columns: Sequence[int]) -> list[tuple[int, int]]:
    """Return neighbours among comparable columns that are never out of order, smallest first."""
    by_mean = sorted(columns, key=lambda c: float(np.nanmean(values[c])))
    pairs = []
    for left, right in pairwise(by_mean):
        both = ~np.isnan(values[left]) & ~np.isnan(values[right])
        if both.sum() > 200 and (values[left][both] <= values[right][both]).all():
            pairs.append((left, right))
    return pairs
