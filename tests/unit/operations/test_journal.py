"""Long work in phases, and what its journal tells afterwards."""

from __future__ import annotations

import getpass
import json
import os
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from inferloop_deploy.busy import Busy, alone_in
from inferloop_deploy.changes import Change, Changes
from inferloop_deploy.journal import Journal, Phase, Record, left_by, now, process_runs, run_phases
from inferloop_deploy.terraform import Lock


def never(_: int) -> bool:
    return False


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    times = iter(f"2026-11-21T10:00:{second:02}+00:00" for second in range(60))
    found = Journal(tmp_path / "journal" / "apply.json", lambda: next(times))
    found.begin("apply")
    return found


def test_phases_run_in_order_and_are_noted(journal: Journal) -> None:
    order: list[str] = []
    told: list[tuple[str, str]] = []
    phases = [
        Phase("a", lambda: order.append("a")),
        Phase("b", lambda: order.append("b"), should_run=lambda: False),
        Phase("c", lambda: order.append("c")),
    ]
    run_phases(phases, journal, lambda title, state: told.append((title, state)))
    journal.end()
    assert order == ["a", "c"]
    assert told == [("a", "running"), ("a", "done"), ("b", "skipped"), ("c", "running"), ("c", "done")]
    record = journal.last()
    assert record is not None
    assert [(entry.title, entry.state) for entry in record.phases] == [("a", "done"), ("b", "skipped"), ("c", "done")]
    assert record.unfinished is None


def test_a_failure_undoes_what_was_done_the_last_first(journal: Journal) -> None:
    undone: list[str] = []

    def fail() -> None:
        raise RuntimeError("third")

    phases = [
        Phase("first", lambda: None, undo=lambda: undone.append("first")),
        Phase("nothing to undo", lambda: None),
        Phase("second", lambda: None, undo=lambda: undone.append("second")),
        Phase("skipped", lambda: None, should_run=lambda: False, undo=lambda: undone.append("skipped")),
        Phase("third", fail, undo=lambda: undone.append("third")),
    ]
    with pytest.raises(RuntimeError, match="third"):
        run_phases(phases, journal, lambda *_: None)
    assert undone == ["second", "first"]
    record = journal.last()
    assert record is not None
    assert record.unfinished == "third"


def test_an_interrupt_is_noted_like_a_failure(journal: Journal) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_phases([Phase("apply", interrupt)], journal, lambda *_: None)
    record = journal.last()
    assert record is not None
    assert (record.unfinished, record.phases[0].state) == ("apply", "failed")


def test_a_killed_run_is_found_in_the_phase_it_was_in(journal: Journal) -> None:
    journal.note("Plan", "running")
    journal.note("Plan", "done")
    journal.note("Apply", "running")
    journal.runs_terraform(4711)
    found = Journal(journal.path).last()
    assert found is not None
    assert (found.unfinished, found.terraform, found.process) == ("Apply", 4711, os.getpid())


def test_a_run_that_was_killed_before_its_first_phase_is_unfinished(journal: Journal) -> None:
    found = journal.last()
    assert found is not None
    assert found.unfinished == "start"


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"phases": 3}'])
def test_a_journal_that_cannot_be_read_is_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "apply.json"
    path.write_text(text)
    assert Journal(path).last() is None
    assert Journal(tmp_path / "missing.json").last() is None


def test_runs_that_were_cut_off_are_kept_until_one_goes_to_its_end(journal: Journal) -> None:
    journal.runs_terraform(1)
    journal.begin("apply")
    journal.runs_terraform(2)
    journal.begin("apply")
    found = journal.last()
    assert found is not None
    assert [one.terraform for one in found.earlier] == [2, 1]
    journal.end()
    journal.begin("apply")
    found = journal.last()
    assert found is not None
    assert found.earlier == ()


def test_a_journal_is_begun_before_it_is_written_to(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "apply.json")
    journal.runs_terraform(1)
    assert not journal.path.exists()
    with pytest.raises(RuntimeError, match="begin"):
        journal.note("Plan", "running")


WHO = f"{getpass.getuser()}@{socket.gethostname()}"
RECORD = Record("apply", "2026-11-21T10:42:11+00:00", socket.gethostname(), getpass.getuser(), 1111, 2222)
LOCK = Lock("id", WHO, "OperationTypeApply", "2026-11-21 10:42:12.5 +0000 UTC", "path")


def test_a_lock_that_a_killed_run_left_behind_is_known_as_ours() -> None:
    assert left_by(LOCK, RECORD, never) == RECORD
    assert left_by(replace(LOCK, created="2026-11-21T10:42:12.5Z"), RECORD, never) == RECORD
    later = replace(RECORD, began="2026-11-21T11:00:00+00:00", earlier=(RECORD,))
    assert left_by(LOCK, later, never) == RECORD, "the run before the last one"


@pytest.mark.parametrize(
    ("lock", "record"),
    [
        (LOCK, None),
        (LOCK, replace(RECORD, terraform=None)),
        (LOCK, replace(RECORD, host="another-machine")),
        (LOCK, replace(RECORD, user="somebody")),
        (replace(LOCK, who="ada@laptop"), RECORD),
        (replace(LOCK, created="2026-11-21 10:42:10 +0000 UTC"), RECORD),
        (replace(LOCK, created="yesterday"), RECORD),
        (LOCK, replace(RECORD, began="yesterday")),
    ],
)
def test_any_doubt_leaves_a_lock_where_it_is(lock: Lock, record: Record | None) -> None:
    assert not left_by(lock, record, never)


@pytest.mark.parametrize("running", [1111, 2222])
def test_a_run_that_still_goes_on_keeps_its_lock(running: int) -> None:
    assert not left_by(LOCK, RECORD, lambda process: process == running)


def test_a_process_runs_until_it_has_ended() -> None:
    process = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
    assert process_runs(process.pid)
    process.communicate()
    assert not process_runs(process.pid)


def test_a_process_of_somebody_else_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "kill", refuse)
    assert process_runs(1)


def test_times_are_utc_to_the_second() -> None:
    assert now().endswith("+00:00")
    assert len(now()) == len("2026-11-21T10:42:11+00:00")


def test_a_change_is_done_once_and_told() -> None:
    told: list[Change] = []
    done: list[int] = []
    changes = Changes(report=told.append)
    assert changes.change("bucket b", "create", lambda: done.append(1) or "made") == "made"  # type: ignore[func-returns-value]
    assert (done, [str(change) for change in told]) == ([1], ["create bucket b"])


def test_on_a_dry_run_a_change_is_told_and_not_done() -> None:
    told: list[Change] = []
    changes = Changes(dry_run=True, report=told.append)

    def fail() -> None:
        raise AssertionError("it was done")

    assert changes.change("bucket b", "create", fail) is None
    assert changes.made == told == [Change("bucket b", "create")]


def test_two_commands_do_not_work_in_one_folder(tmp_path: Path) -> None:
    with alone_in(tmp_path / "work", "apply"):
        script = (
            "import sys; from pathlib import Path; from inferloop_deploy.busy import alone_in\n"
            "with alone_in(Path(sys.argv[1]), 'plan'): pass"
        )
        finished = subprocess.run(
            [sys.executable, "-c", script, str(tmp_path / "work")], capture_output=True, text=True, check=False
        )
        assert finished.returncode == 1
        assert f"inferloop-deploy apply (process {os.getpid()}) already works in" in finished.stderr
        with pytest.raises(Busy), alone_in(tmp_path / "work", "destroy"):
            pass
    with alone_in(tmp_path / "work", "destroy"):
        pass


def test_the_journal_is_whole_json_at_any_time(journal: Journal) -> None:
    journal.note("Plan", "running")
    assert json.loads(journal.path.read_text())["phases"][0]["state"] == "running"
    assert [path.name for path in journal.path.parent.iterdir()] == ["apply.json"]
