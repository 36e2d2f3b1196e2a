"""What models say of a synthetic table: one that tells it from the real one, and one that is trained on it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import StratifiedKFold
from threadpoolctl import threadpool_limits

from inferloop_synthetic.errors import InputError
from inferloop_synthetic.tabular.arrays import Bools, Floats, Ints
from inferloop_synthetic.validation.encoding import Encoded
from inferloop_synthetic.validation.measures import UNKNOWN_AUC, Estimate, auc, auc_lost

MOST_LEVELS = 250
CLASSIFIER_ROWS = 10_000
FEWEST_ROWS = 30
FOLDS = 3
MOST_SHUFFLED = 60
FOLDS_WIDEN = 1.3
"""How much wider an interval must be because folds learn from each other's rows. No estimate of that is free of bias (Bengio and
Grandvalet, 2004); over 160 pairs of tables of one distribution AUCs scattered 1.25 to 1.29 times as far as DeLong's error says.
"""


@dataclass(frozen=True)
class Telltale:
    """How much worse the classifier tells the tables apart when it cannot use a column."""

    column: str
    auc_lost: float


@dataclass(frozen=True)
class ClassifierTest:
    """A gradient-boosted classifier's attempt to tell synthetic from real rows; AUC 0.5 means that it cannot."""

    auc: Estimate
    rows: int
    """Rows of either kind."""
    against: str
    """The real rows it was shown: "held out" or "learned from"."""
    telltales: tuple[Telltale, ...]
    """The columns that give the synthetic rows away, strongest first."""


@dataclass(frozen=True)
class Downstream:
    """A classifier of `target` trained on real and on synthetic rows, both judged on rows that neither saw."""

    target: str
    outcome: str
    """What is predicted of the target, such as "is yes" or "above 41"."""
    real: Estimate
    synthetic: Estimate
    lost: Estimate
    """AUC of the first minus AUC of the second; both judge the same rows, so it is surer than either."""


def classifier_test(encoded: Encoded, real: int, synthetic: int, seed: int = 0) -> ClassifierTest:
    """Cross-validate a classifier of synthetic against real rows, as many of either."""
    rng = np.random.default_rng([seed, 10])
    against = "held out" if real == 2 else "learned from"
    rows = min(len(encoded.tables[real]), len(encoded.tables[synthetic]), CLASSIFIER_ROWS)
    if rows < FEWEST_ROWS:
        return ClassifierTest(UNKNOWN_AUC, rows, against, ())
    a, b = (t[rng.permutation(len(t))[:rows]] for t in (encoded.tables[real], encoded.tables[synthetic]))
    x, y = np.concatenate([a, b]), np.r_[np.zeros(rows, np.bool_), np.ones(rows, np.bool_)]
    chance, lost = np.zeros(2 * rows), np.zeros(len(encoded.names))
    for learned, judged in StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(x, y):
        with one_thread():
            model = fitted(encoded, list(range(x.shape[1])), x[learned], y[learned], seed)
            chance[judged] = model.predict_proba(x[judged])[:, 1]
            lost += _shuffled(model, x[judged], y[judged], rng) / FOLDS
    order = np.argsort(-lost, kind="stable")
    telling = tuple(Telltale(encoded.names[j], float(lost[j])) for j in order[:10] if lost[j] > 0.002)
    return ClassifierTest(auc(chance, y, widened=FOLDS_WIDEN), rows, against, telling)


def _shuffled(model: HistGradientBoostingClassifier, x: Floats, y: Bools, rng: np.random.Generator) -> Floats:
    """Return how much AUC is lost when one column after the other is shuffled."""
    whole = auc(model.predict_proba(x)[:, 1], y).value
    lost = np.zeros(x.shape[1])
    for j in range(min(x.shape[1], MOST_SHUFFLED)):
        mixed = x.copy()
        mixed[:, j] = rng.permutation(mixed[:, j])
        lost[j] = whole - auc(model.predict_proba(mixed)[:, 1], y).value
    return lost


@dataclass(frozen=True)
class Outcome:
    """What a downstream model predicts: a column, and for each table which rows have the outcome (and have a value at all)."""

    column: int
    words: str
    truth: tuple[Bools, ...]
    known: tuple[Bools, ...]


def choose_outcome(
    encoded: Encoded, target: str | None = None, favourable: str | None = None, protected: Sequence[str] = ()
) -> Outcome | None:
    """Return what to predict: of a category one level against the others, of a number whether it is above its median.

    Without `target` it is the category that splits the rows most evenly, else the first number that varies, but no protected
    column. `favourable`
    names the level; without it, it is the most frequent. Returns None where no column can be predicted; raises InputError
    where the one asked for cannot.
    """
    j = encoded.column(target) if target is not None else _likely_target(encoded, protected)
    if j is None:
        return None
    columns = [table[:, j] for table in encoded.tables]
    known = tuple(~np.isnan(column) for column in columns)
    if encoded.categorical[j]:
        level = _level(encoded, j, favourable)
        truth = tuple(column == level for column in columns)
        words = f"is {encoded.levels[j][level]}" if encoded.levels[j] else "is present"
    else:
        if favourable is not None:
            raise InputError(f"column {encoded.names[j]!r} holds numbers, of which no single value is favourable")
        present = columns[0][known[0]]
        middle = float(np.median(present)) if len(present) else 0.0
        # Where most rows hold the greatest value (as in a column of 0 and 1), none is above the median.
        above = bool((present > middle).any())
        truth = tuple(column > middle if above else column >= middle for column in columns)
        shown = f"{middle:.6g}" if encoded.units[j] == "number" else "the median"
        words = f"above {shown}" if above else f"at least {shown}"
    outcome = Outcome(j, words, truth, known)
    varied = all(0 < t[k].mean() < 1 for t, k in zip(truth, known, strict=True) if k.any()) and all(k.any() for k in known)
    if varied and len(encoded.names) > 1:
        return outcome
    if target is not None and not varied:
        raise InputError(f"column {target!r} cannot be predicted: in one of the tables it has one value only")
    return None


def _level(encoded: Encoded, j: int, favourable: str | None) -> int:
    if favourable is None:
        return 0
    if favourable not in encoded.levels[j]:
        known = ", ".join(encoded.levels[j][:20])
        raise InputError(f"column {encoded.names[j]!r} has no value {favourable!r}; it has {known}")
    return encoded.levels[j].index(favourable)


def _likely_target(encoded: Encoded, protected: Sequence[str]) -> int | None:
    free = [j for j, name in enumerate(encoded.names) if name not in protected]

    def even(j: int) -> float:
        return abs(float((encoded.tables[0][:, j] == 0).mean()) - 0.5)

    few = [j for j in free if encoded.categorical[j] and 2 <= len(encoded.levels[j]) <= 20]
    if few:
        return min(few, key=even)
    varied = (j for j in free if len(np.unique(encoded.tables[0][:, j][~np.isnan(encoded.tables[0][:, j])])) > 1)
    return next(varied, None)


def trained(encoded: Encoded, outcome: Outcome, holdout: int, seed: int = 0) -> tuple[Floats, Floats]:
    """Return the chances that models trained on real and on synthetic rows give to the hold-out's rows."""
    others = [k for k in range(len(encoded.names)) if k != outcome.column]
    chances = []
    for which in (0, 1):
        rows = np.flatnonzero(outcome.known[which])
        rows = np.random.default_rng([seed, 11]).permutation(rows)[: 2 * CLASSIFIER_ROWS]
        chances.append(
            _chances(encoded, others, encoded.tables[which], rows, outcome.truth[which], encoded.tables[holdout], seed)
        )
    return chances[0], chances[1]


def _chances(encoded: Encoded, others: list[int], table: Floats, rows: Ints, truth: Bools, judged: Floats, seed: int) -> Floats:
    if len(np.unique(truth[rows])) < 2:
        return np.full(len(judged), 0.5)
    with one_thread():
        model = fitted(encoded, others, table[rows][:, others], truth[rows], seed)
        return np.asarray(model.predict_proba(judged[:, others])[:, 1])


def downstream(encoded: Encoded, outcome: Outcome, holdout: int, chances: tuple[Floats, Floats]) -> Downstream:
    """Judge the two models' chances of the hold-out's rows."""
    known = outcome.known[holdout]
    truth = outcome.truth[holdout][known]
    real, synthetic = (c[known] for c in chances)
    return Downstream(
        encoded.names[outcome.column], outcome.words, auc(real, truth), auc(synthetic, truth), auc_lost(real, synthetic, truth)
    )


def one_thread() -> AbstractContextManager[object]:
    """Return a context in which the classifier uses one thread: on a busy machine its threads, which wait for each other by
    spinning, took two minutes for what one does in a second."""
    limited: AbstractContextManager[object] = threadpool_limits(1, user_api="openmp")
    return limited


def fitted(encoded: Encoded, columns: list[int], x: Floats, y: Bools, seed: int) -> HistGradientBoostingClassifier:
    """Return a classifier trained on these columns; categories of very many levels are taken as numbers."""
    few = [bool(encoded.categorical[j]) and len(encoded.levels[j]) <= MOST_LEVELS for j in columns]
    # A column without any value cannot be cut into bins; with one value it tells as little.
    empty = np.isnan(x).all(axis=0)
    return HistGradientBoostingClassifier(categorical_features=few, random_state=seed).fit(np.where(empty, 0.0, x), y)
