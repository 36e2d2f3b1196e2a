"""Which row of a second parent each child names.

Each row of the second parent has as many stubs as children it is to have. Children take stubs in a scrambled order, so that a
block of children gets a fair sample of them whichever other blocks are drawn; within the block they are handed out so that a
child gets a stub of the group that it wants as far as there are any.
"""

from __future__ import annotations

from collections import Counter

import numpy as np

from inferloop_synthetic.errors import ConstraintError
from inferloop_synthetic.tabular.arrays import Floats, Ints

SWAP_TRIES = 200


def scramble(number: Ints, size: int, salt: int) -> Ints:
    """Return a permutation of 0 to size - 1 at the places `number`: a Feistel network, walked until it lands inside."""
    half = max(1, (max(size - 1, 1).bit_length() + 1) // 2)
    mask = np.uint64((1 << half) - 1)
    result = number.astype(np.uint64)
    outside = np.arange(len(result))
    while len(outside):
        left, right = result[outside] >> np.uint64(half), result[outside] & mask
        for turn in range(6):
            key = np.uint64((salt * 0x9E3779B97F4A7C15 + turn * 0xD1B54A32D192ED03) % 2**64)
            mixed = (right + key) * np.uint64(0xBF58476D1CE4E5B9)
            mixed = (mixed ^ (mixed >> np.uint64(29))) * np.uint64(0x94D049BB133111EB)
            left, right = right, (left ^ (mixed >> np.uint64(33))) & mask
        result[outside] = (left << np.uint64(half)) | right
        outside = outside[result[outside] >= np.uint64(size)]
    return result.astype(np.int64)


def stub_rows(first: int, count: int, total: int, ends: Floats, salt: int) -> Ints:
    """Return the parent's rows of the stubs that children `first` to `first + count` of `total` take.

    `ends` are the running sums of the stubs, which need not be whole. Where there are more or fewer children than stubs, each row
    has as many more or fewer, to one.
    """
    stubs = float(ends[-1]) if len(ends) else 0.0
    place = scramble(np.arange(first, first + count), total, salt)
    if stubs == 0:
        return place % max(len(ends), 1)
    return np.minimum(np.searchsorted(ends, (place + 0.5) * (stubs / total), side="right"), len(ends) - 1)


def hand_out(wanted: Ints, offered: Ints, rng: np.random.Generator) -> Ints:
    """Return for each child the place of the stub it gets: one of the wanted group first, then any that is left."""
    children, stubs = (np.lexsort((rng.random(len(g)), g)) for g in (wanted, offered))
    got = np.full(len(wanted), -1, np.int64)
    size = int(max(wanted.max(initial=0), offered.max(initial=0))) + 1
    need, have = np.bincount(wanted, minlength=size), np.bincount(offered, minlength=size)
    both = np.minimum(need, have)
    child_rank = np.arange(len(wanted)) - np.repeat(np.cumsum(need) - need, need)
    stub_rank = np.arange(len(offered)) - np.repeat(np.cumsum(have) - have, have)
    served = child_rank < both[wanted[children]]
    used = stub_rank < both[offered[stubs]]
    got[children[served]] = stubs[used]
    left = stubs[~used]
    got[children[~served]] = rng.permutation(left)[: int((~served).sum())]
    return got


def part_twins(first: Ints, second: Ints, offered: int, rng: np.random.Generator, place: str) -> Ints:
    """Return `second` with rows exchanged so that no pair of `first` and `second` occurs twice.

    Raises ConstraintError where a first parent has more children than there are rows of the second.
    """
    second = second.copy()
    held = Counter(zip(first.tolist(), second.tolist(), strict=True))
    if len(held) == len(second):
        return second
    for row in range(len(second)):
        one, two = int(first[row]), int(second[row])
        if held[one, two] == 1:
            continue
        for other in rng.integers(0, len(second), SWAP_TRIES).tolist():
            their_one, their_two = int(first[other]), int(second[other])
            if not held[one, their_two] and not held[their_one, two]:
                held.subtract([(one, two), (their_one, their_two)])
                held.update([(one, their_two), (their_one, two)])
                second[row], second[other] = their_two, two
                break
        else:
            free = next((b for b in rng.permutation(offered).tolist() if not held[one, b]), None)
            if free is None:
                raise ConstraintError(
                    f"{place}: a row has more children than the {offered:,} rows that there are for them to name, each once: "
                    "draw more rows, or mark the table that they name as `keep`"
                )
            held.subtract([(one, two)])
            held.update([(one, free)])
            second[row] = free
    return second
