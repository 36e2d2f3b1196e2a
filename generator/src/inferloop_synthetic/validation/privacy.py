"""Attacks on a synthetic table: can it be told who was in the real one, and what was hidden about them?

Both attacks are made on rows that were learned from and, as a control, on rows that were not; only the difference is the
table's fault. Distances are shown beside them and decide nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inferloop_synthetic.tabular.arrays import Bools, Floats, Ints, Singles
from inferloop_synthetic.validation.encoding import Encoded, ranks
from inferloop_synthetic.validation.measures import Estimate, auc, difference, joint_z, share

ATTACKED = 2000
REFERENCE = 20_000
GUESSED = 1500
GUESSED_FROM = 5000
FALSE_ALARMS = 0.01
NEAR_ENOUGH = 0.05
"""A guessed number is right when it is within so much of the true one, in ranks."""
_BLOCK_VALUES = 8_000_000


@dataclass(frozen=True)
class AttributeAttack:
    """How often an attacker who knows all other columns guesses one: from rows learned from, and from the control.

    The intervals of all columns hold together with 95 %.
    """

    column: str
    learned: Estimate
    control: Estimate
    advantage: Estimate


@dataclass(frozen=True)
class Distances:
    """How far real rows are from the nearest synthetic row: columns that differ, on average over the columns."""

    edges: tuple[float, ...]
    learned: tuple[float, ...]
    control: tuple[float, ...]
    """Shares of the rows learned from and of the control in each bin."""
    median_learned: float
    median_control: float


@dataclass(frozen=True)
class Privacy:
    """The outcome of all attacks. AUC 0.5 is a coin toss."""

    attacked: int
    """Rows learned from that were attacked, and as many of the control."""
    membership: Estimate
    """AUC of the attack that takes a row for a member when a synthetic row is near."""
    membership_calibrated: Estimate
    """The same when nearness is compared with that of other real rows, which is harder to withstand."""
    recognised: Estimate
    """Share of members that the calibrated attack recognises with 1 % false alarms, minus these: what an average hides."""
    attributes: tuple[AttributeAttack, ...]
    copies: Estimate
    """Share of synthetic rows that are also among the rows learned from."""
    copies_by_chance: Estimate
    """The same share of the hold-out's rows: how often it happens by chance."""
    copies_excess: Estimate
    """The first minus the second."""
    distances: Distances


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
    copies, by_chance = _copies(synthetic, real), _copies(holdout, real)
    return Privacy(
        attacked=size,
        membership=auc(-near, truth),
        membership_calibrated=auc(far - near, truth),
        recognised=_recognised(far - near, truth),
        attributes=tuple(_attributes(encoded, member[:GUESSED], control[:GUESSED], sample[:GUESSED_FROM])),
        copies=copies,
        copies_by_chance=by_chance,
        copies_excess=difference(copies, by_chance),
        distances=_distances(near / max(len(encoded.names), 1), truth),
    )


def nearest(rows: Floats, among: Floats, categorical: Bools) -> tuple[Floats, Ints]:
    """Return each row's distance to the nearest of `among`, and which that is.

    Numbers count their difference in rank, categories 1 when they differ, and so does a missing value beside a present one.
    """
    best, place = np.full(len(rows), np.inf), np.zeros(len(rows), np.int64)
    if not len(among):
        return best, place
    others = np.ascontiguousarray(among.T, np.float32)
    step = max(_BLOCK_VALUES // 20 // len(among), 1)
    for at in range(0, len(rows), step):
        block = rows[at : at + step].astype(np.float32)
        total = np.zeros((len(block), len(among)), np.float32)
        for j, level in enumerate(categorical):
            total += _apart(others[j], block[:, j], bool(level))
        place[at : at + step] = total.argmin(1)
        best[at : at + step] = total.min(1)
    return best, place


def _apart(column: Singles, own: Singles, level: bool) -> Singles:
    """Return how far each of `own` is from each of `column`; missing, -1, is 1 from everything but itself."""
    if level:
        different: Singles = (column[None, :] != own[:, None]).astype(np.float32)
        return different
    apart: Singles = np.abs(column[None, :] - own[:, None])
    np.minimum(apart, 1, out=apart)
    return apart


def _nearest_without(rows: Floats, among: Floats, categorical: Bools) -> Ints:
    """Return for each row and each column the nearest of `among` when that column does not count."""
    columns = len(categorical)
    place = np.zeros((len(rows), columns), np.int64)
    others = np.ascontiguousarray(among.T, np.float32)
    step = max(_BLOCK_VALUES // len(among) // columns, 1)
    for at in range(0, len(rows), step):
        block = rows[at : at + step].astype(np.float32)
        apart = [_apart(others[j], block[:, j], bool(level)) for j, level in enumerate(categorical)]
        total = np.sum(apart, axis=0)
        for j in range(columns):
            place[at : at + step, j] = (total - apart[j]).argmin(1)
    return place


def _recognised(score: Floats, truth: Bools) -> Estimate:
    control = np.sort(score[~truth])[::-1]
    if not len(control):
        return Estimate(0.0, -1.0, 1.0)
    bar = control[int(FALSE_ALARMS * len(control))]
    hits = share(int((score[truth] > bar).sum()), int(truth.sum()))
    return difference(hits, share(int((control > bar).sum()), len(control)))


def _attributes(encoded: Encoded, member: Floats, control: Floats, sample: Floats) -> list[AttributeAttack]:
    """Guess each column of the attacked rows from the nearest synthetic row."""
    if len(encoded.names) < 2 or not len(sample) or not len(member):
        return []
    z = joint_z(len(encoded.names))
    hits: list[list[Estimate]] = []
    for rows in (member, control):
        places = _nearest_without(rows, sample, encoded.categorical)
        allowed = np.where(encoded.categorical, 0.0, NEAR_ENOUGH)
        guesses = sample[places, np.arange(len(encoded.names))]
        right = (np.abs(guesses - rows) <= allowed).sum(0)
        hits.append([share(int(count), len(rows), z) for count in right])
    return [AttributeAttack(n, a, b, difference(a, b)) for n, a, b in zip(encoded.names, *hits, strict=True)]


def _copies(rows: Floats, real: Floats) -> Estimate:
    if not rows.shape[1]:
        return share(0, len(rows))
    known = {row.tobytes() for row in np.ascontiguousarray(real)}
    return share(sum(row.tobytes() in known for row in np.ascontiguousarray(rows)), len(rows))


def _distances(near: Floats, truth: Bools, bins: int = 20) -> Distances:
    top = float(np.quantile(near, 0.99)) if len(near) else 0.0
    edges = np.linspace(0, top if top > 0 else 1, bins + 1)
    shares = [np.histogram(np.minimum(part, edges[-1]), edges)[0] / max(len(part), 1) for part in (near[truth], near[~truth])]
    medians = [float(np.median(part)) if len(part) else 0.0 for part in (near[truth], near[~truth])]
    return Distances(tuple(edges.tolist()), tuple(shares[0].tolist()), tuple(shares[1].tolist()), *medians)
