"""Servers on loopback as processes: started, found again by what they are, ended, and never left behind."""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from inferloop_deploy.errors import FAILED, InferloopError

HOST = "127.0.0.1"
STOP_SECONDS = 15


class SandboxFailed(InferloopError):
    """The sandbox does not start or stop."""

    exit_code = FAILED


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Let one process at a time start or stop what runs in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w", encoding="utf-8") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def launch(
    what: str, command: Sequence[str], log: Path, ready: Callable[[], bool], seconds: float
) -> subprocess.Popen[bytes]:
    """Start a server and return it when it is ready; raises SandboxFailed, and leaves none behind, where it is not."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as printed:
        # A session of its own, so that Ctrl-C reaches the command and not the server, which the command then ends.
        server = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=printed, stderr=printed, start_new_session=True, cwd=log.parent
        )
    try:
        deadline = time.monotonic() + seconds
        while not ready():
            if server.poll() is not None:
                raise SandboxFailed(
                    f"{what} ended while it started (exit code {server.returncode}).", f"Read why: {log}"
                )
            if time.monotonic() > deadline:
                raise SandboxFailed(f"{what} does not answer after {seconds:.0f} s.", f"Read why: {log}")
            time.sleep(0.1)
    except BaseException:
        server.kill()
        server.wait()
        raise
    return server


def end(process: int, runs: Callable[[], bool], seconds: float = STOP_SECONDS) -> None:
    """End a process: asked first, then made to. `runs` tells whether the id is still that of the process meant."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        if not runs():
            return
        with suppress(ProcessLookupError):
            os.kill(process, number)
        deadline = time.monotonic() + seconds
        while runs() and time.monotonic() < deadline:
            _reap(process)
            time.sleep(0.05)


def _reap(process: int) -> None:
    """Collect the exit code where the server is a child of this process, or it stays as a zombie."""
    with suppress(ChildProcessError):
        os.waitpid(process, os.WNOHANG)


def end_with(parent: int, stop: Callable[[], None], interval: float = 0.5) -> threading.Thread:
    """Watch the process `parent` and call `stop` once it is gone, however it ended."""
    # A parent that nobody has waited for still has its id; its children have another parent at once.
    child = os.getppid() == parent

    def watch() -> None:
        while os.getppid() == parent if child else _runs(parent):
            threading.Event().wait(interval)
        stop()

    thread = threading.Thread(target=watch, name="parent watch", daemon=True)
    thread.start()
    return thread


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def free_ports(number: int) -> list[int]:
    """Return ports that nothing listens on now, all different."""
    with ExitStack() as held:
        probes = [held.enter_context(socket.socket()) for _ in range(number)]
        for probe in probes:
            probe.bind((HOST, 0))
        return [int(probe.getsockname()[1]) for probe in probes]


def command_line(process: int) -> list[str]:
    """Return the words that a process was started with, none where it has ended."""
    with suppress(OSError):
        return Path(f"/proc/{process}/cmdline").read_bytes().decode("utf-8", "replace").rstrip("\0").split("\0")
    if Path("/proc/self").exists():
        return []
    shown = subprocess.run(
        ["ps", "-ww", "-o", "command=", "-p", str(process)], capture_output=True, text=True, check=False
    )
    return shown.stdout.split()
