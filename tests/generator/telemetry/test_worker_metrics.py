"""A real worker's /metrics: counts outlive the processes that jobs run in, and end with the worker, however it ends."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from servers import free_port

from inferloop_synthetic.errors import InputError
from inferloop_synthetic.jobs.database import open_database
from inferloop_synthetic.jobs.store import JobStore
from inferloop_synthetic.settings import load_settings
from inferloop_synthetic.telemetry.exporter import exporting

SPEC = {"schema": {"columns": [{"name": "id", "kind": "integer"}]}, "rows": 30, "part_rows": 10, "format": "csv"}
WORKER = """
import os, sys
from inferloop_synthetic.telemetry.metrics import FOLDER_VARIABLE
from inferloop_synthetic.telemetry.exporter import exporting
from inferloop_synthetic.settings import load_settings
from inferloop_synthetic.jobs.serving import run_worker
with exporting(load_settings(os.environ).settings):
    run_worker(load_settings(os.environ), burst=True)
    print("done", flush=True)
    sys.stdin.readline()
"""


def scrape(port: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        return answer.read().decode()


def test_jobs_that_ended_are_counted_and_nothing_answers_after_the_worker(tmp_path: Path) -> None:
    port = free_port()
    environ = {name: value for name, value in os.environ.items() if not name.startswith("GUARDIAN_")}
    environ |= {"GUARDIAN_TEMP_DIR": str(tmp_path), "GUARDIAN_METRICS_PORT": str(port), "GUARDIAN_LOG_LEVEL": "ERROR"}
    settings = load_settings(environ).settings
    database = open_database(settings.database)
    database.migrate()
    for _ in range(2):
        JobStore(database).create(SPEC, "key:ann", rows=30)
    database.close()
    worker = subprocess.Popen(
        [sys.executable, "-c", WORKER], env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "done\n"
        told = scrape(port)
        assert 'guardian_generations_total{engine="tabular"} 2.0' in told
        assert 'guardian_successful_generations_total{engine="tabular"} 2.0' in told
        assert 'guardian_records_generated_total{engine="tabular"} 60.0' in told
        assert "guardian_active_tasks_total 0.0" in told
        memory = next(line for line in told.splitlines() if line.startswith("guardian_memory_usage_bytes "))
        assert float(memory.split()[1]) > 20e6
    finally:
        worker.kill()
        worker.communicate()
    # The process beside it ends by itself, some moments later: it holds the port until then.
    with contextlib.suppress(OSError):
        while True:
            scrape(port)


def test_a_port_that_is_taken_is_an_error_that_names_it() -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        settings = load_settings({"GUARDIAN_METRICS_PORT": str(port)}).settings
        with (
            pytest.raises(InputError, match=f"GUARDIAN_METRICS_PORT={port}: Address already in use"),
            exporting(settings),
        ):
            pass
    assert "PROMETHEUS_MULTIPROC_DIR" not in os.environ


def test_without_a_port_nothing_is_started(tmp_path: Path) -> None:
    with exporting(load_settings({"GUARDIAN_TEMP_DIR": str(tmp_path)}).settings):
        assert "PROMETHEUS_MULTIPROC_DIR" not in os.environ
    assert list(tmp_path.iterdir()) == []
