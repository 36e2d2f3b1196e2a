"""Keeps jobs from being forgotten: leases that ended, messages that were lost, results that nobody needs any more."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from inferloop_synthetic.jobs.errors import Unavailable
from inferloop_synthetic.jobs.model import Job
from inferloop_synthetic.jobs.queue import JobQueue
from inferloop_synthetic.jobs.store import JobStore

log = logging.getLogger(__name__)
SWEEP_EVERY_S = 300.0


class Janitor:
    """Looks after the jobs every so often. Any number of processes may have one; they do not get into each other's way."""

    def __init__(
        self,
        store: JobStore,
        queue: JobQueue,
        *,
        every_s: float = 5.0,
        ended: Callable[[Job], None] | None = None,
        sweep: Callable[[], object] | None = None,
    ) -> None:
        """`ended` is told of jobs that fail here; `sweep` removes what is old, every five minutes."""
        self._store, self._queue, self._every_s = store, queue, every_s
        self._ended, self._sweep = ended, sweep
        self._next_look = self._next_sweep = 0.0
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def look(self) -> None:
        """Do what is due. A server that is lost is waited for: it is said in the log, and tried again the next time."""
        now = time.monotonic()
        if now < self._next_look:
            return
        self._next_look = now + self._every_s
        try:
            self.reap()
            self.refill()
            if self._sweep is not None and now >= self._next_sweep:
                self._next_sweep = now + SWEEP_EVERY_S
                self._sweep()
        except Unavailable as problem:
            log.warning("%s", problem.message)

    def reap(self) -> None:
        """Take back the jobs whose workers are silent."""
        reaped = self._store.reap()
        for job_id in reaped.waiting:
            log.warning("job %s: its worker has been silent for too long; it waits for another", job_id)
        for job_id in reaped.failed:
            log.error("job %s: failed, for its workers died one after the other", job_id)
            if self._ended is not None:
                self._ended(self._store.get(job_id))

    def refill(self) -> None:
        """Hand out jobs that wait and that the queue does not know of: it lost them, or never got them."""
        for job_id in self._queue.missing(self._store.waiting()):
            self._queue.enqueue(job_id)

    def start(self) -> Janitor:
        """Look every so often in a thread; returns itself."""
        self._thread = threading.Thread(target=self._run, name="janitor", daemon=True)
        self._thread.start()
        return self

    def close(self) -> None:
        """End the thread."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while True:
            self.look()
            if self._stop.wait(self._every_s):
                return
