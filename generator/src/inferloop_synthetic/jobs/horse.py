"""One process for one job: its memory goes back when it ends, and what it does cannot take the worker with it.

The worker forks it, as RQ does, so that it starts at once with the libraries loaded. It opens connections of its own.
"""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import os
import signal
import socket
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from multiprocessing.connection import wait
from multiprocessing.context import ForkProcess

from inferloop_synthetic.jobs.errors import Unavailable
from inferloop_synthetic.jobs.janitor import Janitor
from inferloop_synthetic.jobs.store import JobStore
from inferloop_synthetic.jobs.worker import WorkerContext, work_on

log = logging.getLogger(__name__)
OpenContext = Callable[[threading.Event], AbstractContextManager[WorkerContext]]
"""Opens what working on a job needs, in the process that works on it; the event says that it should stop."""
LOOK_EVERY_S = 2.0


def ride(job_id: str | None, open_context: OpenContext, store: JobStore) -> None:
    """Work on one job in this process, which was forked for it; `store` is the worker's, whose connections are left alone."""
    stopping = threading.Event()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the worker, which says SIGTERM
    signal.signal(signal.SIGTERM, lambda number, frame: stopping.set())
    store.database.engine.dispose(close=False)
    with open_context(stopping) as context:
        work_on(job_id, context)


def horse_name(pid: int | None) -> str:
    """Return the name under which a process of this machine holds leases."""
    return f"{socket.gethostname()}:{pid}"


def bury(store: JobStore, pid: int | None, status: str) -> None:
    """Take back the jobs of a process that died."""
    with contextlib.suppress(Unavailable):  # then their leases end by themselves
        for job_id in (taken := store.died(horse_name(pid))).waiting + taken.failed:
            log.error("job %s: the process that worked on it died (%s)", job_id, status)


class DatabaseWorker:
    """Takes jobs from the database and works on them, one after the other, each in a process of its own."""

    def __init__(self, store: JobStore, open_context: OpenContext, janitor: Janitor, *, burst: bool = False) -> None:
        """With `burst` it ends when no job waits."""
        self._store, self._open, self._janitor, self._burst = store, open_context, janitor, burst
        self._stopping = threading.Event()
        self._horse: ForkProcess | None = None

    def run(self) -> None:
        """Work until SIGTERM or SIGINT; the job that is worked on is given back then."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda received, frame: self.stop())
        while not self._stopping.is_set():
            self._janitor.look()
            if self._next():
                self._work()
            elif self._burst:
                return
            else:
                self._stopping.wait(LOOK_EVERY_S)

    def stop(self) -> None:
        """Begin to end."""
        self._stopping.set()
        if self._horse is not None and self._horse.pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._horse.pid, signal.SIGTERM)

    def _next(self) -> bool:
        try:
            return bool(self._store.waiting(1))
        except Unavailable as problem:
            log.warning("%s", problem.message)
            return False

    def _work(self) -> None:
        horse = multiprocessing.get_context("fork").Process(target=ride, args=(None, self._open, self._store))
        horse.start()
        self._horse = horse
        if self._stopping.is_set():
            self.stop()  # the signal came while there was no process yet to tell
        while not wait([horse.sentinel], LOOK_EVERY_S):
            self._janitor.look()
        horse.join()
        self._horse = None
        if horse.exitcode:
            bury(self._store, horse.pid, f"exit code {horse.exitcode}")
