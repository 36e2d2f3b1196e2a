"""The audit log: appended to by many, whole or not written, and every later change found."""

from __future__ import annotations

import json
import multiprocessing
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from inferloop_synthetic.telemetry import audit as module
from inferloop_synthetic.telemetry.audit import AuditLog, AuditUnavailable, check
from inferloop_synthetic.telemetry.logs import bind


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log" / "audit.jsonl"


def write(log: AuditLog, count: int, subject: str = "key:ann") -> None:
    for number in range(count):
        log.record("POST /generate", subject=subject, outcome="done", resource="/generate", details={"rows": number})


def entries(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_an_entry_tells_who_what_when_and_how_it_ended(path: Path) -> None:
    with bind(request_id="request-1", job_id="job-1"):
        AuditLog(path).record(
            "DELETE /jobs/{job_id}",
            subject="key:ann",
            outcome="refused",
            resource="/jobs/1",
            details={"client": "10.0.0.1"},
        )
    (entry,) = entries(path)
    assert {name: entry[name] for name in ("action", "subject", "outcome", "resource", "client", "request_id", "job_id")} == {
        "action": "DELETE /jobs/{job_id}", "subject": "key:ann", "outcome": "refused", "resource": "/jobs/1",
        "client": "10.0.0.1", "request_id": "request-1", "job_id": "job-1",
    }  # fmt: skip
    assert entry["time"].endswith("+00:00")


def test_only_its_owner_may_read_it(path: Path) -> None:
    write(AuditLog(path), 1)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_details_have_known_names_only(path: Path) -> None:
    with pytest.raises(ValueError, match="row"):
        AuditLog(path).record("x", subject="y", outcome="done", details={"row": "Ann"})
    assert not path.exists()


def test_the_chain_goes_on_over_restarts(path: Path) -> None:
    for _ in range(3):
        write(AuditLog(path), 4)
    assert [entry["seq"] for entry in entries(path)] == list(range(1, 13))
    assert check(path).findings == ()


def test_many_processes_write_one_chain(path: Path) -> None:
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=write, args=(AuditLog(path), 50, f"key:{number}")) for number in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    found = check(path)
    assert (found.lines, found.findings) == (200, ())


def test_the_chain_goes_on_into_a_new_file_when_one_is_full(path: Path) -> None:
    write(AuditLog(path, largest=2000), 40)
    files = sorted(path.parent.glob("audit.jsonl*"))
    assert len(files) > 3
    assert all(file.stat().st_size < 2600 for file in files)
    assert check(path).lines == 40
    assert check(path).findings == ()


CHANGES: dict[str, Callable[[list[str]], list[str]]] = {
    "a line changed": lambda lines: [*lines[:4], lines[4].replace("key:ann", "key:bob"), *lines[5:]],
    "a line changed with its hash made anew": lambda lines: [*lines[:4], rehashed(lines[4]), *lines[5:]],
    "a line taken out": lambda lines: lines[:4] + lines[5:],
    "a line put in": lambda lines: [*lines[:4], lines[3], *lines[4:]],
    "two lines swapped": lambda lines: [*lines[:3], lines[4], lines[3], *lines[5:]],
    "the beginning cut off": lambda lines: lines[2:],
    "a line torn": lambda lines: [*lines[:4], lines[4][:30], *lines[5:]],
    "a line that is none": lambda lines: [*lines[:4], "[]", *lines[4:]],
}


def rehashed(line: str) -> str:
    entry = json.loads(line.replace("key:ann", "key:bob"))
    return json.dumps({**entry, "hash": module._hash(entry)})


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_found(path: Path, change: str) -> None:
    write(AuditLog(path), 9)
    path.write_text("\n".join(CHANGES[change](path.read_text().splitlines())) + "\n")
    assert check(path).findings


def test_an_end_that_was_cut_off_shows_in_the_newest_hash(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO"):
        write(AuditLog(path), 5)
    told = [record.fields["hash"] for record in caplog.records if record.message == "audit"]
    assert check(path).last == told[-1]
    path.write_text("\n".join(path.read_text().splitlines()[:-1]) + "\n")
    found = check(path)
    assert found.findings == ()
    assert found.last == told[-2]


def test_a_file_taken_away_between_two_is_found(path: Path) -> None:
    write(AuditLog(path, largest=1000), 20)
    sorted(path.parent.glob("audit.jsonl.*"))[1].unlink()
    if not path.exists():
        path.touch()
    assert any("was expected here" in finding.what for finding in check(path).findings)


def test_after_a_torn_line_the_chain_goes_on_and_says_so(path: Path) -> None:
    log = AuditLog(path)
    write(log, 3)
    with path.open("a") as file:
        file.write('{"seq": 4, "acti')
    write(log, 2)
    assert [finding.line for finding in check(path).findings] == [4]
    last = [json.loads(line) for line in path.read_text().splitlines()[4:]]
    assert [entry["seq"] for entry in last] == [4, 5]
    assert last[0]["after_torn_line"] is True


def test_on_a_full_disk_nothing_half_is_left_and_it_goes_on_after(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = AuditLog(path)
    write(log, 3)
    before = path.read_bytes()
    real = module._append_whole

    class Full:
        """A file on a disk that takes 20 bytes more."""

        def __init__(self, file: Any) -> None:
            self._file = file

        def __getattr__(self, name: str) -> Any:
            return getattr(self._file, name)

        def write(self, text: bytes) -> int:
            return int(self._file.write(text[:20]))

    monkeypatch.setattr(module, "_append_whole", lambda file, text: real(Full(file), text))
    with pytest.raises(AuditUnavailable) as caught:
        write(log, 1)
    assert caught.value.status == 503
    assert path.read_bytes() == before
    monkeypatch.setattr(module, "_append_whole", real)
    write(log, 1)
    assert check(path).findings == ()


def test_without_a_file_the_chain_goes_to_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO"):
        write(AuditLog(None), 3)
    assert [record.fields["seq"] for record in caplog.records] == [1, 2, 3]
    assert len({record.fields["hash"] for record in caplog.records}) == 3
