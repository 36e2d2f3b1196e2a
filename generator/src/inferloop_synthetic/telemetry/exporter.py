"""`/metrics` of a worker, answered by a process beside it.

A worker runs each job in a process that it forks, so it must have no threads of its own, and counts are added up through files
(see `metrics`). The process beside it reads those, and ends when the worker does, however that ends.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from inferloop_synthetic.errors import InputError
from inferloop_synthetic.settings import Settings, variable
from inferloop_synthetic.telemetry.memory import resident_bytes
from inferloop_synthetic.telemetry.metrics import FOLDER_VARIABLE, Metrics

READY = "ready"


@contextmanager
def exporting(settings: Settings) -> Iterator[None]:
    """Answer /metrics on GUARDIAN_METRICS_PORT while the block runs; what it starts counts there too.

    Nothing is done where metrics are off or no port is named, or where a process further up does it already.
    """
    if not settings.metrics_enabled or not settings.metrics_port or FOLDER_VARIABLE in os.environ:
        yield
        return
    folder = settings.metrics_directory or settings.temp_dir / f"metrics-{os.getpid()}"
    # What a worker that had this number before left behind is not of this one.
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    os.environ[variable("metrics_directory")] = os.environ[FOLDER_VARIABLE] = str(folder)
    command = [sys.executable, "-m", __name__, str(folder), settings.host, str(settings.metrics_port)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True)  # noqa: S603
    try:
        assert process.stdout is not None  # noqa: S101
        said = process.stdout.readline().strip()
        if said != READY:
            raise InputError(f"GUARDIAN_METRICS_PORT={settings.metrics_port}: {said or 'metrics cannot be answered there'}")
        yield
    finally:
        process.communicate()
        shutil.rmtree(folder, ignore_errors=True)
        for name in (variable("metrics_directory"), FOLDER_VARIABLE):
            os.environ.pop(name, None)


def main(folder: str, host: str, port: str) -> None:
    """Answer until standard input ends."""
    worker = os.getppid()
    metrics = Metrics(Path(folder), memory=lambda: resident_bytes(worker))
    try:
        stop = metrics.serve(host, int(port))
    except OSError as error:
        print(os.strerror(error.errno or 0), flush=True)
        return
    print(READY, flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        sys.stdin.read()
    stop()


if __name__ == "__main__":
    main(*sys.argv[1:4])
