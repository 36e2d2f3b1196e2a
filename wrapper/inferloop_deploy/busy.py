"""One command at a time in one folder: plans and terraform's data are files there."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from inferloop_deploy.errors import InferloopError


class Busy(InferloopError):
    """Another command works in the folder."""


@contextmanager
def alone_in(folder: Path, command: str) -> Iterator[None]:
    """Hold a folder for one command; raises Busy, which names the other, where it is held.

    The kernel gives it back when the process ends, however it ends.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / ".busy"
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            other = os.read(handle, 200).decode("utf-8", "replace").strip() or "another command"
            raise Busy(
                f"{other} already works in {folder}.", "Wait until it is over, or stop it with Ctrl-C where it runs."
            ) from error
        os.ftruncate(handle, 0)
        os.write(handle, f"inferloop-deploy {command} (process {os.getpid()})".encode())
        yield
    finally:
        os.close(handle)
