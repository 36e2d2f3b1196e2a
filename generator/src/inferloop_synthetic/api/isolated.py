"""Run heavy work in a process of its own, which can be stopped: by the clock, or because it takes too much memory."""

from __future__ import annotations

import multiprocessing
import os
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerContext
from typing import Any, TypeVar

from inferloop_synthetic.api.problems import ApiError
from inferloop_synthetic.errors import SyntheticError

T = TypeVar("T")
POLL_SECONDS = 0.05
_MIB = 2**20


class WorkerDiedError(Exception):
    """The process ended without an answer, and nobody here stopped it."""


class Isolated:
    """Starts processes from one that has loaded the libraries already, so that each takes some milliseconds."""

    def __init__(self, memory_limit_mb: int | None) -> None:
        self._limit = None if memory_limit_mb is None else memory_limit_mb * _MIB
        self._context: ForkServerContext = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["inferloop_synthetic.api.work"])

    def run(self, function: Callable[..., T], *arguments: Any, timeout_s: float, look_up: Callable[[], None] | None = None) -> T:
        """Return what the function returns in another process; raises what it raises, and ApiError where it was stopped.

        `look_up` is called now and then while the process works; what it raises ends the process.
        """
        here, there = self._context.Pipe()
        process = self._context.Process(target=_answer, args=(there, function, arguments), daemon=True)
        process.start()
        there.close()
        deadline = time.monotonic() + timeout_s
        try:
            while not wait([here, process.sentinel], POLL_SECONDS):
                self._watch(process.pid, deadline, timeout_s)
                if look_up is not None:
                    look_up()
            done, value = here.recv()
        except EOFError:
            process.join(5)
            raise WorkerDiedError(f"a worker ended with exit code {process.exitcode} and no answer") from None
        finally:
            here.close()
            process.kill()
            process.join()
        if done:
            return value  # type: ignore[no-any-return]
        raise value

    def _watch(self, pid: int | None, deadline: float, timeout_s: float) -> None:
        if time.monotonic() > deadline:
            hint = "Submit it as a job (without `wait`), ask for less, or give a longer `timeout`."
            raise ApiError(504, "timeout", f"It took longer than {timeout_s:g} s and was stopped.", hint)
        if self._limit is not None and resident_bytes(pid) > self._limit:
            hint = "Use fewer rows or columns, or ask the operator to raise GUARDIAN_MAX_MEMORY_USAGE_MB."
            detail = f"It needed more than the {self._limit // _MIB:,} MiB that one generation may have, and was stopped."
            raise ApiError(413, "too-much-memory", detail, hint)


def resident_bytes(pid: int | None) -> int:
    """Return the memory of a process, 0 once it has ended."""
    import psutil

    try:
        return int(psutil.Process(pid).memory_info().rss)
    except (psutil.Error, ValueError):
        return 0


def _answer(pipe: Connection, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        pipe.send((True, function(*arguments)))
    except SyntheticError as error:
        pipe.send((False, error))
    except MemoryError:
        pipe.send((False, MemoryError()))


def _end_with_parent() -> None:
    """Do not go on when the service was killed: nobody waits for the answer."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
