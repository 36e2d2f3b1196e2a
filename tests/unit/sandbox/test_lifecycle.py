"""The sandbox's process: started once, found again, ended, never left behind."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from types import SimpleNamespace
from typing import Any

import pytest

from inferloop_deploy.clouds.aws import Aws
from inferloop_deploy.sandbox import lifecycle
from inferloop_deploy.sandbox.lifecycle import HOST, Sandbox, SandboxFailed, SandboxFiles, is_server

STUCK_SECONDS = 120
HOLDER = """
import pathlib, sys
from inferloop_deploy.sandbox.lifecycle import temporary
with temporary(pathlib.Path(sys.argv[1])) as sandbox:
    print(sandbox.process, sandbox.port, flush=True)
    sys.stdin.read()
"""


def _ended(sandbox: Sandbox) -> bool:
    """Wait until the server is gone; one that stays must not keep the whole run from ending."""
    patience = time.monotonic() + STUCK_SECONDS
    while is_server(sandbox.process, sandbox.port):
        if time.monotonic() > patience:
            return False
        Event().wait(0.02)
    return True


@pytest.fixture
def files(tmp_path: Path) -> SandboxFiles:
    return SandboxFiles.of(tmp_path)


def test_a_second_start_finds_the_first_and_stop_ends_it(files: SandboxFiles) -> None:
    first = lifecycle.start(files)
    try:
        assert lifecycle.start(files) == first
        assert files.running() == first
        assert first.answers()
        with pytest.raises(SandboxFailed, match=f"runs on port {first.port} already"):
            lifecycle.start(files, first.port + 1)
    finally:
        assert lifecycle.stop(files) == first
    assert not first.answers()
    assert files.running() is None
    assert not files.record.exists()
    assert lifecycle.stop(files) is None


def test_two_starts_at_once_make_one_server(files: SandboxFiles) -> None:
    with ThreadPoolExecutor(2) as pool:
        try:
            started = list(pool.map(lambda _: lifecycle.start(files), range(2)))
            assert started[0] == started[1]
        finally:
            lifecycle.stop(files)


def test_a_record_whose_process_is_another_program_counts_for_nothing(files: SandboxFiles) -> None:
    bystander = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
    try:
        files.folder.mkdir(parents=True)
        record = {"port": 4566, "process": bystander.pid, "started": "2026-01-01T00:00:00+00:00"}
        files.record.write_text(json.dumps(record), encoding="utf-8")
        assert files.running() is None
        assert lifecycle.stop(files) is None
        assert bystander.poll() is None, "somebody else's process was ended"
        assert not files.record.exists()
    finally:
        bystander.communicate()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"port": 1}', '{"port": 1, "process": 2, "started": "", "x": 3}'])
def test_a_record_that_cannot_be_read_counts_for_nothing(files: SandboxFiles, text: str) -> None:
    files.folder.mkdir(parents=True)
    files.record.write_text(text, encoding="utf-8")
    assert files.running() is None


def test_a_port_that_is_taken_is_named(files: SandboxFiles) -> None:
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SandboxFailed, match=f"Port {port} is taken"):
            lifecycle.start(files, port)
    assert files.running() is None


def test_a_server_that_fails_to_start_is_reported_with_its_log(
    files: SandboxFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lifecycle, "SERVER", "inferloop_deploy.sandbox.no_such_server")
    with pytest.raises(SandboxFailed, match="ended while it started") as caught:
        lifecycle.start(files)
    assert str(files.log) in str(caught.value.__dict__)
    assert "no_such_server" in files.log.read_text(encoding="utf-8")
    assert not files.record.exists()


def test_an_interrupted_start_leaves_no_process(files: SandboxFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[subprocess.Popen[bytes]] = []
    launch = subprocess.Popen

    def remember(*arguments: Any, **named: Any) -> subprocess.Popen[bytes]:
        made.append(launch(*arguments, **named))
        return made[-1]

    def interrupt(_: Sandbox) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr(subprocess, "Popen", remember)
    monkeypatch.setattr(Sandbox, "answers", interrupt)
    with pytest.raises(KeyboardInterrupt):
        lifecycle.start(files)
    assert [process.returncode for process in made] == [-signal.SIGKILL]
    assert not files.record.exists()


def test_without_moto_the_extra_is_named(files: SandboxFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(SandboxFailed) as caught:
        lifecycle.start(files)
    assert "inferloop-deploy[sandbox]" in str(caught.value.__dict__)


def test_a_temporary_sandbox_ends_with_its_block(tmp_path: Path) -> None:
    with lifecycle.temporary(tmp_path) as sandbox:
        assert sandbox.answers()
    assert not is_server(sandbox.process, sandbox.port)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_temporary_sandbox_ends_with_its_process(tmp_path: Path, number: signal.Signals) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert holder.stdout is not None
        process, port = (int(word) for word in holder.stdout.readline().split())
        sandbox = Sandbox(port, process, "")
        assert is_server(process, port)
        holder.send_signal(number)
        # Not waited for before the server has ended: a dead parent keeps its id until then.
        assert _ended(sandbox)
    finally:
        holder.kill()
        holder.communicate()


def test_the_environment_leads_away_from_a_persons_own_account() -> None:
    own = {
        "AWS_PROFILE": "production",
        "AWS_ACCESS_KEY_ID": "own",
        "AWS_SECRET_ACCESS_KEY": "own",
        "AWS_SESSION_TOKEN": "own",
        "AWS_ROLE_ARN": "arn:aws:iam::210987654321:role/admin",
        "AWS_WEB_IDENTITY_TOKEN_FILE": "/token",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://169.254.170.23/",
        "AWS_CONFIG_FILE": "/home/me/.aws/config",
        "AWS_SHARED_CREDENTIALS_FILE": "/home/me/.aws/credentials",
        "AWS_ENDPOINT_URL": "https://example.com",
        "AWS_ENDPOINT_URL_S3": "https://s3.eu-central-1.amazonaws.com",
        "AWS_CA_BUNDLE": "/ca.pem",
        "AWS_REGION": "eu-central-1",
        "PATH": "/bin",
    }
    environment = Sandbox(4566, 1, "").environment(own)
    assert "PATH" not in environment
    assert environment["AWS_ENDPOINT_URL"] == "http://127.0.0.1:4566"
    kept = {name for name, value in (own | environment).items() if name.startswith("AWS_") and value == own.get(name)}
    assert kept == set(), "a person's own setting takes part"
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ROLE_ARN", "AWS_ENDPOINT_URL_S3"):
        assert environment[name] == ""
    assert environment["AWS_SHARED_CREDENTIALS_FILE"] == environment["AWS_CONFIG_FILE"] == os.devnull
    assert environment["AWS_EC2_METADATA_DISABLED"] == "true"


def test_the_cloud_of_a_rehearsal_is_the_sandbox_whatever_a_person_has_set(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = {
        "AWS_PROFILE": "production",
        "AWS_SESSION_TOKEN": "own",
        "AWS_ENDPOINT_URL_STS": "http://127.0.0.1:1",
        "HTTP_PROXY": "http://127.0.0.1:1",
        "http_proxy": "http://127.0.0.1:1",
    }
    for name, value in own.items():
        monkeypatch.setenv(name, value)
    environment = SimpleNamespace(spec=SimpleNamespace(region="us-east-1"))
    assert Aws(sandbox.environment()).identity(environment).account == "123456789012"
