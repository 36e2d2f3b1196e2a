"""Names of columns as they stand in a source."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from inferloop_synthetic.data.limits import Limits
from inferloop_synthetic.errors import InputError

LONGEST = 1_000


def check_names(place: object, names: Sequence[str], limits: Limits) -> None:
    """Raise InputError where there are too many columns, two of one name, or one without a name or with an endless one."""
    if len(names) > limits.columns:
        raise InputError(f"{place}: {len(names):,} columns; at most {limits.columns:,} are read")
    twice = next((name for name, count in Counter(names).items() if count > 1), None)
    if twice is not None:
        raise InputError(f"{place}: column {twice!r} occurs {list(names).count(twice)} times")
    for at, name in enumerate(names, 1):
        if not name.strip():
            raise InputError(f"{place}: column {at} has no name")
        if len(name) > LONGEST:
            raise InputError(f"{place}: column {at} has a name of {len(name):,} letters; at most {LONGEST:,}")
