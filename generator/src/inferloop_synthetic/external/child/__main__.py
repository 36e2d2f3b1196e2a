"""The worker's main program: one request, its answer, and the end.

Arguments: the file descriptors of the channel and of the lifeline, the owner's process number, and the memory limit in bytes
(0 for none).
"""

from __future__ import annotations

import socket
import sys
import time
import warnings
from typing import Any

from .guard import end_with_owner, limit_memory, peak_bytes
from .wire import Closed, receive, send


def main(arguments: list[str]) -> int:
    """Answer one request."""
    channel, lifeline = (socket.socket(fileno=int(number)) for number in arguments[:2])
    end_with_owner(lifeline, int(arguments[2]))
    limit_memory(int(arguments[3]) or None)
    # What the libraries print belongs in the log, not on the owner's terminal; their warnings are for notebook users.
    warnings.simplefilter("ignore")
    try:
        request, arrays = receive(channel)
        header, answer = _answer(channel, request, arrays)
        send(channel, header, answer)
    except (Closed, OSError):
        return 1
    return 0


def _answer(channel: socket.socket, request: dict[str, Any], arrays: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    start = time.perf_counter()

    def progress(done: int, total: int) -> None:
        send(channel, {"progress": done, "total": total})

    try:
        from .learn import learn

        found, answer = learn(request, arrays, progress)
    except ImportError as error:
        return {"failed": "import", "message": str(error), "module": (error.name or "").partition(".")[0]}, {}
    except MemoryError:
        return {"failed": "memory", "message": ""}, {}
    except Exception as error:
        # The owner turns this into its own error; nothing carries on here.
        out_of_memory = "memory" in str(error).lower() and isinstance(error, RuntimeError)
        kind = "memory" if out_of_memory else "library"
        return {"failed": kind, "message": f"{type(error).__name__}: {error}"[:2000]}, {}
    return {
        **found,
        "seconds": time.perf_counter() - start,
        "processor_seconds": time.process_time(),
        "peak_bytes": peak_bytes(),
    }, answer


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
