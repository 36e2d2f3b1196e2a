"""The container does its work under every restriction, and loses none of it when it is told to stop."""

from __future__ import annotations

import csv
import json
import os
import random
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import containers
import httpx
import pyarrow.parquet as pq
import pytest

if TYPE_CHECKING:
    from conftest import Built

SCHEMA = {"id": "integer[1:1000000]", "name": "string", "score": "float[0:1]"}


def real_table(path: Path) -> None:
    """Write a small table to learn from."""
    draw = random.Random(3)
    with path.open("w", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow(["age", "plan", "income"])
        for _ in range(600):
            age = draw.randint(18, 80)
            writer.writerow([age, draw.choice(["free", "pro"]), round(age * 900 + draw.gauss(0, 4000), 2)])


def test_the_command_learns_from_a_file_and_writes_rows(built: Built, folder: Path):
    real_table(folder / "real.csv")
    os.chown(folder / "real.csv", 10001, 10001)
    words = ["generate", "real.csv", "--rows", "5000", "--seed", "7", "--output", "out.parquet"]
    built.podman.hardened(*words, options=[f"--volume={folder}:/data"])
    table = pq.read_table(folder / "out.parquet")
    assert table.num_rows == 5000
    assert table.column_names == ["age", "plan", "income"]
    assert set(table["plan"].to_pylist()) == {"free", "pro"}
    assert (folder / "out.parquet").stat().st_uid == 10001


def test_nothing_can_be_written_but_where_it_was_allowed(built: Built):
    code = """
import os
for place in ("/", "/opt/inferloop", "/opt/inferloop/lib", "/usr", "/etc", "/data", "/var"):
    try:
        open(os.path.join(place, "x"), "w")
        print("written", place)
    except OSError as error:
        print(error.errno)
open("/tmp/x", "w").write("x")
"""
    assert set(built.podman.python(code).split()) <= {"30", "13"}  # read-only file system, or permission denied


def test_it_has_no_capability_and_can_gain_none(built: Built):
    status = dict(
        line.split(":\t", 1)
        for line in built.podman.python("print(open('/proc/self/status').read())").splitlines()
        if ":\t" in line
    )
    for kind in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert int(status[kind], 16) == 0, kind
    assert status["NoNewPrivs"] == "1"
    assert status["Uid"].split() == ["10001"] * 4
    assert status["Gid"].split() == ["10001"] * 4


def test_its_limits_of_memory_and_processes_hold(built: Built):
    many = "import os, sys\ntry:\n [os.fork() or os._exit(os.pause() if hasattr(os, 'pause') else __import__('time').sleep(60)) for _ in range(400)]\nexcept BlockingIOError:\n print('stopped')"
    done = built.podman.run(
        "run", "--rm", "--network=none", *containers.HARDENED, "--pids-limit=64", "--entrypoint", "/opt/inferloop/bin/python",
        containers.IMAGE, "-c", many, check=False,
    )  # fmt: skip
    assert done.stdout.strip() == "stopped"
    hungry = ["--memory=256m", "--memory-swap=256m", "--entrypoint", "/opt/inferloop/bin/python", containers.IMAGE]
    done = built.podman.run(
        "run",
        "--rm",
        "--network=none",
        *containers.HARDENED,
        *hungry,
        "-c",
        "x = bytearray(1 << 30); print('had it')",
        check=False,
    )
    assert done.returncode == 137
    assert "had it" not in done.stdout


def test_a_process_group_of_another_number_can_write_too(built: Built, folder: Path):
    """OpenShift gives each project a user of its own, in group 0."""
    os.chown(folder, 0, 0)
    folder.chmod(0o770)
    (folder / "schema.json").write_text(json.dumps(SCHEMA))
    words = ["generate", "schema.json", "--rows", "100", "--output", "out.csv"]
    built.podman.hardened(*words, options=["--user=1000650000:0", f"--volume={folder}:/data"])
    assert len((folder / "out.csv").read_text().splitlines()) == 101


@pytest.fixture
def serve(built: Built, folder: Path) -> Iterator[Callable[[], Server]]:
    """Start the API in a hardened container, as often as a test asks, with the same /data."""
    names: list[str] = []

    def start() -> Server:
        name = f"inferloop-{os.getpid()}-{len(names)}"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        names.append(name)
        environment = [f"--env=GUARDIAN_PORT={port}", "--env=GUARDIAN_HOST=127.0.0.1", "--env=GUARDIAN_PART_ROWS=20000"]
        environment += ["--env=GUARDIAN_RATE_LIMIT_REQUESTS_PER_MINUTE=100000", "--env=GUARDIAN_JOB_LEASE_SECONDS=5"]
        place = [f"--volume={folder}:/data", "--network=host", *environment]
        built.podman.run("run", "--detach", "--name", name, *containers.HARDENED, *place, containers.IMAGE)
        return Server(built.podman, name, httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30))

    yield start
    for name in names:
        built.podman.run("rm", "--force", "--time", "0", name, check=False)


@dataclass
class Server:
    """A container that serves."""

    podman: containers.Podman
    name: str
    client: httpx.Client

    def key(self) -> dict[str, str]:
        """Return headers with a new API key, made as an operator makes one."""
        program = "/opt/inferloop/bin/inferloop-synthetic"
        words = ["keys", "create", "--owner", "ann", "--scope", "generate", "--scope", "read", "--output", "json"]
        made = json.loads(self.podman.run("exec", self.name, program, *words).stdout)
        return {"X-API-Key": made["key"]}

    def until(
        self, path: str, wanted: Callable[[httpx.Response], bool], headers: dict[str, str] | None = None
    ) -> httpx.Response:
        """Ask until the answer is what is wanted; fail with the log where the container has ended."""
        while True:
            try:
                answer = self.client.get(path, headers=headers)
                if wanted(answer):
                    return answer
            except httpx.TransportError:
                pass
            if self.podman.run("inspect", "--format", "{{.State.Running}}", self.name).stdout.strip() != "true":
                pytest.fail(f"the container ended: {self.log()}", pytrace=False)

    def log(self) -> str:
        """Return what it wrote."""
        done = self.podman.run("logs", self.name, check=False)
        return (done.stdout + done.stderr)[-4000:]

    def stop(self) -> int:
        """Send SIGTERM and nothing else; return the exit status."""
        self.podman.run("kill", "--signal", "TERM", self.name)
        return int(self.podman.run("wait", self.name).stdout)


def test_a_job_in_flight_survives_sigterm(serve: Callable[[], Server], folder: Path):
    """The first container is told to stop while it makes parts; the second one ends the job, and no part was made twice."""
    first = serve()
    first.until("/ready", lambda answer: answer.status_code == 200)
    key = first.key()
    asked = {"schema": SCHEMA, "rows": 3_000_000, "seed": 5, "format": "csv"}
    job = first.client.post("/generate", json=asked, headers=key)
    assert job.status_code == 202, job.text
    address = job.headers["Location"]

    def some_parts(answer: httpx.Response) -> bool:
        return answer.json().get("parts_done", 0) >= 3 or answer.json()["state"] not in {"queued", "running"}

    before = first.until(address, some_parts, key).json()
    assert before["state"] == "running", before
    assert first.stop() == 0, first.log()
    kept = {path.name: path.stat().st_mtime_ns for path in folder.rglob("part-*.csv*")}
    assert 3 <= len(kept) < 150

    second = serve()
    done = second.until(
        address, lambda answer: answer.is_success and answer.json()["state"] not in {"queued", "running"}, key
    ).json()
    assert done["state"] == "succeeded", (done, second.log())
    assert done["rows_done"] == 3_000_000
    after = {path.name: path.stat().st_mtime_ns for path in folder.rglob("part-*.csv*")}
    assert len(after) == 150
    assert {name: after[name] for name in kept} == kept
    assert second.stop() == 0, second.log()
