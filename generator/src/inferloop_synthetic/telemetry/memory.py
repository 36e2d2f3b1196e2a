"""How much memory this process and its children use, and refusing work when it is too much."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from inferloop_synthetic.security.errors import Unavailable
from inferloop_synthetic.telemetry.logs import fields

_FRESH_S = 1.0
_NEAR = 0.85
_log = logging.getLogger(__name__)


class MemoryExceeded(Unavailable):
    """The process uses more memory than it may."""

    code = "memory-limit"


def resident_bytes(pid: int | None = None) -> int:
    """Return the resident memory of a process (this one) and of all that it started; 0 when it is gone."""
    import psutil  # type: ignore[import-untyped,unused-ignore]

    try:
        first = psutil.Process(pid)
        processes = [first, *first.children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0
    total = 0
    for process in processes:
        try:
            total += process.memory_info().rss
        except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
            continue
    return total


class MemoryWatch:
    """Measures memory and holds it against a limit; without a limit it only measures.

    Measuring walks over the processes of the machine, so a measurement serves for a second.
    """

    def __init__(
        self, limit_bytes: int | None, *, measure: Callable[[], int] = resident_bytes, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.limit_bytes = limit_bytes
        self._measure, self._clock = measure, clock
        self._last: tuple[float, int] | None = None
        self._warned = False

    def used(self) -> int:
        """Return the bytes in use, as measured within the last second."""
        now = self._clock()
        if self._last is None or now - self._last[0] >= _FRESH_S:
            self._last = (now, self._measure())
            self._tell(self._last[1])
        return self._last[1]

    def check(self, expected_bytes: int = 0) -> None:
        """Raise MemoryExceeded when more is in use than may be, or would be with `expected_bytes` more."""
        if self.limit_bytes is None:
            return
        used = self.used()
        if used + expected_bytes > self.limit_bytes:
            mebibytes = [round(number / 2**20) for number in (used, expected_bytes, self.limit_bytes)]
            needed = f" and {mebibytes[1]} MiB more are needed" if expected_bytes else ""
            raise MemoryExceeded(
                f"{mebibytes[0]} MiB of memory are in use{needed}; the limit is {mebibytes[2]} MiB.",
                hint="Ask for fewer rows at once, or try again later; operators: GUARDIAN_MAX_MEMORY_USAGE_MB.",
                headers={"Retry-After": "10"},
            )

    def _tell(self, used: int) -> None:
        if self.limit_bytes is None:
            return
        near = used > _NEAR * self.limit_bytes
        if near and not self._warned:
            _log.warning("memory is nearly used up", extra=fields(used_bytes=used, limit_bytes=self.limit_bytes))
        self._warned = near
