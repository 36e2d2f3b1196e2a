"""In which order the pieces of a table are drawn, and which are looked up because others determine them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from inferloop_synthetic.tabular.arrays import Floats, Ints
from inferloop_synthetic.tabular.codecs import Codec
from inferloop_synthetic.tabular.pieces import Piece, Rules

MOST_REORDERED = 40
"""Of wider tables only two orders are tried."""
MOST_PAIRS = 2**20
"""Two columns may determine a third when their codes have at most this many combinations."""


def candidate_orders(pieces: Sequence[Piece], coarse: Sequence[Ints], leading: Sequence[int]) -> list[list[int]]:
    """Return the orders worth trying: simple pieces first, those that tell most of the others, rich ones, or moments first.

    None is best for every table: what comes first is drawn exactly, what comes last is drawn given everything.
    """
    entropy = np.array([piece.codec.entropy for piece in pieces])
    told = _information(coarse).sum(1)
    moment = np.array([piece.moment for piece in pieces])
    keys = [entropy, -told]
    if len(pieces) <= MOST_REORDERED:
        keys += [entropy - told, -entropy, *([np.where(moment, entropy - 1000, entropy)] if moment.any() else [])]
    found: list[list[int]] = []
    for key in keys:
        ahead = {c: place for place, c in enumerate(leading)}
        order = sorted(range(len(pieces)), key=lambda i: (ahead.get(pieces[i].column, len(ahead)), key[i], i))
        if order not in found:
            found.append(order)
    return found


def _information(coarse: Sequence[Ints]) -> Floats:
    """Return the mutual information of every two columns' coarse groups."""
    found = np.zeros((len(coarse), len(coarse)))
    for i in range(len(coarse)):
        for j in range(i):
            found[i, j] = found[j, i] = mutual_information(coarse[i], coarse[j])
    return found


def mutual_information(a: Ints, b: Ints) -> float:
    """Return how much two columns of groups tell about each other, in nats."""
    size = int(b.max()) + 1
    joint = np.bincount(a * size + b, minlength=(int(a.max()) + 1) * size).reshape(-1, size) / len(a)
    apart = np.outer(joint.sum(1), joint.sum(0))
    seen = joint > 0
    return float((joint[seen] * np.log(joint[seen] / apart[seen])).sum())


def with_inputs_first(pieces: Sequence[Piece], order: Sequence[int], determined: Mapping[int, tuple[int, ...]]) -> list[int]:
    """Move pieces back so that each stands after those that it is looked up from and after the columns its relation reads."""
    moved = list(order)
    for target, by in determined.items():
        moved.remove(target)
        moved.insert(max(moved.index(i) for i in by) + 1, target)
    for i in list(moved):
        relation = pieces[i].relation
        if relation is None:
            continue
        last = max(moved.index(k) for k in moved if pieces[k].column in relation.inputs)
        if last > moved.index(i):
            moved.remove(i)
            moved.insert(last, i)
    return _inputs_first(pieces, moved)


def _inputs_first(pieces: Sequence[Piece], order: Sequence[int]) -> list[int]:
    """Move pieces back until each stands after the columns that its relation reads."""
    placed: list[int] = []
    waiting = list(order)
    while waiting:
        columns_waiting = {pieces[k].column for k in waiting}
        for i in waiting:
            relation = pieces[i].relation
            if relation is None or not columns_waiting.intersection(relation.inputs):
                placed.append(i)
                waiting.remove(i)
                break
        else:
            raise AssertionError("relations between columns form a circle")
    return placed


def dependencies(
    pieces: Sequence[Piece], order: Sequence[int], leading: Sequence[int], rules: Rules
) -> dict[int, tuple[int, ...]]:
    """Return the pieces whose code one other piece, or two together, determine; and the simplest such pieces."""
    rows = len(pieces[0].coded.code)
    entropy = [piece.codec.entropy for piece in pieces]
    free = [i for i in order if pieces[i].relation is None and pieces[i].codec.size >= 3]
    targets = [i for i in free if pieces[i].column not in leading]
    sources = [i for i in free if _is_listed(pieces[i].codec) and pieces[i].codec.size <= rows / 8]
    purity = {(t, i): _purity(pieces[t], pieces[i].coded.code) for t in targets for i in sources if t != i}
    found: dict[int, tuple[int, ...]] = {}

    def taken(target: int) -> bool:
        return any(target in by for by in found.values())

    for target in targets:
        size = pieces[target].codec.size
        able = [i for i in sources if i != target and i not in found and pieces[i].codec.size >= size]
        able = [i for i in able if purity[target, i] >= rules.dependency_share]
        if able and not taken(target):
            found[target] = (min(able, key=lambda i: entropy[i]),)
    for target in reversed(targets):
        if target in found or taken(target) or not _is_listed(pieces[target].codec):
            continue
        pair = _determining_pair(pieces, target, [i for i in sources if i != target and i not in found], purity, rules)
        if pair is not None:
            found[target] = pair
    return found


def _determining_pair(
    pieces: Sequence[Piece], target: int, sources: Sequence[int], purity: Mapping[tuple[int, int], float], rules: Rules
) -> tuple[int, int] | None:
    """Return two simpler pieces that determine the target together, or the day and time of one time stamp that do."""
    entropy = pieces[target].codec.entropy
    promising = [i for i in sorted(sources, key=lambda i: -purity[target, i])[:4] if purity[target, i] >= 0.25]
    for by in promising:
        for other in sources:
            same_stamp = pieces[other].column == pieces[by].column
            simpler = pieces[by].codec.entropy < entropy and pieces[other].codec.entropy < entropy
            if other != by and (same_stamp or simpler) and _determines(pieces, (by, other), target, rules):
                return by, other
    return None


def _is_listed(codec: Codec) -> bool:
    """Say whether a code stands for one value (but for one row in a hundred)."""
    return not codec.ordered or float(codec.share[codec.high > codec.low].sum()) <= 0.01


def _purity(piece: Piece, source: Ints) -> float:
    """Return how often another row with the same source has the source's commonest code; 0 where sources hardly repeat."""
    pair, count = np.unique(source * piece.codec.size + piece.coded.code, return_counts=True)
    of = pair // piece.codec.size
    starts = np.flatnonzero(np.r_[True, of[1:] != of[:-1]])
    most, total = np.maximum.reduceat(count, starts), np.add.reduceat(count, starts)
    repeats = int((total - 1).sum())
    return float((most - 1).sum() / repeats) if repeats >= len(source) / 2 else 0.0


def _determines(pieces: Sequence[Piece], pair: tuple[int, int], target: int, rules: Rules) -> bool:
    a, b = (pieces[i] for i in pair)
    if a.codec.size * b.codec.size > MOST_PAIRS:
        return False
    joint = a.coded.code * b.codec.size + b.coded.code
    rows = slice(0, 5000) if len(joint) > 20_000 else slice(None)
    probe = np.unique(joint[rows] * pieces[target].codec.size + pieces[target].coded.code[rows])
    if len(probe) > 1.05 * len(np.unique(joint[rows])) + 5:
        return False
    return _purity(pieces[target], joint) >= rules.dependency_share
