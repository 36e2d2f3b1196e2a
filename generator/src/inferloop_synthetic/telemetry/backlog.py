"""How many jobs wait and run, looked up now and then, so that telling it waits for no database."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from inferloop_synthetic.jobs.errors import StoreUnavailable

FRESH_S = 60.0
"""What was looked up longer ago is not told: no number is better than an old one."""


@dataclass(frozen=True)
class Backlog:
    """The jobs of all replicas that have not ended."""

    queued: int
    running: int
    oldest_s: float
    """For how long the oldest of those that wait has waited; 0 where none waits."""


class BacklogWatch:
    """Keeps what the last look into the database found."""

    def __init__(self, measure: Callable[[], Backlog], clock: Callable[[], float] = time.monotonic) -> None:
        self._measure, self._clock = measure, clock
        self._last: tuple[float, Backlog] | None = None

    def look(self) -> None:
        """Look into the database; what was found before stays where it does not answer."""
        try:
            self._last = (self._clock(), self._measure())
        except StoreUnavailable:
            return  # readiness and the log of whoever needs the database say so

    def last(self) -> Backlog | None:
        """Return what was found last, or None where that is too long ago."""
        if self._last is None or self._clock() - self._last[0] > FRESH_S:
            return None
        return self._last[1]
