"""Several workers of one machine, each a process; one that dies is replaced."""

from __future__ import annotations

import logging
import signal
import subprocess
import threading
from collections.abc import Sequence
from types import FrameType

log = logging.getLogger(__name__)
RESTART_AFTER_S = 1.0
LONGEST_RESTART_S = 60.0


class Crew:
    """Runs the same command `size` times until SIGTERM or SIGINT, or until each has ended of itself with 0."""

    def __init__(self, command: Sequence[str], size: int) -> None:
        self._command, self._size = list(command), size
        self._stopping = threading.Event()
        self._members: dict[int, subprocess.Popen[bytes]] = {}

    def run(self) -> int:
        """Return 0 when all have ended as they should."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        keepers = [threading.Thread(target=self._keep, args=(seat,), name=f"crew-{seat}") for seat in range(self._size)]
        for keeper in keepers:
            keeper.start()
        for keeper in keepers:
            keeper.join()
        return 0

    def _keep(self, seat: int) -> None:
        pause = RESTART_AFTER_S
        while not self._stopping.is_set():
            # A session of its own: Ctrl-C reaches this process, which passes it on once, as SIGTERM.
            member = self._members[seat] = subprocess.Popen(self._command, start_new_session=True)  # noqa: S603  (the command is this program)
            if self._stopping.is_set():
                member.send_signal(signal.SIGTERM)  # the signal came before there was anybody to tell
            if member.wait() == 0:
                return
            if not self._stopping.is_set():
                log.error("worker %d ended with %d; it is replaced in %g s", member.pid, member.returncode, pause)
                self._stopping.wait(pause)
                pause = min(pause * 2, LONGEST_RESTART_S)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self._stopping.set()
        for member in list(self._members.values()):
            if member.poll() is None:
                member.send_signal(signal.SIGTERM)
