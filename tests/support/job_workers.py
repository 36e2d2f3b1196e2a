"""Workers for tests: real ones, started from the command line, and ones that die at a point that the test chooses."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import event

from inferloop_synthetic.executors.in_process import InProcess
from inferloop_synthetic.jobs.database import Database, open_database
from inferloop_synthetic.jobs.model import Job
from inferloop_synthetic.jobs.store import JobStore
from inferloop_synthetic.jobs.worker import WorkerContext, work_on
from inferloop_synthetic.pipeline.destination import Destination, LocalDestination
from inferloop_synthetic.pipeline.finish import MANIFEST
from inferloop_synthetic.pipeline.prepare import Prepared, prepare

PATIENCE_S = 120.0


def spec(rows: int = 30, part_rows: int = 10, **more: Any) -> dict[str, Any]:
    """Return a small generation from a schema alone."""
    columns = [
        {"name": "id", "kind": "integer", "min": 1, "max": 1000},
        {"name": "name", "kind": "category", "values": ["ann", "bob"]},
    ]
    return {"schema": {"columns": columns}, "rows": rows, "part_rows": part_rows, "format": "csv", **more}


def eventually(check: Callable[[], Any], what: str) -> Any:
    """Return what the check returns as soon as it is true; fails after a time in which it must have become so."""
    deadline, pause = time.monotonic() + PATIENCE_S, threading.Event()
    while not (found := check()):
        if time.monotonic() > deadline:
            raise AssertionError(f"never came true: {what}")
        pause.wait(0.02)
    return found


def sums(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file of a finished job, and check them against its manifest."""
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.rglob("*") if path.is_file()}
    manifest = json.loads((folder / MANIFEST).read_text())
    assert {part["file"]: part["sha256"] for part in manifest["parts"]} == {
        name: digest for name, digest in found.items() if name != MANIFEST
    }
    return found


@dataclass
class Place:
    """Where jobs of a test are made, in processes of the test's own."""

    folder: Path
    url: str
    more: dict[str, Any] = field(default_factory=dict)

    def results(self, job_id: str) -> Path:
        """Return the folder of a job's results."""
        return self.folder / "results" / job_id

    def context(self, store: JobStore, **more: Any) -> WorkerContext:
        """Return what working needs; results and preparations go below the folder."""
        given: dict[str, Any] = {
            "destination_for": lambda job_id: LocalDestination(self.results(job_id)),
            "folder_for": lambda job_id: self.folder / "prepared" / job_id,
            "executor": InProcess(threads=1),
            **self.more,
            **more,
        }
        return WorkerContext(store, **given)

    def fused(self, store: JobStore, fuse: Fuse, written: Path) -> WorkerContext:
        """Return what working needs, with crossings; the names of files that are written go to `written`."""

        def crossing_prepare(*given: Any, **named: Any) -> Prepared:
            fuse.cross()
            prepared = prepare(*given, **named)
            fuse.cross()
            return prepared

        def destination(job_id: str) -> Destination:
            return FusedDestination(self.results(job_id), fuse, written)

        return self.context(store, destination_for=destination, prepare=crossing_prepare)


class Fuse:
    """Kills this process at the given crossing; crossings are what could be the last thing that a worker does."""

    def __init__(self, burns_at: int) -> None:
        self._left = burns_at
        self._worker = threading.get_ident()

    def cross(self, *what: object, **more: object) -> None:
        """Count a crossing of the working thread; the heartbeat crosses at random and would blur the count."""
        if threading.get_ident() != self._worker:
            return
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def watch(self, database: Database) -> None:
        """Cross before every statement, before every commit, and after every transaction."""
        for name in ("before_cursor_execute", "commit", "checkin"):
            event.listen(database.engine if name != "checkin" else database.engine.pool, name, self.cross)


class FusedDestination(LocalDestination):
    """Crosses before a file, after each of its chunks, and after it; keeps a list of what was written on disk."""

    def __init__(self, folder: Path, fuse: Fuse, written: Path) -> None:
        super().__init__(folder)
        self._fuse, self._written = fuse, written

    def write(self, name: str, chunks: Iterable[bytes]) -> tuple[int, str]:
        """Write a file, with crossings."""

        def crossing() -> Iterator[bytes]:
            for chunk in chunks:
                yield chunk
                self._fuse.cross()

        self._fuse.cross()
        with self._written.open("a") as file:
            file.write(name + "\n")
        result = super().write(name, crossing())
        self._fuse.cross()
        return result

    def delete(self, name: str) -> None:
        """Remove a file, with crossings."""
        self._fuse.cross()
        super().delete(name)
        self._fuse.cross()


def die_at(place: Place, crossing: int, written: Path) -> tuple[int | None, int | None]:
    """Work on the next job in a process that is killed at that crossing; return its exit code and its process id.

    Where the work has fewer crossings the process ends with 0, and the job is done.
    """

    def run() -> None:
        fuse, database = Fuse(crossing), open_database(place.url)
        fuse.watch(database)
        work_on(None, place.fused(JobStore(database), fuse, written))

    process = multiprocessing.get_context("fork").Process(target=run)
    process.start()
    process.join()
    return process.exitcode, process.pid


class Worker:
    """`inferloop-synthetic worker`, in a session of its own."""

    def __init__(self, environment: Mapping[str, str], log: Path, *options: str) -> None:
        self.log = log
        with log.open("ab") as sink:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "inferloop_synthetic", "worker", *options],
                env={**os.environ, **environment}, stdout=sink, stderr=sink, start_new_session=True,
            )  # fmt: skip

    def horses(self) -> list[int]:
        """Return the processes in which it works on jobs."""
        listing = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
        pairs = [line.split() for line in listing.splitlines()]
        return [int(pid) for pid, parent in pairs if int(parent) == self.process.pid]

    def kill(self) -> None:
        """Kill it with all its processes, as the loss of a machine would."""
        self.process.send_signal(signal.SIGSTOP)  # it must not see its horse die
        for pid in self.horses():
            os.kill(pid, signal.SIGKILL)
        self.process.kill()
        self.process.wait()

    def end(self) -> int:
        """Ask it to end, and return its exit code."""
        self.process.terminate()
        return self.process.wait(PATIENCE_S)


def finished(store: JobStore, job_id: str) -> Job:
    """Wait until a job has ended, and return it."""
    return eventually(lambda: (job := store.get(job_id)).terminal and job, f"job {job_id} ends")  # type: ignore[no-any-return]
