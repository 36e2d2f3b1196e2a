"""The owner's side of a worker process: start it, ask it one thing, and see that it is gone afterwards."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from inferloop_synthetic.errors import SyntheticError
from inferloop_synthetic.external.child import wire

Arrays = dict[str, np.ndarray[Any, Any]]
Progress = Callable[[int, int], None]
PYTHON_VARIABLE = "GUARDIAN_ENGINE_PYTHON"
MEMORY_VARIABLE = "GUARDIAN_MAX_MEMORY_USAGE_MB"
MEMORY_SHARE = 0.8
_START = "import runpy, sys; sys.path.insert(0, sys.argv.pop(1)); runpy.run_module('child', run_name='__main__')"


PASSED_ON = re.compile(
    r"PATH|HOME|USER|LANG|LC_\w+|TZ|TMPDIR|LD_LIBRARY_PATH|DYLD_LIBRARY_PATH|PYTHON(DONTWRITEBYTECODE|UNBUFFERED|HASHSEED|UTF8)|"
    r"\w+_NUM_THREADS|(CUDA|NVIDIA|TORCH|PYTORCH|NCCL|OMP|KMP|MKL|XDG)_\w+"
)
"""Environment variables that a worker gets: none of those that hold credentials."""


class WorkerError(SyntheticError):
    """An engine's worker process could not do its work."""


class MissingExtraError(WorkerError):
    """The library that an engine needs is not installed where its worker runs."""


class WorkerMemoryError(WorkerError):
    """An engine needed more memory than its worker was given."""


@dataclass(frozen=True)
class WorkerPlace:
    """Where an engine's worker runs and how much memory it may take."""

    python: str = sys.executable
    """The Python interpreter; its environment has the library, and may be another one than this process's."""
    memory_bytes: int | None = None
    """Most memory; without one, the worker may take four fifths of the machine's."""

    @staticmethod
    def from_environment(variables: Mapping[str, str] | None = None) -> WorkerPlace:
        """Return the place that GUARDIAN_ENGINE_PYTHON and GUARDIAN_MAX_MEMORY_USAGE_MB name."""
        found = os.environ if variables is None else variables
        megabytes = found.get(MEMORY_VARIABLE, "")
        if megabytes and not megabytes.isdigit():
            raise WorkerError(f"{MEMORY_VARIABLE}={megabytes}: a whole number of megabytes is expected")
        return WorkerPlace(found.get(PYTHON_VARIABLE) or sys.executable, int(megabytes) * 2**20 if megabytes else None)

    @property
    def limit(self) -> int:
        """Most memory in bytes."""
        return self.memory_bytes or int(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") * MEMORY_SHARE)


def ask(
    place: WorkerPlace,
    request: Mapping[str, Any],
    arrays: wire.Arrays,
    *,
    extra: str,
    progress: Progress | None = None,
) -> tuple[dict[str, Any], Arrays]:
    """Start a worker, let it answer one request, and return the answer.

    `extra` is what to install where the worker lacks its library. Whatever ends this call, an answer, an error or Ctrl-C, ends
    the worker and all that it started. Raises MissingExtraError, WorkerMemoryError or WorkerError.
    """
    with tempfile.TemporaryFile() as log:
        process, channel, lifeline = _start(place, log)
        try:
            wire.send(channel, request, arrays)
            while True:
                header, answer = wire.receive(channel)
                if "progress" not in header:
                    break
                if progress is not None:
                    progress(header["progress"], header["total"])
        except (wire.Closed, OSError) as error:
            raise _death(process, place, request, log, extra) from error
        finally:
            _end(process)
            channel.close()
            lifeline.close()
    if "failed" in header:
        raise _failure(header, place, request, extra)
    return header, answer


def _start(place: WorkerPlace, log: IO[bytes]) -> tuple[subprocess.Popen[bytes], socket.socket, socket.socket]:
    program = shutil.which(place.python)
    if program is None:
        raise WorkerError(f"{PYTHON_VARIABLE}: there is no interpreter {place.python}; name one, or unset it to use this one")
    channel, theirs = socket.socketpair()
    lifeline, held = socket.socketpair()
    folder = Path(__file__).parent
    numbers = [theirs.fileno(), held.fileno()]
    # -P keeps the current folder off the path: a file there named torch.py must not be run.
    command = [program, "-P", "-c", _START, str(folder), *map(str, numbers), str(os.getpid()), str(place.limit)]
    try:
        process = subprocess.Popen(  # noqa: S603  (the interpreter is the operator's choice)
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=numbers,
            start_new_session=True,
            env={name: value for name, value in os.environ.items() if PASSED_ON.fullmatch(name)},
        )
    except OSError as error:
        channel.close()
        lifeline.close()
        raise WorkerError(f"the worker {place.python} cannot be started: {error.strerror or error}") from error
    finally:
        theirs.close()
        held.close()
    return process, channel, lifeline


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill the worker's whole process group and wait until it is gone."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    except PermissionError:
        # macOS answers so for a group whose members are all dead but not yet waited for.
        process.kill()
    process.wait()


def missing_extra(engine: str, extra: str, python: str, what: str) -> MissingExtraError:
    """Return the error of an engine whose library an interpreter cannot import."""
    return MissingExtraError(
        f"engine {engine} needs the extra [{extra}], and {python} cannot import {what}: "
        f"pip install 'inferloop-synthetic[{extra}]' there, or name an interpreter that has it in {PYTHON_VARIABLE}"
    )


def _failure(header: Mapping[str, Any], place: WorkerPlace, request: Mapping[str, Any], extra: str) -> WorkerError:
    engine = request["engine"]
    if header["failed"] == "import":
        return missing_extra(engine, extra, place.python, f"{header['module'] or 'it'} ({header['message']})")
    if header["failed"] == "memory":
        return _too_much(place, engine)
    return WorkerError(f"engine {engine} failed in its library: {header['message']}")


def _death(
    process: subprocess.Popen[bytes], place: WorkerPlace, request: Mapping[str, Any], log: IO[bytes], extra: str
) -> WorkerError:
    try:
        # The channel is closed before the process is gone; it goes by itself, and soon.
        status = process.wait(10)
    except subprocess.TimeoutExpired:
        status = -signal.SIGKILL
    log.seek(0)
    lines = log.read().decode(errors="replace").strip().splitlines()
    last = f": {lines[-1][:300]}" if lines else ""
    if "bad_alloc" in last or "MemoryError" in last or "annot allocate memory" in last:
        return _too_much(place, request["engine"])
    missing = re.search(r"No module named '([\w.]+)'", last)
    if missing:
        header = {"failed": "import", "message": missing[0], "module": missing[1].partition(".")[0]}
        return _failure(header, place, request, extra)
    how = f"by signal {signal.Signals(-status).name}" if status < 0 else f"with status {status}"
    hint = "; the system may have run out of memory" if status == -signal.SIGKILL else ""
    return WorkerError(f"the worker of engine {request['engine']} ended {how}{hint}{last}")


def _too_much(place: WorkerPlace, engine: str) -> WorkerMemoryError:
    return WorkerMemoryError(
        f"engine {engine} needs more than the {place.limit / 2**20:,.0f} MB that its worker may take: learn from fewer rows or "
        f"columns, leave out categories of many values, or raise {MEMORY_VARIABLE}"
    )
