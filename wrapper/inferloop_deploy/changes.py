"""The one door through which everything goes that changes something."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Change:
    """Something that was done, or would be: to what, and what."""

    target: str
    message: str

    def __str__(self) -> str:
        return f"{self.message} {self.target}"


@dataclass
class Changes:
    """Does what changes something, and keeps the list; with `dry_run` it keeps the list only."""

    dry_run: bool = False
    report: Callable[[Change], None] | None = None
    made: list[Change] = field(default_factory=list)

    def change(self, target: str, message: str, function: Callable[[], T]) -> T | None:
        """Call `function`, which does `message` (a verb: "create", "write") to `target`; None on a dry run."""
        change = Change(target, message)
        self.made.append(change)
        if self.report is not None:
            self.report(change)
        return None if self.dry_run else function()
