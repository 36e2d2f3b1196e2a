"""Whether a synthetic table treats groups of people worse than the real one does.

Four questions about each protected column. Are its groups as frequent (representation)? Is the outcome as evenly spread over
them (demographic parity of the data)? Is a model trained on synthetic rows as even as one trained on real rows, in how often
it gives the outcome (demographic parity) and in how often it is right (equalised odds; Hardt, Price and Srebro, 2016)? And
does the group that it serves worst fare worse?
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from inferloop_synthetic.errors import InputError
from inferloop_synthetic.tabular.arrays import Bools, Floats, Ints
from inferloop_synthetic.validation.encoding import Encoded
from inferloop_synthetic.validation.measures import (
    Estimate,
    auc,
    auc_lost,
    difference,
    joint_z,
    likeness_of_counts,
    share,
)
from inferloop_synthetic.validation.models import Outcome

MOST_GROUPS = 20
FEWEST_IN_GROUP = 30
REPLICATES = 2000


@dataclass(frozen=True)
class GroupShare:
    """A group's share of the rows in both tables; the intervals of all groups of a column hold together with 95 %."""

    group: str
    real: Estimate
    synthetic: Estimate
    shift: Estimate
    """Synthetic minus real."""
    outcome_real: Estimate | None
    outcome_synthetic: Estimate | None
    """Share of the group's rows that have the outcome; None in groups of fewer than 30 rows in either table."""


@dataclass(frozen=True)
class Gap:
    """The largest difference between two groups: in or trained on real rows, in or trained on synthetic rows, and its growth.

    Intervals are bootstrapped. A largest difference is on average too large in small groups, in both tables alike; the growth is
    what the synthetic table is to blame for.
    """

    real: Estimate
    synthetic: Estimate
    growth: Estimate
    """Synthetic minus real."""


@dataclass(frozen=True)
class GroupModel:
    """How well models trained on real and on synthetic rows predict the outcome in one group of the hold-out."""

    group: str
    rows: int
    real: Estimate
    synthetic: Estimate
    lost: Estimate


@dataclass(frozen=True)
class Bias:
    """What was found for one protected column. Everything on models is None or empty without a hold-out."""

    column: str
    outcome: str
    """In words, such as "income is >50K"; empty where there is none."""
    groups: tuple[GroupShare, ...]
    representation: Estimate
    """Half the summed differences of the groups' shares."""
    parity: Gap | None
    """Of the shares that have the outcome, in the tables."""
    model_parity: Gap | None
    """Of the shares of the hold-out to which the models give the outcome."""
    equalised_odds: Gap | None
    """Of the shares given the outcome among those that have it, or among those that have not, whichever is larger."""
    models: tuple[GroupModel, ...]
    worst: GroupModel | None
    """The group that the model trained on synthetic rows serves worst."""


def find_bias(
    encoded: Encoded, protected: Sequence[str], outcome: Outcome | None, chances: tuple[Floats, Floats] | None, seed: int = 0
) -> tuple[Bias, ...]:
    """Examine each protected column; `chances` are what models trained on real and on synthetic rows give to the hold-out."""
    found = []
    for name in protected:
        j = encoded.column(name)
        if outcome is not None and j == outcome.column:
            raise InputError(f"column {name!r} is the outcome; it cannot be the protected column too")
        found.append(_bias(encoded, j, outcome, chances, np.random.default_rng([seed, 40, j])))
    return tuple(found)


def _bias(
    encoded: Encoded, j: int, outcome: Outcome | None, chances: tuple[Floats, Floats] | None, rng: np.random.Generator
) -> Bias:
    names, members = _groups(encoded, j)
    shares = _shares(names, members, outcome)
    parity = model_parity = odds = worst = None
    models: list[GroupModel] = []
    words = "" if outcome is None else f"{encoded.names[outcome.column]} {outcome.words}"
    if outcome is not None:
        parity = _table_parity(members, outcome, len(names), rng)
    if outcome is not None and chances is not None:
        group, truth, given, scores = _judged(members[2], outcome, chances, len(names))
        if group is not None:
            model_parity, odds = _model_gaps(group, truth, given, rng)
            models = [
                GroupModel(names[g], int(of.sum()), auc(scores[0][of], truth[of]), auc(scores[1][of], truth[of]),
                           auc_lost(scores[0][of], scores[1][of], truth[of]))
                for g in np.unique(group) if 5 <= truth[of := group == g].sum() <= of.sum() - 5
            ]  # fmt: skip
            worst = min(models, key=lambda m: m.synthetic.value, default=None)
    return Bias(
        column=encoded.names[j],
        outcome=words,
        groups=tuple(shares),
        representation=_representation(members, len(names)),
        parity=parity,
        model_parity=model_parity,
        equalised_odds=odds,
        models=tuple(models),
        worst=worst,
    )


def _groups(encoded: Encoded, j: int) -> tuple[list[str], list[Ints]]:
    """Return the groups' names and each row's group: a category's commonest levels, a number's quarters, and missing."""
    columns = [table[:, j] for table in encoded.tables]
    if encoded.categorical[j]:
        levels = list(encoded.levels[j])
        names = levels[:MOST_GROUPS] + (["all others"] if len(levels) > MOST_GROUPS else [])
        members = [np.minimum(np.nan_to_num(c, nan=-1), MOST_GROUPS).astype(np.int64) for c in columns]
    else:
        present = columns[0][~np.isnan(columns[0])]
        edges = np.unique(np.quantile(present, [0.25, 0.5, 0.75])) if len(present) else np.zeros(0)
        ends = [f"{edge:.6g}" for edge in edges]
        names = [f"below {ends[0]}"] if ends else ["all"]
        names += [f"{a} to {b}" for a, b in pairwise(ends)] + ([f"{ends[-1]} and more"] if ends else [])
        members = [np.where(np.isnan(c), -1, np.searchsorted(edges, c, side="right")).astype(np.int64) for c in columns]
    if any((m < 0).any() for m in members):
        names.append("missing")
        members = [np.where(m < 0, len(names) - 1, m) for m in members]
    return names, members


def _shares(names: list[str], members: list[Ints], outcome: Outcome | None) -> list[GroupShare]:
    z = joint_z(len(names))
    found = []
    for g, name in enumerate(names):
        inside = [m == g for m in members[:2]]
        if not any(i.any() for i in inside):
            continue
        before, after = (share(int(i.sum()), len(i), z) for i in inside)
        rates: list[Estimate] | list[None] = [None, None]
        if outcome is not None:
            counted = [i & k for i, k in zip(inside, outcome.known, strict=False)]
            if min(int(c.sum()) for c in counted) >= FEWEST_IN_GROUP:
                rates = [share(int((t & c).sum()), int(c.sum()), z) for t, c in zip(outcome.truth, counted, strict=False)]
        found.append(GroupShare(name, before, after, difference(after, before), *rates))
    return found


def _representation(members: list[Ints], groups: int) -> Estimate:
    counts = [np.bincount(m, minlength=groups).astype(float) for m in members[:2]]
    alike = likeness_of_counts(counts[0], counts[1])
    return Estimate(1 - alike.value, 1 - alike.high, 1 - alike.low)


def _table_parity(members: list[Ints], outcome: Outcome, groups: int, rng: np.random.Generator) -> Gap | None:
    counts = []
    for which in (0, 1):
        known = outcome.known[which]
        cells = members[which][known] * 2 + outcome.truth[which][known]
        counts.append(np.bincount(cells, minlength=2 * groups).reshape(groups, 2))
    large = (counts[0].sum(1) >= FEWEST_IN_GROUP) & (counts[1].sum(1) >= FEWEST_IN_GROUP)
    if large.sum() < 2:
        return None

    def gap(table: Floats) -> Floats:
        return _spread(table[..., 1] / table.sum(-1), -1)

    tables = [c[large].astype(float) for c in counts]
    again = [_resampled(t, rng) for t in tables]
    return _gap([gap(t) for t in tables], [gap(a) for a in again])


def _judged(
    members: Ints, outcome: Outcome, chances: tuple[Floats, Floats], groups: int
) -> tuple[Ints | None, Bools, list[Bools], list[Floats]]:
    """Return of the hold-out's rows in large groups: the group, the truth, who is given the outcome, and the chances.

    Both models give the outcome to as large a share as has it in the rows learned from, so that neither is more generous.
    """
    rate = float(outcome.truth[0][outcome.known[0]].mean())
    size = np.bincount(members[outcome.known[2]], minlength=groups)
    kept = outcome.known[2] & (size >= FEWEST_IN_GROUP)[members]
    if len(np.unique(members[kept])) < 2:
        return None, kept, [], []
    given = [(c >= np.quantile(c[outcome.known[2]], 1 - rate))[kept] for c in chances]
    return members[kept], outcome.truth[2][kept], given, [c[kept] for c in chances]


def _model_gaps(group: Ints, truth: Bools, given: list[Bools], rng: np.random.Generator) -> tuple[Gap, Gap | None]:
    """Return the models' gaps, bootstrapped over the same rows for both, so that the growth is paired."""
    _, at = np.unique(group, return_inverse=True)
    cells = ((at * 2 + truth) * 2 + given[0]) * 2 + given[1]
    counts = np.bincount(cells, minlength=8 * (at.max() + 1)).astype(float).reshape(-1, 8)
    shape = (-1, 2, 2, 2)
    again = _resampled(counts, rng).reshape(REPLICATES, *shape)
    whole = counts.reshape(shape)

    def parity(table: Floats, axis: int) -> Floats:
        both = table.sum((-3, axis))
        return _spread(both[..., 1] / both.sum(-1), -1)

    def odds(table: Floats, axis: int) -> Floats:
        one = table.sum(axis)
        return np.asarray(_spread(one[..., 1] / np.maximum(one.sum(-1), 1), -2).max(-1))

    even = _gap([parity(whole, -1), parity(whole, -2)], [parity(again, -1), parity(again, -2)])
    if (whole.sum((-1, -2)) < 5).any():
        return even, None
    return even, _gap([odds(whole, -1), odds(whole, -2)], [odds(again, -1), odds(again, -2)])


def _spread(rates: Floats, axis: int) -> Floats:
    return np.asarray(np.ptp(rates, axis=axis))


def _resampled(counts: Floats, rng: np.random.Generator) -> Floats:
    """Return bootstrap replicates of rows of counts, drawn within each row."""
    totals = counts.sum(1)
    drawn = [rng.multinomial(int(n), row / n, REPLICATES) for row, n in zip(counts, totals, strict=True)]
    return np.stack(drawn, 1).astype(float)


def _gap(values: Sequence[Floats], replicates: Sequence[Floats]) -> Gap:
    ends = [*zip(values, replicates, strict=True), (values[1] - values[0], replicates[1] - replicates[0])]
    estimates = []
    for i, (value, drawn) in enumerate(ends):
        low, high = np.quantile(drawn, [0.025, 0.975])
        floor = -1.0 if i == 2 else 0.0
        estimates.append(
            Estimate(float(value), max(floor, min(float(low), float(value))), min(1.0, max(float(high), float(value))))
        )
    return Gap(*estimates)
