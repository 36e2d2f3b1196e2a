"""The default queue: threads of this process take jobs from the database. Several processes may do so side by side."""

from __future__ import annotations

import logging
import threading

from inferloop_synthetic.jobs.errors import StoreUnavailable
from inferloop_synthetic.jobs.worker import WorkerContext, work_on

log = logging.getLogger(__name__)


class LocalQueue:
    """Works on jobs in threads. It looks for jobs that others stored every `look_every_s`, and at once for its own."""

    def __init__(self, context: WorkerContext, workers: int = 1, *, look_every_s: float = 2.0) -> None:
        self._context = context
        self._look_every_s = look_every_s
        self._wake = threading.Semaphore(0)
        self._threads = [threading.Thread(target=self._work, name=f"worker-{i}", daemon=True) for i in range(workers)]

    def start(self) -> LocalQueue:
        """Begin to work; returns itself."""
        for thread in self._threads:
            thread.start()
        return self

    def enqueue(self, job_id: str) -> None:
        """Wake a thread; it takes the job that has waited longest."""
        self._wake.release()

    def missing(self, waiting: tuple[str, ...]) -> tuple[str, ...]:
        """Return none: the threads look into the database themselves."""
        return ()

    def depth(self) -> int:
        """Return how many jobs wait in the database."""
        return len(self._context.store.waiting())

    def ping(self) -> None:
        """Do nothing: there is no server but the database, which is asked for itself."""

    def close(self, grace_s: float = 20.0) -> None:
        """Give running jobs back and end the threads; one that does not notice within the time goes on until the process ends."""
        self._context.stopping.set()
        for _ in self._threads:
            self._wake.release()
        for thread in self._threads:
            if thread.is_alive():
                thread.join(grace_s)

    def _work(self) -> None:
        stopping = self._context.stopping
        while not stopping.is_set():
            try:
                found = work_on(None, self._context)
            except StoreUnavailable as problem:
                log.warning("waiting for the database: %s", problem.message)
                found = None
            if found is None:
                self._wake.acquire(timeout=self._look_every_s)
