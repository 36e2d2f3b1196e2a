"""Whether a synthetic table has the real one's statistics: columns, pairs, a classifier's view, and a model trained on it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import StratifiedKFold, cross_val_predict

from inferloop_synthetic.tabular.arrays import Bools, Floats, Ints
from inferloop_synthetic.validation.encoding import Encoded, binned
from inferloop_synthetic.validation.measures import Estimate, auc, total_variation

MOST_LEVELS = 250
CLASSIFIER_ROWS = 10_000


@dataclass(frozen=True)
class ColumnScore:
    """How alike one column is: 1 minus the largest difference of the distribution functions (numbers) or half the summed ones."""

    column: str
    score: float
    missing_real: float
    missing_synthetic: float


@dataclass(frozen=True)
class PairScore:
    """How alike the joint distribution of two columns is, each cut into ten groups: 1 minus half the summed differences."""

    left: str
    right: str
    score: float


@dataclass(frozen=True)
class Downstream:
    """A classifier of `target` trained on real and on synthetic rows, both judged on rows that neither saw."""

    target: str
    real: Estimate
    synthetic: Estimate


@dataclass(frozen=True)
class ColumnProfile:
    """A column's distribution in both tables: the share of rows in each of a few bins or levels."""

    column: str
    numeric: bool
    labels: tuple[str, ...]
    real: tuple[float, ...]
    synthetic: tuple[float, ...]


def column_profiles(encoded: Encoded, bins: int = 24, levels: int = 12) -> list[ColumnProfile]:
    """Return each column's distribution for plots: a category's commonest levels, a number's middle 99 % in the real table."""
    profiles = []
    for j, name in enumerate(encoded.names):
        tables = [t[:, j] for t in encoded.tables[:2]]
        present = [t[~np.isnan(t)] for t in tables]
        if encoded.categorical[j]:
            shown = encoded.levels[j][:levels]
            counts = [np.bincount(p.astype(np.int64), minlength=levels) for p in present]
            labels = list(shown)
            parts = [list(c[: len(shown)]) for c in counts]
        elif len(present[0]):
            low, high = np.quantile(present[0], [0.005, 0.995])
            edges = np.linspace(low, high if high > low else low + 1, bins + 1)
            parts = [list(np.histogram(np.clip(p, edges[0], edges[-1]), edges)[0]) for p in present]
            labels = [f"{edge:.6g}" for edge in edges]
        else:
            parts, labels = [[], []], []
        shares = [tuple(float(c) / max(len(t), 1) for c in part) for part, t in zip(parts, tables, strict=True)]
        profiles.append(ColumnProfile(name, not bool(encoded.categorical[j]), tuple(labels), *shares))
    return profiles


def column_scores(encoded: Encoded, which: int = 1) -> list[ColumnScore]:
    """Compare each column of table `which` with that of the first table."""
    scores = []
    for j, name in enumerate(encoded.names):
        a, b = encoded.tables[0][:, j], encoded.tables[which][:, j]
        missing = float(np.isnan(a).mean()), float(np.isnan(b).mean())
        x, y = a[~np.isnan(a)], b[~np.isnan(b)]
        if not len(x) or not len(y):
            score = float(len(x) == len(y))
        elif encoded.categorical[j]:
            size = int(max(x.max(), y.max())) + 1
            counts = [np.bincount(v.astype(np.int64), minlength=size).astype(float) for v in (x, y)]
            score = 1 - total_variation(*counts)
        else:
            places = np.unique(np.r_[x, y])
            parts = [np.searchsorted(np.sort(v), places, side="right") / len(v) for v in (x, y)]
            score = 1 - float(np.abs(parts[0] - parts[1]).max())
        scores.append(ColumnScore(name, score, *missing))
    return scores


def pair_scores(encoded: Encoded, which: int = 1, bins: int = 10) -> list[PairScore]:
    """Compare every pair of columns of table `which` with the first table."""
    groups = binned(encoded, bins)
    a, b = groups[0], groups[which]
    size = bins + 1

    def joint(table: Ints, i: int, j: int) -> Floats:
        return np.bincount(table[:, i] * size + table[:, j], minlength=size * size).astype(float)

    return [
        PairScore(encoded.names[i], encoded.names[j], 1 - total_variation(joint(a, i, j), joint(b, i, j)))
        for i, j in combinations(range(len(encoded.names)), 2)
    ]


def classifier_test(encoded: Encoded, real: int, synthetic: int, seed: int = 0) -> Estimate:
    """Return the AUC of a gradient-boosted classifier that tells synthetic from real rows; 0.5 means that it cannot."""
    rng = np.random.default_rng([seed, 10])
    rows = min(len(encoded.tables[real]), len(encoded.tables[synthetic]), CLASSIFIER_ROWS)
    if rows < 30:
        return Estimate(0.5, 0.0, 1.0)
    a, b = (t[rng.permutation(len(t))[:rows]] for t in (encoded.tables[real], encoded.tables[synthetic]))
    x, y = np.concatenate([a, b]), np.r_[np.zeros(rows, np.bool_), np.ones(rows, np.bool_)]
    folds = StratifiedKFold(3, shuffle=True, random_state=seed)
    chance = cross_val_predict(_classifier(encoded, list(range(x.shape[1])), seed), x, y, cv=folds, method="predict_proba")
    return auc(chance[:, 1], y)


def downstream(encoded: Encoded, holdout: int, target: str | None = None, seed: int = 0) -> Downstream | None:
    """Train on real and on synthetic rows to predict `target`; without one, the category nearest to an even split of two.

    A number is predicted as above or not above its median; of a category, its most frequent level against the others.
    """
    j = _target(encoded, target)
    if j is None:
        return None
    truth = _as_truth(encoded, j)
    others = [k for k in range(len(encoded.names)) if k != j]
    if not others or any(not 0 < t.mean() < 1 for t in truth):
        return None
    results = []
    for which in (0, 1):
        rows = np.random.default_rng([seed, 11]).permutation(len(truth[which]))[: 2 * CLASSIFIER_ROWS]
        model = _classifier(encoded, others, seed).fit(encoded.tables[which][rows][:, others], truth[which][rows])
        results.append(auc(model.predict_proba(encoded.tables[holdout][:, others])[:, 1], truth[holdout]))
    return Downstream(encoded.names[j], results[0], results[1])


def _target(encoded: Encoded, name: str | None) -> int | None:
    if name is not None:
        return encoded.names.index(name) if name in encoded.names else None
    few = [j for j in range(len(encoded.names)) if encoded.categorical[j] and 2 <= len(encoded.levels[j]) <= 20]
    if few:
        return min(few, key=lambda j: abs(float((encoded.tables[0][:, j] == 0).mean()) - 0.5))
    return 0 if len(encoded.names) > 1 else None


def _as_truth(encoded: Encoded, j: int) -> list[Bools]:
    columns = [table[:, j] for table in encoded.tables]
    if encoded.categorical[j]:
        return [column == 0 for column in columns]
    middle = np.nanmedian(columns[0])
    return [column > middle for column in columns]


def _classifier(encoded: Encoded, columns: list[int], seed: int) -> HistGradientBoostingClassifier:
    few = [bool(encoded.categorical[j]) and len(encoded.levels[j]) <= MOST_LEVELS for j in columns]
    return HistGradientBoostingClassifier(categorical_features=few, random_state=seed)
