"""`inferloop-synthetic keys`: what operators type, and what the API then takes."""

from __future__ import annotations

import json
import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from inferloop_synthetic.cli import main
from inferloop_synthetic.jobs.database import open_database
from inferloop_synthetic.security.errors import Unauthenticated
from inferloop_synthetic.security.keys import KeyStore
from inferloop_synthetic.telemetry.audit import check

PEPPER = "p" * 40


@dataclass
class Ended:
    """How a command ended."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Run a command as an operator; its database and audit log are in the test's folder."""
    for name in [name for name in os.environ if name.startswith("GUARDIAN_")]:
        monkeypatch.delenv(name)
    own = {
        "GUARDIAN_DATA_DIR": str(tmp_path), "GUARDIAN_TEMP_DIR": str(tmp_path / "scratch"), "GUARDIAN_API_KEY_PEPPERS": PEPPER,
        "GUARDIAN_AUDIT_LOG_PATH": str(tmp_path / "audit.jsonl"), "COLUMNS": "120",
    }  # fmt: skip
    before = signal.getsignal(signal.SIGTERM)

    def command(*words: str, **more: str) -> Ended:
        for name, value in {**own, **more}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "argv", ["inferloop-synthetic", *words])
        with pytest.raises(SystemExit) as ending:
            main()
        told = capsys.readouterr()
        return Ended(int(ending.value.code or 0), told.out, told.err)

    yield command
    signal.signal(signal.SIGTERM, before)


@pytest.fixture
def store(tmp_path: Path) -> KeyStore:
    return KeyStore(open_database(f"sqlite:///{tmp_path / 'inferloop.db'}"), peppers=[PEPPER.encode()])


def test_a_key_is_made_used_rotated_and_revoked(run: Any, store: KeyStore, tmp_path: Path) -> None:
    made = run("keys", "create", "--owner", "team-a", "--scope", "generate", "--scope", "read", "--note", "nightly")
    assert made.returncode == 0, made.stderr
    token = made.stdout.strip()
    assert "not shown again" in made.stderr
    assert store.verify(token).scopes == {"generate", "read"}

    listed = json.loads(run("keys", "list", "--output", "json").stdout)
    assert [(key["owner"], key["state"], key["note"]) for key in listed] == [("team-a", "active", "nightly")]
    text = run("keys", "list").stdout
    assert listed[0]["id"] in text
    assert token.split("_")[2] not in text + json.dumps(listed)

    new = json.loads(run("keys", "rotate", listed[0]["id"], "--overlap", "1h", "--output", "json").stdout)
    assert store.verify(new["key"]).subject == store.verify(token).subject
    states = {key["id"]: key["state"] for key in json.loads(run("keys", "list", "--output", "json").stdout)}
    assert states == {listed[0]["id"]: "ending", new["id"]: "active"}

    assert run("keys", "revoke", new["id"]).stdout.startswith(f"{new['id']} of team-a is revoked")
    with pytest.raises(Unauthenticated, match="revoked"):
        store.verify(new["key"])
    actions = [json.loads(line)["action"] for line in (tmp_path / "audit.jsonl").read_text().splitlines()]
    assert actions == ["create key", "rotate key", "revoke key"]
    assert check(tmp_path / "audit.jsonl").findings == ()
    assert token[16:] not in (tmp_path / "audit.jsonl").read_text()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            ["create", "--owner", "a", "--scope", "write"],
            "there is no scope 'write'; scopes are generate, validate, read, admin",
        ),
        (["create", "--owner", "a b", "--scope", "read"], "cannot own a key"),
        (
            ["create", "--owner", "a", "--scope", "read", "--expires", "soon"],
            "--expires 'soon': write a number and m, h or d",
        ),
        (["create", "--owner", "a", "--scope", "read", "--expires", "0d"], "longer than nothing"),
        (["create", "--owner", "a", "--scope", "read", "--requests-per-minute", "0"], "requests a minute are from 1"),
        (["revoke", "nothing"], "there is no key 'nothing'"),
        (["rotate", "nothing", "--overlap", "never"], "a rotation ends"),
    ],
)
def test_wrong_use_is_told_in_one_line(run: Any, words: list[str], told: str) -> None:
    ended = run("keys", *words)
    assert ended.returncode == 2
    assert told in ended.stderr
    assert "Traceback" not in ended.stderr


def test_without_its_database_the_command_says_which(run: Any) -> None:
    ended = run(
        "keys",
        "list",
        GUARDIAN_POSTGRES_HOST="127.0.0.1",
        GUARDIAN_POSTGRES_PORT="1",
        GUARDIAN_POSTGRES_PASSWORD="hidden",
    )
    assert ended.returncode == 1
    assert "127.0.0.1:1" in ended.stderr
    assert "hidden" not in ended.stderr + ended.stdout


def test_an_altered_audit_log_is_found_by_the_command(run: Any, tmp_path: Path) -> None:
    for owner in ("a", "b", "c"):
        run("keys", "create", "--owner", owner, "--scope", "read")
    log = tmp_path / "audit.jsonl"
    whole = run("audit", str(log))
    assert (whole.returncode, "3 lines, the chain is whole" in whole.stdout) == (0, True)
    log.write_text(log.read_text().replace("create key", "revoke key", 1))
    altered = run("audit", str(log))
    assert altered.returncode == 1
    assert f"{log}:1: the line was changed" in altered.stderr
