"""Measure the API: 64 clients at once ask for a job's state, submit jobs, and have 1,000 rows made while they wait.

    python generator/bench/api.py [--clients 64] [--requests 1500] [--workers 1]

The server is the real one, in processes of its own, with API keys, audit log, metrics and rate limits on. Printed are
percentiles of the time that a client waited, failures, and the ratio of the 95th percentile to the aim (below 1 is good).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

AIM_MS = 200.0
SCHEMA = {"id": "integer[1:1000]", "plan": "category[free,basic,pro]", "since": "date", "name": "string", "score": "float[0:1]"}
MANY = "1000000000"


@dataclass(frozen=True)
class Scenario:
    """One kind of request, sent again and again."""

    name: str
    method: str
    path: str
    body: dict[str, object] | None
    expected: int

    def text(self, host: str, key: str, number: int) -> bytes:
        """Return the request as it goes over the wire; bodies differ in their seed, so that nothing is answered from memory."""
        body = b"" if self.body is None else json.dumps({**self.body, "seed": number}).encode()
        lines = [f"{self.method} {self.path} HTTP/1.1", f"Host: {host}", f"X-API-Key: {key}", f"Content-Length: {len(body)}"]
        if body:
            lines.append("Content-Type: application/json")
        return "\r\n".join([*lines, "", ""]).encode() + body


@dataclass
class Measured:
    """What clients saw of a scenario."""

    times: list[float]
    failures: int
    seconds: float

    def at(self, share: float) -> float:
        """Return a percentile in milliseconds."""
        ordered = sorted(self.times)
        return ordered[min(int(share * len(ordered)), len(ordered) - 1)] * 1000


async def answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Read one answer; a client that does little leaves the processors to the server."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    status = int(head.split(b" ", 2)[1])
    if b"\r\ntransfer-encoding: chunked" in head:
        body = b""
        while size := int(await reader.readline(), 16):
            body += (await reader.readexactly(size + 2))[:-2]
        await reader.readline()
        return status, body
    length = int(head.partition(b"\r\ncontent-length: ")[2].partition(b"\r\n")[0] or 0)
    return status, await reader.readexactly(length)


async def client(port: int, key: str, scenario: Scenario, numbers: list[int], found: Measured) -> None:
    """Send requests one after the other over one connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for number in numbers:
        start = time.perf_counter()
        writer.write(scenario.text(f"127.0.0.1:{port}", key, number))
        status, body = await answer(reader)
        found.times.append(time.perf_counter() - start)
        if status != scenario.expected or not body:
            found.failures += 1
    writer.close()


async def measure(port: int, key: str, scenario: Scenario, clients: int, requests: int) -> Measured:
    """Let all clients send their share at the same time."""
    found = Measured([], 0, 0.0)
    start = time.perf_counter()
    shares = [list(range(first, requests, clients)) for first in range(clients)]
    await asyncio.gather(*(client(port, key, scenario, share, found) for share in shares))
    found.seconds = time.perf_counter() - start
    return found


def make_key(environment: dict[str, str]) -> str:
    """Return the token of an API key that may do everything the scenarios do."""
    from inferloop_synthetic.api.services import database_url
    from inferloop_synthetic.jobs.database import open_database
    from inferloop_synthetic.security.build import key_store
    from inferloop_synthetic.security.principal import Scope
    from inferloop_synthetic.settings import load_settings

    settings = load_settings(environment).settings
    database = open_database(database_url(settings))
    database.migrate()
    token = key_store(settings, database).create("bench", [Scope.generate, Scope.read], lifetime=None).token
    database.close()
    return token


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    """Return when the server answers."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        if server.poll() is not None:
            sys.exit(f"the server ended with code {server.returncode}")
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/ready", timeout=5).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    sys.exit("the server did not start")


def scenarios(port: int, key: str) -> list[Scenario]:
    """Return what is measured; a job is made whose state is asked for."""
    body = json.dumps({"schema": SCHEMA, "rows": 1000}).encode()
    headers = {"X-API-Key": key, "Content-Type": "application/json"}
    request = urllib.request.Request(f"http://127.0.0.1:{port}/generate", body, headers)
    with urllib.request.urlopen(request, timeout=60) as made:
        job = json.load(made)["id"]
    asked = {"schema": SCHEMA, "rows": 1000}
    return [
        Scenario("status of a job", "GET", f"/jobs/{job}", None, 200),
        Scenario("1,000 rows while waiting", "POST", "/generate", {**asked, "wait": True}, 200),
        Scenario("submit a job", "POST", "/generate", asked, 202),
    ]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--requests", type=int, default=1500, help="of each kind")
    parser.add_argument("--workers", type=int, default=1, help="processes of the server")
    options = parser.parse_args()
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="bench-api-") as folder:
        environment = {
            **os.environ, "GUARDIAN_TEMP_DIR": folder, "GUARDIAN_RATE_LIMIT_REQUESTS_PER_MINUTE": MANY,
            "GUARDIAN_LOG_LEVEL": "WARNING", "GUARDIAN_RATE_LIMIT_RECORDS_PER_MINUTE": MANY,
            "GUARDIAN_MAX_ACTIVE_JOBS_PER_OWNER": "100000",
            "GUARDIAN_MAX_QUEUED_JOBS": "100000", "GUARDIAN_AUDIT_LOG_PATH": str(Path(folder) / "audit.log"),
        }  # fmt: skip
        key = make_key(environment)
        command = [sys.executable, "-m", "inferloop_synthetic", "serve", "--port", str(port), "--workers", str(options.workers)]
        server = subprocess.Popen(command, env=environment)
        try:
            wait_for(port, server)
            report(port, key, options)
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(60)


def report(port: int, key: str, options: argparse.Namespace) -> None:
    """Print a line for each scenario."""
    print(
        f"{options.clients} clients, {options.requests} requests of each kind, "
        f"{options.workers} server process(es), {os.cpu_count()} cores"
    )
    print(f"{'':28}{'p50 ms':>9}{'p95 ms':>9}{'p99 ms':>9}{'per s':>8}{'failed':>8}   p95 / {AIM_MS:.0f} ms")
    for scenario in scenarios(port, key):
        asyncio.run(measure(port, key, scenario, options.clients, options.clients * 2))
        found = asyncio.run(measure(port, key, scenario, options.clients, options.requests))
        shown = "".join(f"{found.at(share):9.1f}" for share in (0.5, 0.95, 0.99))
        rate = len(found.times) / found.seconds
        print(f"{scenario.name:28}{shown}{rate:8.0f}{found.failures:8}   {found.at(0.95) / AIM_MS:.2f}")


if __name__ == "__main__":
    main()
