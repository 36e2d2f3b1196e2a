"""The real server in a process of its own: how it starts, ends, and holds out."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from inferloop_synthetic.settings import Settings, variable

from .conftest import ROWS, SCHEMA, Server, start_server

STUCK_SECONDS = 120
PAUSE_SECONDS = 7
"""Longer than uvicorn waits for a sign of life if nobody says otherwise."""


def test_many_callers_at_once_all_get_their_rows(server: Server):
    with server.client() as client:

        def ask(seed: int) -> list[dict]:
            asked = {"schema": SCHEMA, "rows": 20, "seed": seed % 4, "wait": True}
            answer = client.post("/generate", json=asked, headers={"Accept": "application/json"})
            assert answer.status_code == 200, answer.text
            return answer.json()

        with ThreadPoolExecutor(16) as pool:
            rows = list(pool.map(ask, range(64)))
    assert [rows[i] == rows[i + 4] for i in range(60)] == [True] * 60
    assert rows[0] != rows[1]


def test_torch_is_not_loaded(server: Server):
    with server.client() as client:
        assert client.get("/generators").status_code == 200
        pid = client.get("/status").json()["process"]
    assert pid == server.process.pid
    maps = Path(f"/proc/{pid}/maps").read_text()
    assert "libtorch" not in maps


def test_a_job_in_flight_goes_on_after_the_server_was_ended_and_started_again(tmp_path: Path):
    first = start_server(tmp_path, shutdown_grace_seconds=5)
    with first.client() as client:
        asked = {"template": "customers", "rows": 3_000_000, "part_rows": 20_000, "seed": 1}
        job = client.post("/generate", json=asked).json()["id"]
        while not (seen := client.get(f"/jobs/{job}").json())["parts_done"]:
            assert seen["state"] in {"queued", "running"}, seen
    assert first.stop() == 0, "".join(first.errors)
    second = start_server(tmp_path)
    try:
        with second.client() as client:
            seen = client.get(f"/jobs/{job}").json()
            assert seen["state"] in {"queued", "running"}
            assert 0 < seen["parts_done"] < 150
            assert client.delete(f"/jobs/{job}").json()["state"] == "cancelled"
    finally:
        second.stop()


@pytest.mark.parametrize("processes", ["1", "2"])
def test_a_temporary_folder_may_have_a_long_path(tmp_path: Path, processes: str):
    """Longer than the path of a socket may be."""
    started = start_server(tmp_path / ("long" * 30), "--workers", processes)
    try:
        with started.client() as client:
            answer = client.post("/generate", json={"data": ROWS, "rows": 3}, headers={"Prefer": "wait"})
            assert answer.status_code == 200, answer.text + "".join(started.errors)
    finally:
        started.stop()


def test_engines_learn_with_the_python_that_a_file_of_settings_names(tmp_path: Path):
    file = tmp_path / "settings.yaml"
    file.write_text(f"engine_python: {tmp_path}/no/python\n")
    started = start_server(tmp_path / "data", "--config", str(file))
    try:
        with started.client() as client:
            asked = client.post("/generate", json={"data": ROWS, "rows": 30, "generator_type": "ctgan"})
            assert asked.status_code == 202, asked.text
            job = _ended(client, asked.json()["id"])
        assert job["state"] == "failed"
        assert f"there is no interpreter {tmp_path}/no/python" in json.dumps(job["error"])
    finally:
        started.stop()


def _ended(client: httpx.Client, job: str) -> dict:
    """Return a job that has come to its end; a machine that is busy elsewhere needs more than one question for it."""
    patience = time.monotonic() + STUCK_SECONDS
    while time.monotonic() < patience:
        seen = client.get(f"/jobs/{job}", headers={"Prefer": "wait=30"}).json()
        if seen["state"] not in {"queued", "running"}:
            break
    return seen


def _processes(started: Server) -> set[int]:
    """Return who answers: several ask at once, as one process may be quick enough to take all that come one by one."""

    def ask(_: int) -> int:
        with started.client() as other:
            return int(other.get("/status").json()["process"])

    found: set[int] = set()
    patience = time.monotonic() + STUCK_SECONDS
    with ThreadPoolExecutor(16) as pool:
        while len(found) < 2 and time.monotonic() < patience:
            found |= set(pool.map(ask, range(16)))
    return found


def test_several_processes_answer_from_one_database_and_add_up_their_metrics(tmp_path: Path):
    started = start_server(tmp_path, "--workers", "2")
    try:
        with started.client() as client:
            answer = client.post("/generate", json={"data": ROWS, "rows": 30})
            assert answer.status_code == 202, answer.text + "".join(started.errors)
            job = _ended(client, answer.json()["id"])
            assert job["state"] == "succeeded", job
            processes = _processes(started)
            assert len(processes) == 2
            for _ in range(8):
                httpx.get(f"{started.url}/health")
            lines = client.get("/metrics").text.splitlines()
        assert any(line.startswith("guardian_records_generated_total") and line.endswith(" 30.0") for line in lines)
        _pause(processes.pop(), PAUSE_SECONDS)
        assert "died" not in "".join(started.errors)
    finally:
        assert started.stop() == 0


def _pause(process: int, seconds: float) -> None:
    """Let a process say nothing for a while, as one does that a busy machine gives no time to."""
    os.kill(process, signal.SIGSTOP)
    try:
        threading.Event().wait(seconds)
    finally:
        os.kill(process, signal.SIGCONT)


@pytest.mark.parametrize(
    "head",
    [
        b"GET /health HTTP/1.1\r\n" + b"".join(b"X-%d: %s\r\n" % (i, b"y" * 1000) for i in range(100)),
        b"GET /health HTTP/1.1\r\nX: " + b"y" * 100_000,
        b"GET /" + b"y" * 100_000,
    ],
    ids=["many headers", "one header", "address"],
)
def test_a_head_without_end_is_cut_off(server: Server, head: bytes):
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), 60) as connection:
        connection.settimeout(60)
        answer = b""
        try:
            connection.sendall(head)
            while chunk := connection.recv(65_536):
                answer += chunk
        except ConnectionError:
            pass
    assert b" 200 " not in answer
    assert httpx.get(f"{server.url}/health", timeout=60).status_code == 200


def test_garbage_instead_of_http_harms_nobody(server: Server):
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), 60) as connection:
        connection.sendall(b"\x16\x03\x01\x00\xff" * 50 + b"\r\n\r\n")
        assert b" 200 " not in connection.recv(65_536)
    assert httpx.get(f"{server.url}/health", timeout=60).status_code == 200


def command(*words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run the command line."""
    return subprocess.run(
        [sys.executable, "-m", "inferloop_synthetic", *words],
        env={"PATH": "/usr/bin:/bin"} | environ, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip


def test_settings_are_printed_with_their_source_and_without_secrets(tmp_path: Path):
    file = tmp_path / "settings.yaml"
    file.write_text("max_columns: 12\n")
    secrets = {"GUARDIAN_POSTGRES_PASSWORD": "hunter2", "GUARDIAN_REDIS_PASSWORD": "hunter3"}
    done = command(
        "info", "--settings", "--config", str(file), GUARDIAN_LOG_LEVEL="debug", GUARDIAN_WOKRERS="2", **secrets
    )
    assert done.returncode == 0
    lines = {line.split()[0]: line for line in done.stdout.splitlines()}
    assert set(lines) == {variable(field) for field in Settings.model_fields}
    assert lines["GUARDIAN_MAX_COLUMNS"].endswith(f"12  (file {file}:1)")
    assert lines["GUARDIAN_LOG_LEVEL"].endswith("DEBUG  (variable GUARDIAN_LOG_LEVEL)")
    assert lines["GUARDIAN_PORT"].endswith("8000  (default)")
    assert "hunter" not in done.stdout
    assert "did you mean GUARDIAN_WORKERS" in done.stderr
    as_json = json.loads(command("info", "--settings", "--output", "json").stdout)
    assert {entry["name"] for entry in as_json["settings"]} == set(lines)


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"GUARDIAN_WORKERS": "x"}, "GUARDIAN_WORKERS (variable GUARDIAN_WORKERS)"),
        ({"GUARDIAN_AUTHENTICATION": "off", "GUARDIAN_HOST": "0.0.0.0"}, "set GUARDIAN_HOST=127.0.0.1"),
        ({"GUARDIAN_TEMP_DIR": "/proc/nothing"}, "GUARDIAN_TEMP_DIR"),
        ({"GUARDIAN_CONFIG_FILE": "/nothing.yaml"}, "cannot be read"),
        ({"SERVICE": "video"}, "SERVICE"),
        ({"GUARDIAN_POSTGRES_HOST": "127.0.0.1", "GUARDIAN_POSTGRES_PORT": "1"}, "127.0.0.1:1"),
        ({"GUARDIAN_EXECUTOR": "magic"}, "magic"),
        ({"GUARDIAN_JWT_ISSUER": "https://issuer.example"}, "GUARDIAN_JWT_JWKS"),
    ],
)
def test_a_server_that_cannot_serve_says_why_and_ends(tmp_path: Path, environ: dict[str, str], words: str):
    done = command("serve", "--port", "0", **({"GUARDIAN_TEMP_DIR": str(tmp_path)} | environ))
    assert done.returncode not in {0, -9}
    assert words in done.stderr
    assert "Traceback" not in done.stderr
