"""Long work as a list of phases, and a journal on disk that tells where it stopped.

Each phase finds out from the world whether there is anything left to do, so that work that was cut off at any moment
continues when it is run again. The journal tells people that it does, and terraform's lock whose it is.
"""

from __future__ import annotations

import getpass
import json
import os
import socket
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from inferloop_deploy.render.write import replace_file
from inferloop_deploy.terraform.messages import Lock

PhaseState = Literal["running", "done", "skipped", "failed"]


@dataclass(frozen=True)
class Phase:
    """One step of long work; `undo` is called, the last first, when a later step fails."""

    title: str
    run: Callable[[], None]
    should_run: Callable[[], bool] = lambda: True
    undo: Callable[[], None] | None = None


@dataclass(frozen=True)
class Entry:
    """What the journal has about one phase."""

    title: str
    state: PhaseState
    began: str
    ended: str | None = None


@dataclass(frozen=True)
class Record:
    """What the journal has about one run of a command; times are UTC."""

    command: str
    began: str
    host: str
    user: str
    process: int
    terraform: int | None = None
    ended: str | None = None
    phases: tuple[Entry, ...] = ()
    earlier: tuple[Record, ...] = ()
    """The runs before it, newest first, since the last one that went to its end: a lock may be theirs."""

    @property
    def unfinished(self) -> str | None:
        """The phase that the run was cut off in or failed in, or None where it went to its end."""
        if self.ended is not None:
            return None
        open_phases = [entry.title for entry in self.phases if entry.state in ("running", "failed")]
        return open_phases[-1] if open_phases else "start"


def now() -> str:
    """Return the time as the journal writes it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


MOST_EARLIER = 10


@dataclass
class Journal:
    """The journal of one command; it keeps the last run, and those before it that were cut off."""

    path: Path
    clock: Callable[[], str] = now
    record: Record | None = field(default=None, init=False)

    def last(self) -> Record | None:
        """Return the last run, or None where there was none or its journal cannot be read."""
        try:
            data: dict[str, Any] = json.loads(self.path.read_text(encoding="utf-8"))
            return _record(data)
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def begin(self, command: str) -> None:
        """Start the record of a run."""
        last = self.last()
        earlier = () if last is None or last.unfinished is None else (replace(last, earlier=()), *last.earlier)
        self._keep(
            Record(
                command,
                self.clock(),
                socket.gethostname(),
                getpass.getuser(),
                os.getpid(),
                earlier=earlier[:MOST_EARLIER],
            )
        )

    def runs_terraform(self, process: int) -> None:
        """Note which process terraform is."""
        if self.record is not None:
            self._keep(replace(self.record, terraform=process))

    def note(self, title: str, state: PhaseState) -> None:
        """Note that a phase began or how it ended."""
        record = self._record()
        last = record.phases[-1] if record.phases else None
        if last is not None and last.title == title and last.state == "running":
            phases = (*record.phases[:-1], replace(last, state=state, ended=self.clock()))
        else:
            phases = (*record.phases, Entry(title, state, self.clock()))
        self._keep(replace(record, phases=phases))

    def end(self) -> None:
        """Note that the run went to its end."""
        self._keep(replace(self._record(), ended=self.clock(), earlier=()))

    def _record(self) -> Record:
        if self.record is None:
            raise RuntimeError("begin comes first")
        return self.record

    def _keep(self, record: Record) -> None:
        self.record = record
        replace_file(self.path, json.dumps(asdict(record), indent=2) + "\n")


def _record(data: dict[str, Any]) -> Record:
    phases = tuple(Entry(**entry) for entry in data["phases"])
    return Record(**{**data, "phases": phases, "earlier": tuple(map(_record, data["earlier"]))})


def run_phases(phases: Sequence[Phase], journal: Journal, tell: Callable[[str, PhaseState], None]) -> None:
    """Run phases in their order, noting each; on failure undo what was done, the last first, and raise."""
    done: list[Phase] = []

    def note(phase: Phase, state: PhaseState) -> None:
        journal.note(phase.title, state)
        tell(phase.title, state)

    for phase in phases:
        if not phase.should_run():
            note(phase, "skipped")
            continue
        note(phase, "running")
        try:
            phase.run()
        except BaseException:
            note(phase, "failed")
            for earlier in reversed(done):
                if earlier.undo is not None:
                    earlier.undo()
            raise
        note(phase, "done")
        done.append(phase)


def left_by(lock: Lock, record: Record | None, runs: Callable[[int], bool]) -> Record | None:
    """Return the run on this machine that certainly left a lock behind when it was killed, or None where in doubt.

    Only then may the lock be taken away without asking: the journal has the run, both its processes are gone, and the
    lock was made by the same person on the same machine after the run began.
    """
    runs_known = () if record is None else (record, *record.earlier)
    return next((one for one in runs_known if _left_by(lock, one, runs)), None)


def _left_by(lock: Lock, record: Record, runs: Callable[[int], bool]) -> bool:
    if record.terraform is None or record.host != socket.gethostname():
        return False
    if record.process != os.getpid() and runs(record.process):
        return False
    if runs(record.terraform):
        return False
    made = _time(lock.created)
    began = _time(record.began)
    return lock.who == f"{record.user}@{record.host}" and made is not None and began is not None and made >= began


def process_runs(process: int) -> bool:
    """Tell whether a process of this machine runs."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _time(text: str) -> datetime | None:
    """Return a time as terraform writes it (`2026-11-21 10:42:11.123456789 +0000 UTC`, or RFC 3339), to the second."""
    for length, form in ((19, "%Y-%m-%d %H:%M:%S"), (19, "%Y-%m-%dT%H:%M:%S")):
        try:
            return datetime.strptime(text[:length], form).replace(tzinfo=UTC)
        except ValueError:
            continue
    return None
