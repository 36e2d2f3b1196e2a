"""What goes wrong in a person's hands, as values: where, what was found, what is accepted, what to do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning"]

DONE, FAILED, USAGE, CHANGES = 0, 1, 2, 3
"""Exit codes of every command: done, failed, usage or invalid configuration, there are changes."""


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong in a configuration file.

    `check` is the stable id of the rule that found it; `found` and `expected` are phrases, `hint` a whole sentence.
    """

    file: str
    line: int
    column: int
    path: str
    message: str
    found: str | None = None
    expected: str | None = None
    hint: str | None = None
    check: str = "schema"
    severity: Severity = "error"

    @property
    def place(self) -> str:
        """Return `file:line:column`, as editors and terminals link it."""
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file

    def __str__(self) -> str:
        """Return the problem on one to three lines: where and what; found and expected; what to do."""
        subject = f"{self.path}: " if self.path else ""
        said = f"{self.place}: {self.severity}: {subject}{self.message} [{self.check}]"
        facts = [f"found {self.found}"] if self.found is not None else []
        facts += [f"expected {self.expected}"] if self.expected is not None else []
        lines = [said, *([f"    {', '.join(facts)}"] if facts else []), *([f"    {self.hint}"] if self.hint else [])]
        return "\n".join(lines)

    def as_json(self) -> dict[str, object]:
        """Return the problem as `--output json` prints it."""
        return {
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "path": self.path,
            "message": self.message,
            "found": self.found,
            "expected": self.expected,
            "hint": self.hint,
            "check": self.check,
            "severity": self.severity,
        }


def in_order(problems: Iterable[Problem]) -> list[Problem]:
    """Return problems without repetitions, by file, line and column."""
    return sorted(
        dict.fromkeys(problems), key=lambda problem: (problem.file, problem.line, problem.column, problem.path)
    )


READING = ("syntax", "tag", "anchor", "encoding")
"""Checks that find what could not be read as it was written."""


def without_echoes(problems: Iterable[Problem]) -> list[Problem]:
    """Return problems without what is said of values that could not be read anyway."""
    found = list(problems)
    unread = {problem.place for problem in found if problem.check in READING}
    return [problem for problem in found if problem.check in READING or problem.place not in unread]


class InferloopError(Exception):
    """A failure that a person can do something about: what happened, and what to do next."""

    exit_code = FAILED

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return self.message if self.hint is None else f"{self.message}\n{self.hint}"

    def as_json(self) -> dict[str, object]:
        """Return the failure as `--output json` prints it."""
        return {"error": self.message, "hint": self.hint}


class UsageError(InferloopError):
    """A command was called with something that does not exist or does not fit."""

    exit_code = USAGE


class InvalidConfiguration(InferloopError):
    """The files do not say something that can be built; nothing was changed."""

    exit_code = USAGE

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        count = sum(problem.severity == "error" for problem in self.problems)
        super().__init__(f"{count} error{'' if count == 1 else 's'} in the configuration; nothing was changed.")

    def __str__(self) -> str:
        return "\n".join([*map(str, self.problems), self.message])

    def as_json(self) -> dict[str, object]:
        """Return all problems, as `--output json` prints them."""
        return {"error": self.message, "hint": self.hint, "problems": [problem.as_json() for problem in self.problems]}
