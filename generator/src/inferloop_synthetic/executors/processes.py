"""Processes on this machine. A worker that is killed takes no part with it: what it was making is made again."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from itertools import islice
from multiprocessing.synchronize import Event
from typing import Annotated, ClassVar

from pydantic import Field

from inferloop_synthetic.executors import ExecutorError, IsCancelled, OnPart
from inferloop_synthetic.pipeline.destination import Destination
from inferloop_synthetic.pipeline.make import Cancelled, make_part
from inferloop_synthetic.pipeline.parts import Part, PartReceipt
from inferloop_synthetic.pipeline.prepare import Prepared

MOST_DEATHS = 3
"""Times in a row that workers may die without a part being made in between."""
LOOK_EVERY_S = 0.2


@dataclass(frozen=True)
class Processes:
    """Starts `workers` processes, each of which reads the model once."""

    name: ClassVar[str] = "processes"
    title: ClassVar[str] = "processes on this machine, one part each"

    workers: Annotated[int, Field(ge=1, le=256)] = 2

    def run(
        self,
        prepared: Prepared,
        parts: Sequence[Part],
        destination: Destination,
        *,
        on_part: OnPart,
        cancelled: IsCancelled,
    ) -> list[PartReceipt]:
        """Make the parts; see Executor."""
        done: dict[int, PartReceipt] = {}
        deaths = 0
        while len(done) < len(parts):
            before = len(done)
            missing = [part for part in parts if part.index not in done]
            try:
                self._round(prepared, missing, destination, done, on_part, cancelled)
            except BrokenProcessPool as error:
                deaths = deaths + 1 if len(done) == before else 1
                destination.sweep()
                if deaths >= MOST_DEATHS:
                    raise ExecutorError(
                        f"workers were killed {deaths} times in a row; if memory is short, ask for fewer workers or smaller parts"
                    ) from error
        return [done[part.index] for part in parts]

    def _round(
        self,
        prepared: Prepared,
        parts: Sequence[Part],
        destination: Destination,
        done: dict[int, PartReceipt],
        on_part: OnPart,
        cancelled: IsCancelled,
    ) -> None:
        """Make parts until all are done or a worker dies; on any error the workers stop at their next batch."""
        context = multiprocessing.get_context("spawn")
        stop = context.Event()
        workers = min(self.workers, len(parts))
        waiting = iter(parts)
        with ProcessPoolExecutor(workers, context, _start, (prepared, destination, stop)) as pool:
            try:
                # One part more than there are workers: thousands of parts need not be queued to be made.
                running: set[Future[PartReceipt]] = {pool.submit(_make, part) for part in islice(waiting, workers + 1)}
                while running:
                    ended, running = wait(running, LOOK_EVERY_S, FIRST_COMPLETED)
                    for future in ended:
                        receipt = future.result()
                        done[receipt.index] = receipt
                        on_part(receipt)
                    running |= {pool.submit(_make, part) for part in islice(waiting, len(ended))}
                    _go_on(cancelled)
            except BaseException:
                stop.set()
                pool.shutdown(wait=True, cancel_futures=True)
                destination.sweep()
                raise


def _go_on(cancelled: IsCancelled) -> None:
    if cancelled():
        raise Cancelled("the parts under way were given up")


_WORK: dict[str, tuple[Prepared, Destination, Event]] = {}
"""What this worker process was started for; a process pool has no other place for it."""


def _start(prepared: Prepared, destination: Destination, stop: Event) -> None:
    """Begin as a worker: Ctrl-C is the parent's to handle, and without a parent there is nothing to do."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    _WORK["parts"] = (prepared, destination, stop)


def _leave_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _make(part: Part) -> PartReceipt:
    prepared, destination, stop = _WORK["parts"]
    return make_part(prepared, part, destination, threads=1, cancelled=stop.is_set)
