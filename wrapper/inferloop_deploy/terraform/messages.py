"""What terraform says while it runs, as values.

The form of the lines: https://developer.hashicorp.com/terraform/internals/machine-readable-ui
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

Verb = Literal["create", "update", "delete", "replace", "read", "noop"]
Step = Literal["planned", "start", "progress", "complete", "error"]


@dataclass(frozen=True)
class Started:
    """A terraform process runs now."""

    command: str
    process: int


@dataclass(frozen=True)
class Stopping:
    """The process was told to stop; `forced` where it was told to stop at once, whatever is lost."""

    forced: bool


@dataclass(frozen=True)
class Progress:
    """One step of one resource; `seconds` since it began."""

    step: Step
    address: str
    verb: str
    seconds: float = 0


@dataclass(frozen=True)
class Summary:
    """What a plan wants, or an apply did, in numbers."""

    operation: str
    add: int
    change: int
    remove: int


@dataclass(frozen=True)
class Diagnostic:
    """An error or a warning."""

    severity: Literal["error", "warning"]
    summary: str
    detail: str = ""
    address: str = ""
    file: str = ""
    line: int = 0

    @property
    def text(self) -> str:
        """Everything it says, on as many lines as terraform gave it."""
        return f"{self.summary}: {self.detail}" if self.detail else self.summary


@dataclass(frozen=True)
class Text:
    """Anything else that it says; `plain` where it was no message but a bare line."""

    text: str
    plain: bool = False


Event: TypeAlias = Started | Stopping | Progress | Summary | Diagnostic | Text

_STEPS: dict[str, Step] = {
    "planned_change": "planned",
    "apply_start": "start",
    "apply_progress": "progress",
    "apply_complete": "complete",
    "apply_errored": "error",
}


def read_message(line: str) -> Event:
    """Return what one line of terraform's output says; a line that is not of its form becomes plain text."""
    try:
        message = json.loads(line)
        kind = message["type"]
        if kind in _STEPS:
            return _progress(_STEPS[kind], message)
        if kind == "change_summary":
            changes = message["changes"]
            return Summary(
                str(changes["operation"]), int(changes["add"]), int(changes["change"]), int(changes["remove"])
            )
        if kind == "diagnostic":
            return _diagnostic(message["diagnostic"])
        return Text(str(message["@message"]))
    except (ValueError, KeyError, TypeError, AttributeError):
        return Text(line.rstrip("\n"), plain=True)


def _progress(step: Step, message: dict[str, Any]) -> Progress:
    hook = message["change"] if step == "planned" else message["hook"]
    return Progress(step, str(hook["resource"]["addr"]), str(hook["action"]), float(hook.get("elapsed_seconds", 0)))


def _diagnostic(found: dict[str, Any]) -> Diagnostic:
    place = found.get("range") or {}
    return Diagnostic(
        severity="warning" if found["severity"] == "warning" else "error",
        summary=str(found["summary"]),
        detail=str(found.get("detail") or ""),
        address=str(found.get("address") or ""),
        file=str(place.get("filename") or ""),
        line=int((place.get("start") or {}).get("line") or 0),
    )


@dataclass(frozen=True)
class Lock:
    """Who holds a state, as terraform wrote it down."""

    id: str
    who: str
    operation: str
    created: str
    path: str


_LOCK_FIELD = re.compile(r"^\s*(ID|Path|Operation|Who|Created):[ \t]*(.*?)\s*$", re.MULTILINE)


def read_lock(detail: str) -> Lock | None:
    """Return the lock that a diagnostic tells of, or None where it tells of none."""
    if "Lock Info:" not in detail:
        return None
    said = dict(_LOCK_FIELD.findall(detail[detail.index("Lock Info:") :]))
    if not said.get("ID"):
        return None
    return Lock(
        said["ID"], said.get("Who", ""), said.get("Operation", ""), said.get("Created", ""), said.get("Path", "")
    )


def missed_release(diagnostic: Diagnostic) -> bool:
    """Tell whether a lock was there when terraform wanted it, and gone when it looked whose it is.

    Terraform waits for a lock only where it can read it, and gives up otherwise, with nothing done.
    """
    said = diagnostic.text
    return "acquiring the state lock" in said and ".tflock" in said and "StatusCode: 404" in said


def lock_from_json(text: str) -> Lock:
    """Return the lock that a lock file holds; raises ValueError where it is something else.

    The form: https://github.com/hashicorp/terraform/blob/main/internal/states/statemgr/locker.go (LockInfo).
    """
    data = json.loads(text)
    if not isinstance(data, dict) or not data.get("ID"):
        raise ValueError("not a lock file of terraform")
    return Lock(*(str(data.get(name, "")) for name in ("ID", "Who", "Operation", "Created", "Path")))
