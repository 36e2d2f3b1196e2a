"""The heartbeat of a job that is worked on, and the reasons to stop working on it."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from enum import StrEnum
from types import TracebackType

from inferloop_synthetic.jobs.errors import LeaseLost, StoreUnavailable
from inferloop_synthetic.jobs.leases import Leases
from inferloop_synthetic.jobs.model import Lease

LONGEST_BEAT_S = 2.0
"""How long a cancelled job may go on being worked on, where the lease is longer."""


class Reason(StrEnum):
    """Why work on a job stops before its end."""

    lost = "lost"
    late = "late"
    stopping = "stopping"


class Pulse:
    """Renews the lease of a job in a thread of its own while the block runs, and watches for reasons to stop.

    A database that cannot be reached is no such reason: a lease that ended is renewed all the same when the database is back,
    unless another worker has taken the job by then.
    """

    def __init__(
        self,
        leases: Leases,
        lease: Lease,
        *,
        stopping: threading.Event,
        timeout_s: float | None = None,
        grace_s: float | None = None,
        last_words: Callable[[Reason], None] | None = None,
    ) -> None:
        """`grace_s` is how long the work may take to notice; then `last_words` are said and this process ends. None: for ever."""
        self._leases, self._lease, self._stopping = leases, lease, stopping
        self._deadline = None if timeout_s is None else time.monotonic() + timeout_s
        self._grace_s, self._last_words = grace_s, last_words
        self._beat_s = min(lease.seconds / 3, LONGEST_BEAT_S)
        self._ended = threading.Event()
        self._lost = threading.Event()
        self._thread = threading.Thread(target=self._watch, name=f"pulse-{lease.job.id[:8]}", daemon=True)

    @property
    def reason(self) -> Reason | None:
        """Why to stop, None while there is no reason to."""
        if self._lost.is_set():
            return Reason.lost
        if self._deadline is not None and time.monotonic() > self._deadline:
            return Reason.late
        return Reason.stopping if self._stopping.is_set() else None

    def cancelled(self) -> bool:
        """Say whether to stop."""
        return self.reason is not None

    def __enter__(self) -> Pulse:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        noticed: float | None = None
        while not self._ended.wait(self._beat_s):
            try:
                self._leases.heartbeat(self._lease)
            except LeaseLost:
                self._lost.set()
            except StoreUnavailable:
                pass  # it is back when it is back, and every worker that records something waits for that
            reason = self.reason
            if reason is None or self._grace_s is None:
                continue
            noticed = noticed or time.monotonic()
            if time.monotonic() - noticed > self._grace_s and not self._ended.is_set():
                self._leave(reason)

    def _leave(self, reason: Reason) -> None:
        try:
            if self._last_words is not None:
                self._last_words(reason)
        finally:
            # The work is in a library that does not look up, such as a fit. This process is for this job only.
            os._exit(0)
