"""The API in this process, over its own SQLite database and folders, and the real server in a process of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from fastapi.testclient import TestClient

from inferloop_synthetic.api.server import serving
from inferloop_synthetic.api.services import Services
from inferloop_synthetic.api.sign_in import database_of
from inferloop_synthetic.security.build import key_store
from inferloop_synthetic.security.principal import Scope
from inferloop_synthetic.settings import load_settings

QUIET = {
    "GUARDIAN_RATE_LIMIT_REQUESTS_PER_MINUTE": "100000",
    "GUARDIAN_LOG_LEVEL": "ERROR",
    "GUARDIAN_ENABLE_AUDIT_LOGGING": "false",
}
SCHEMA = {"id": "integer[1:1000]", "name": "string", "score": "float[0:1]"}
ROWS = [{"age": 20 + i % 50, "plan": ("free", "pro", "team")[i % 3], "spend": i % 50 * 2.5 + i % 3} for i in range(120)]


@dataclass
class Api:
    """A client of an application, and what the application works with."""

    client: TestClient
    services: Services

    def key(self, *scopes: Scope, owner: str = "ann") -> dict[str, str]:
        """Return the header of a new key."""
        return {"X-API-Key": self.services.keys.create(owner, scopes, lifetime=None).token}

    def finished(self, job_id: str) -> dict:
        """Return a job when it has ended."""
        for _ in range(20):
            job = self.client.get(f"/jobs/{job_id}", headers={"Prefer": "wait=10"}).json()
            if job["state"] not in {"queued", "running"}:
                return job
        raise AssertionError(f"the job does not end: {job}")

    def made(self, **asked: object) -> dict:
        """Submit a job and return it when it has ended."""
        answer = self.client.post("/generate", json=asked)
        assert answer.status_code == 202, answer.text
        return self.finished(answer.json()["id"])


@pytest.fixture
def open_api(tmp_path: Path) -> Iterator[Callable[..., Api]]:
    """Give a function that starts an application with settings; callers are let in without a key unless it says otherwise."""
    with ExitStack() as stack:

        def opened(**settings: object) -> Api:
            environ = QUIET | {"GUARDIAN_TEMP_DIR": str(tmp_path / "temp"), "GUARDIAN_AUTHENTICATION": "off"}
            environ |= {f"GUARDIAN_{name.upper()}": str(value) for name, value in settings.items()}
            app = serving(load_settings(environ))
            client = TestClient(
                app, base_url="http://127.0.0.1", client=("127.0.0.1", 5), raise_server_exceptions=False
            )
            stack.enter_context(client)
            return Api(client, app.state.services)

        yield opened


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """Give one application for the tests of a file."""
    environ = QUIET | {"GUARDIAN_TEMP_DIR": str(tmp_path_factory.mktemp("api")), "GUARDIAN_AUTHENTICATION": "off"}
    app = serving(load_settings(environ))
    with TestClient(app, base_url="http://127.0.0.1", client=("127.0.0.1", 5), raise_server_exceptions=False) as client:
        yield Api(client, app.state.services)


@dataclass
class Server:
    """The real server."""

    process: subprocess.Popen[str]
    url: str
    environ: dict[str, str]
    errors: list[str]

    def client(self, *scopes: Scope, owner: str = "ann") -> httpx.Client:
        """Return a client with a key of its own."""
        settings = load_settings(self.environ).settings
        database = database_of(settings)
        token = key_store(settings, database).create(owner, scopes or list(Scope), lifetime=None).token
        database.close()
        return httpx.Client(base_url=self.url, headers={"X-API-Key": token}, timeout=120)

    def stop(self) -> int:
        """End it as an orchestrator does, and return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(120)


def start_server(folder: Path, *options: str, **settings: object) -> Server:
    """Start `inferloop-synthetic serve` and return it when it answers."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    environ = {k: v for k, v in os.environ.items() if not k.startswith("GUARDIAN_")} | QUIET
    environ |= {"GUARDIAN_TEMP_DIR": str(folder)} | {f"GUARDIAN_{k.upper()}": str(v) for k, v in settings.items()}
    command = [sys.executable, "-m", "inferloop_synthetic", "serve", "--port", str(port), *options]
    process = subprocess.Popen(command, env=environ, stderr=subprocess.PIPE, text=True)
    errors: list[str] = []
    reader = process.stderr
    assert reader is not None
    threading.Thread(target=lambda: errors.extend(iter(reader.readline, "")), daemon=True).start()
    url = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + 180
    while True:
        try:
            httpx.get(f"{url}/health", timeout=30)
        except httpx.TransportError:
            if process.poll() is not None or time.monotonic() > deadline:
                process.kill()
                raise AssertionError("the server did not start:\n" + "".join(errors)) from None
            threading.Event().wait(0.1)
        else:
            return Server(process, url, environ, errors)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Give one real server for all tests."""
    started = start_server(tmp_path_factory.mktemp("server"))
    yield started
    if started.process.poll() is None:
        started.stop()
