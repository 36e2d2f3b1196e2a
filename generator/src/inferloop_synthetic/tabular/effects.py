"""Effects of single codes, added to an additive index: what days, places, models or grades do beyond smooth curves.

An index is first fitted with few basis functions per column. What is left is then explained by groups of codes, from coarse to
single ones, each group's mean shrunk towards nought by as much as the groups' spread is noise (the random-effects model, with
variances by the method of moments). At drawing this costs nothing: the effects are added to the index's tables.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from inferloop_synthetic.tabular.additive import Index
from inferloop_synthetic.tabular.arrays import Floats, Ints, Singles
from inferloop_synthetic.tabular.codecs import Codec
from inferloop_synthetic.tabular.stages import index_values

FOLDS = 5
SWEEPS = 2
RESOLUTIONS = (48, 192)
"""Groups into which a number's codes are put before single codes are looked at."""


@dataclass(frozen=True)
class Effects:
    """Shrunk means of groups, and what of them each row gets from the other folds' rows alone."""

    table: Floats
    honest: Floats
    gain: float


def shrunk_means(left: Floats, group: Ints, groups: int, fold: Ints) -> Effects | None:
    """Return each group's shrunk mean of `left`; None where the groups differ no more than by chance."""
    rows = len(left)
    cells = np.bincount(group * FOLDS + fold, minlength=groups * FOLDS).reshape(groups, FOLDS).astype(float)
    sums = np.bincount(group * FOLDS + fold, left, groups * FOLDS).reshape(groups, FOLDS)
    count, total = cells.sum(1), sums.sum(1)
    used = int((count > 0).sum())
    if used < 2 or rows - used < 30:
        return None
    between = float((total**2 / np.maximum(count, 1)).sum())
    within = max(float((left**2).sum()) - between, 0.0) / (rows - used)
    spread = (between - used * within) / max(rows - float((count**2).sum()) / rows, 1.0)
    if spread <= 0 or within <= 0:
        return None
    penalty = within / spread
    table = total / (count + penalty)
    others = (total[:, None] - sums) / (count[:, None] - cells + penalty)
    honest = others[group, fold]
    gain = float((left**2).sum() - ((left - honest) ** 2).sum())
    return Effects(table, honest, gain) if gain > 0 else None


def groupings(codec: Codec) -> list[Ints]:
    """Return the group of each code at each resolution, coarse to fine."""
    if codec.size < 3:
        return []
    middle = codec.middle
    coarse = [np.minimum((middle * n).astype(np.int64), n - 1) for n in RESOLUTIONS if codec.ordered and codec.size > 1.5 * n]
    return [*coarse, np.arange(codec.size)]


def refine(
    index: Index,
    goal: Floats,
    rows: Ints,
    earlier: Sequence[int],
    codecs: Sequence[Codec],
    codes: Sequence[Ints],
    rng: np.random.Generator,
    terms: int,
    least_gain: float,
) -> tuple[Index, Singles]:
    """Add the effects of codes to an index that foretells `goal`, known in the rows numbered `rows`.

    `earlier` are the columns that may be read, at most `terms` in all, each explaining at least `least_gain` of the goal's
    variance. Returns the index and its value in every row, not counting the row's own fold where effects are concerned.
    """
    value = index_values(index, codes).astype(np.float64)
    tables = {c: t.astype(np.float64) for c, t in zip(index.columns, index.tables, strict=True)}
    fold = rng.integers(0, FOLDS, len(value))
    total = max(float(((goal - goal.mean()) ** 2).sum()), 1e-12)
    own = fold[rows]

    def found(column: int, grouping: Ints) -> Effects | None:
        return shrunk_means(goal - value[rows], grouping[codes[column][rows]], int(grouping.max()) + 1, own)

    for _ in range(SWEEPS):
        candidates = list(tables) if len(tables) >= terms else list(dict.fromkeys([*tables, *earlier]))
        for column in candidates:
            if column not in tables and len(tables) >= terms:
                break
            for grouping in groupings(codecs[column]):
                effects = found(column, grouping)
                if effects is None or effects.gain < (least_gain if column not in tables else least_gain / 10) * total:
                    continue
                tables[column] = tables.get(column, np.zeros(codecs[column].size)) + effects.table[grouping]
                elsewhere = effects.table[grouping][codes[column]]
                elsewhere[rows] = effects.honest
                value += elsewhere
    return Index(tuple(tables), tuple(t.astype(np.float32) for t in tables.values())), value.astype(np.float32)
