"""The audit log: who did what, when, on what, and how it ended; never the data itself.

One JSON object a line, only ever appended. Each line holds the SHA-256 of the line before, so that a line that was changed,
taken out or put in later breaks the chain (`inferloop-synthetic audit FILE` finds where). The hash of the newest line also
goes to the log stream with each line: whoever keeps that elsewhere can tell that the end of the file was cut off.
"""

from __future__ import annotations

import errno
import hashlib
import json
import logging
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Literal

from inferloop_synthetic.security.errors import Unavailable
from inferloop_synthetic.telemetry.logs import FIELDS, bound, fields, masked

Outcome = Literal["allowed", "refused", "failed", "done"]
Details = Mapping[str, str | int | float | bool | None]
GENESIS = "0" * 64
LARGEST_FILE = 64 * 2**20
_LONGEST_TEXT = 300
_log = logging.getLogger(__name__)


class AuditUnavailable(Unavailable):
    """What would happen cannot be put on record, so it does not happen."""

    code = "audit-unavailable"


class AuditLog:
    """Appends to a file that any number of processes share; without a file, the chain goes to the log stream only.

    When the file has reached `largest` bytes it is renamed with the number of its first line, and the chain goes on in a new one.
    """

    def __init__(
        self, path: Path | None, *, largest: int = LARGEST_FILE, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self.path, self._largest, self._clock = path, largest, clock
        self._tail = (0, GENESIS)
        if path is not None:
            try:
                path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            except OSError as error:
                raise _cannot(path, error) from error

    def record(self, action: str, *, subject: str, outcome: Outcome, resource: str = "", details: Details | None = None) -> None:
        """Put an event on record; raises AuditUnavailable when that cannot be done."""
        given = dict(details or {})
        unknown = given.keys() - FIELDS
        if unknown:
            raise ValueError(f"not a detail of the audit log: {', '.join(sorted(unknown))}")
        ids = {name: bound()[name] for name in ("request_id", "trace_id", "job_id") if name in bound()}
        event = {
            "time": self._clock().isoformat(timespec="microseconds"),
            "action": action,
            "subject": subject,
            "outcome": outcome,
            "resource": resource,
            **ids,
            **{name: value for name, value in given.items() if value is not None},
        }
        line = {name: masked(value)[:_LONGEST_TEXT] if isinstance(value, str) else value for name, value in event.items()}
        seq, digest = self._append(line)
        shown = {name: line[name] for name in ("action", "subject", "outcome", "resource")} | given
        _log.info("audit", extra=fields(seq=seq, hash=digest, **shown))

    def _append(self, line: dict[str, Any]) -> tuple[int, str]:
        if self.path is None:
            written = _chained(line, *self._tail)
            self._tail = (written["seq"], written["hash"])
            return self._tail
        try:
            with _locked(self.path) as file:
                seq, digest, torn = _tail_of(file) or (*_tail_of_last(self.path), False)
                text = _dump(_chained(line | ({"after_torn_line": True} if torn else {}), seq, digest))
                _append_whole(file, (b"\n" if torn else b"") + text)
                size = file.tell()
        except OSError as error:
            raise _cannot(self.path, error) from error
        newest: dict[str, Any] = json.loads(text)
        if size >= self._largest:
            self._turn_over()
        return newest["seq"], newest["hash"]

    def _turn_over(self) -> None:
        assert self.path is not None  # noqa: S101
        with _lock(self.path):
            if self.path.stat().st_size < self._largest:
                return  # another process did it
            with self.path.open("rb") as file:
                first = json.loads(file.readline())["seq"]
            self.path.rename(self.path.with_name(f"{self.path.name}.{first:012d}"))


class NoAudit:
    """Puts nothing on record."""

    def record(self, action: str, *, subject: str, outcome: Outcome, resource: str = "", details: Details | None = None) -> None:
        """Take the event."""


AnyAudit = AuditLog | NoAudit


@dataclass(frozen=True)
class Finding:
    """Where the chain of an audit log breaks."""

    file: Path
    line: int
    what: str


@dataclass(frozen=True)
class Check:
    """What checking an audit log found: how many lines, the newest hash, and where it is not what it was."""

    lines: int
    last: str
    findings: tuple[Finding, ...]


def check(path: Path) -> Check:
    """Follow the chain through all files of an audit log, the oldest first."""
    findings: list[Finding] = []
    lines, seq, digest = 0, 0, GENESIS
    for file in (*_older(path), path):
        if not file.exists():
            findings.append(Finding(file, 0, "the file is not there"))
            continue
        with file.open("rb") as content:
            for number, text in enumerate(content, start=1):
                lines += 1
                entry, problem = _read(text)
                if entry is None:
                    findings.append(Finding(file, number, problem))
                    continue
                if entry["hash"] != _hash(entry):
                    findings.append(Finding(file, number, "the line was changed after it was written"))
                elif (entry["seq"], entry["previous"]) != (seq + 1, digest):
                    findings.append(Finding(file, number, f"entry {seq + 1} was expected here, and this is {entry['seq']}"))
                seq, digest = entry["seq"], entry["hash"]
    return Check(lines, digest, tuple(findings))


def _read(text: bytes) -> tuple[dict[str, Any] | None, str]:
    if not text.endswith(b"\n"):
        return None, "the line is torn: whoever wrote it was stopped, or the end was cut off"
    try:
        entry = json.loads(text)
    except ValueError:
        return None, "the line is torn or no JSON"
    if not isinstance(entry, dict) or not isinstance(entry.get("seq"), int) or not isinstance(entry.get("hash"), str):
        return None, "the line is no entry of an audit log"
    return entry, ""


def _chained(line: Mapping[str, Any], seq: int, previous: str) -> dict[str, Any]:
    entry = {"seq": seq + 1, **line, "previous": previous}
    return {**entry, "hash": _hash(entry)}


def _hash(entry: Mapping[str, Any]) -> str:
    body = {name: value for name, value in entry.items() if name != "hash"}
    return hashlib.sha256(json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()).hexdigest()


def _dump(entry: Mapping[str, Any]) -> bytes:
    return json.dumps(entry, separators=(",", ":"), ensure_ascii=True).encode() + b"\n"


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    """Hold the log's lock, in a file of its own so that turning the log over does not move it."""
    import fcntl

    descriptor = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def _locked(path: Path) -> Iterator[IO[bytes]]:
    with _lock(path):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "r+b", buffering=0) as file:
            yield file


def _append_whole(file: IO[bytes], text: bytes) -> None:
    """Append all of a text or nothing: a full disk takes the first bytes of a line and refuses the rest."""
    size = file.seek(0, os.SEEK_END)
    try:
        written = file.write(text)
        if written != len(text):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))  # noqa: TRY301 (one way out)
    except OSError:
        file.truncate(size)
        raise


def _tail_of(file: IO[bytes]) -> tuple[int, str, bool] | None:
    """Return number and hash of the last whole line, and whether a torn one follows it; None for a file without lines."""
    end = file.seek(0, os.SEEK_END)
    reach = 4096
    while end:
        start = max(0, end - reach)
        file.seek(start)
        block = file.read(end - start)
        torn = not block.endswith(b"\n")
        lines = block.split(b"\n")[:-1]
        whole = lines if start == 0 else lines[1:]
        for text in reversed(whole):
            entry, _ = _read(text + b"\n")
            if entry is not None:
                return entry["seq"], entry["hash"], torn
        if start == 0:
            return 0, GENESIS, torn
        reach *= 4
    return None


def _tail_of_last(path: Path) -> tuple[int, str]:
    """Return number and hash of the last line before the file that starts now."""
    older = _older(path)
    if not older:
        return 0, GENESIS
    with older[-1].open("rb") as file:
        seq, digest, _ = _tail_of(file) or (0, GENESIS, False)
    return seq, digest


def _older(path: Path) -> list[Path]:
    return sorted(file for file in path.parent.glob(f"{path.name}.*") if file.suffix[1:].isdigit())


def _cannot(path: Path, error: OSError) -> AuditUnavailable:
    # The operator finds the path in the log; callers have no use for it.
    _log.error("the audit log cannot be written", extra=fields(resource=str(path)), exc_info=error)
    return AuditUnavailable(
        "The audit log cannot be written, and nothing is done that is not on record.",
        hint="Try again later; operators: see GUARDIAN_AUDIT_LOG_PATH and the log.",
        headers={"Retry-After": "10"},
    )
