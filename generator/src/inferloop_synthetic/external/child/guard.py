"""What keeps a worker from outliving its owner and from taking more memory than it was given."""

from __future__ import annotations

import contextlib
import os
import resource
import select
import signal
import socket
import sys
import threading

LOOK_EVERY_S = 1.0


def limit_memory(most_bytes: int | None) -> None:
    """Let allocations beyond this many bytes fail. Address space that is only reserved, as CUDA does, does not count."""
    if most_bytes is not None:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_DATA, (most_bytes, most_bytes))


def peak_bytes() -> int:
    """Return the most memory that this process ever held at once."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def end_with_owner(lifeline: socket.socket, owner: int) -> None:
    """End this process, and those that it started, as soon as the owner is gone.

    The owner holds the other end of the lifeline and never writes: it becomes readable when the owner is gone. The owner's own
    children may have inherited its end, so the parent's number is looked at too.
    """

    def watch() -> None:
        while os.getppid() == owner:
            ready, _, _ = select.select([lifeline], [], [], LOOK_EVERY_S)
            if ready:
                break
        os.killpg(os.getpgrp(), signal.SIGKILL)

    threading.Thread(target=watch, name="end-with-owner", daemon=True).start()
