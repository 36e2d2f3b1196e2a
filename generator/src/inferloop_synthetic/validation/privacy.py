"""Attacks on a synthetic table: can it be told who was in the real one, and what was hidden about them?

Both attacks are made on rows that were learned from and, as a control, on rows that were not; only the difference is the
table's fault. Distances are shown beside them and decide nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inferloop_synthetic.tabular.arrays import Bools, Floats, Ints
from inferloop_synthetic.validation.encoding import Encoded, ranks
from inferloop_synthetic.validation.measures import Estimate, auc, difference, share

ATTACKED = 2000
REFERENCE = 20_000
GUESSED = 1500


@dataclass(frozen=True)
class AttributeAttack:
    """How often an attacker who knows all other columns guesses one: from rows learned from, and from the control."""

    column: str
    learned: Estimate
    control: Estimate
    advantage: Estimate


@dataclass(frozen=True)
class Privacy:
    """The outcome of all attacks. AUC 0.5 is a coin toss."""

    membership: Estimate
    membership_calibrated: Estimate
    attributes: tuple[AttributeAttack, ...]
    copies: Estimate
    """Share of synthetic rows that are also among the rows learned from."""
    copies_by_chance: Estimate
    """The same share of the hold-out's rows: how often it happens by chance."""
    distance_learned: float
    distance_control: float
    """Median distance to the nearest synthetic row (columns that differ, on average)."""


def attack(encoded: Encoded, seed: int = 0) -> Privacy:
    """Attack the tables (learned from, synthetic, hold-out) of `encoded`."""
    rng = np.random.default_rng([seed, 20])
    real, synthetic, holdout = ranks(encoded)
    size = min(ATTACKED, len(real), len(holdout) // 2)
    member = real[rng.permutation(len(real))[:size]]
    shuffled = holdout[rng.permutation(len(holdout))]
    control, reference = shuffled[:size], shuffled[size : size + REFERENCE]
    sample = synthetic[rng.permutation(len(synthetic))[:REFERENCE]]
    attacked = np.concatenate([member, control])
    truth = np.r_[np.ones(len(member), np.bool_), np.zeros(len(control), np.bool_)]
    near, _ = nearest(attacked, sample, encoded.categorical)
    far, _ = nearest(attacked, reference, encoded.categorical)
    width = max(len(encoded.names), 1)
    return Privacy(
        membership=auc(-near, truth),
        membership_calibrated=auc(far - near, truth),
        attributes=tuple(_attributes(encoded, member, control, sample)),
        copies=_copies(synthetic, real),
        copies_by_chance=_copies(holdout, real),
        distance_learned=float(np.median(near[truth])) / width if truth.any() else 0.0,
        distance_control=float(np.median(near[~truth])) / width if (~truth).any() else 0.0,
    )


def nearest(rows: Floats, among: Floats, categorical: Bools) -> tuple[Floats, Ints]:
    """Return each row's distance to the nearest of `among`, and which that is.

    Numbers count their difference in rank, categories 1 when they differ, and so does a missing value beside a present one.
    """
    best, place = np.full(len(rows), np.inf), np.zeros(len(rows), np.int64)
    if not len(among):
        return best, place
    others = np.ascontiguousarray(among.T, np.float32)
    for at in range(0, len(rows), 64):
        block = rows[at : at + 64].astype(np.float32)
        total = np.zeros((len(block), len(among)), np.float32)
        for j, level in enumerate(categorical):
            column, own = others[j][None, :], block[:, j, None]
            if level:
                total += column != own
            else:
                apart = np.abs(column - own)
                total += np.minimum(apart, 1, out=apart)
        place[at : at + 64] = total.argmin(1)
        best[at : at + 64] = total.min(1)
    return best, place


def _attributes(encoded: Encoded, member: Floats, control: Floats, sample: Floats) -> list[AttributeAttack]:
    """Guess each column of the attacked rows from the nearest synthetic row; a number is guessed when within 5 % of the ranks."""
    found = []
    small = sample[:5000]
    for j, name in enumerate(encoded.names):
        if len(encoded.names) < 2:
            break
        others = [k for k in range(len(encoded.names)) if k != j]
        hits = []
        for rows in (member[:GUESSED], control[:GUESSED]):
            _, place = nearest(rows[:, others], small[:, others], encoded.categorical[others])
            away = np.abs(small[place, j] - rows[:, j])
            hits.append(share(int((away <= (0 if encoded.categorical[j] else 0.05)).sum()), len(rows)))
        found.append(AttributeAttack(name, hits[0], hits[1], difference(hits[0], hits[1])))
    return found


def _copies(rows: Floats, real: Floats) -> Estimate:
    if not rows.shape[1]:
        return share(0, len(rows))
    known = {row.tobytes() for row in np.ascontiguousarray(real)}
    return share(sum(row.tobytes() in known for row in np.ascontiguousarray(rows)), len(rows))
