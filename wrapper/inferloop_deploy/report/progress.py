"""Progress of long work: one live line on a terminal, plain lines with the time elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.text import Text

from inferloop_deploy.changes import Change
from inferloop_deploy.journal import PhaseState
from inferloop_deploy.report.lines import Line, duration, show
from inferloop_deploy.terraform import Diagnostic, Event, Progress, Stopping, Summary

HEARTBEAT = 30.0
"""Seconds of silence after which plain output says that the work still goes on."""

_DONE = {"create": "created", "update": "changed", "delete": "destroyed", "read": "read", "replace": "replaced"}


class Screen:
    """Shows what long work does; everything goes to the error stream, so that results can be piped."""

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self._console = console
        self._clock = clock
        self._began = clock()
        self._spoke = self._began
        self._title = ""
        self._planned = 0
        self._done = 0
        self._running: dict[str, str] = {}
        self._live: Live | None = None

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live = Live(
                console=self._console, get_renderable=self._live_line, refresh_per_second=4, transient=True
            )
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.pause()

    def pause(self) -> None:
        """Take the live line away: for a question, and at the end."""
        if self._live is not None:
            self._live.stop()

    def resume(self) -> None:
        """Put the live line back."""
        if self._live is not None:
            self._live.start()

    @property
    def elapsed(self) -> float:
        """Seconds since it began."""
        return self._clock() - self._began

    def phase(self, title: str, state: PhaseState = "running") -> None:
        """Say that a phase of the work begins, or how it ended."""
        if state == "running":
            self._title, self._planned, self._done = title, 0, 0
            self._running.clear()
            self.say(title, "bold")
        elif state == "failed":
            self.say(f"{title}: failed", "red")

    def change(self, change: Change) -> None:
        """Say what is changed."""
        self.say(str(change))

    def say(self, text: str, style: str = "") -> None:
        """Print a line that stays, with the time since the beginning."""
        self._spoke = self._clock()
        show(self._console, [Line(f"{duration(self.elapsed):>9}  {text}", style)])

    def event(self, event: Event) -> None:
        """Show what terraform says."""
        if isinstance(event, Progress):
            self._progress(event)
        elif isinstance(event, Stopping):
            self.say(
                "stopping at once: what is under way is not recorded"
                if event.forced
                else "stopping: terraform finishes what is under way (Ctrl-C again stops it at once)",
                "yellow",
            )
        elif isinstance(event, Diagnostic) and event.severity == "warning":
            self.say(f"warning: {' '.join(event.text.split())}", "yellow")
        elif isinstance(event, Summary) and event.operation == "apply":
            self.say(f"{event.add} created, {event.change} changed, {event.remove} destroyed")

    def _progress(self, event: Progress) -> None:
        if event.step == "planned":
            self._planned += 1
        elif event.step == "start":
            self._running[event.address] = event.verb
        elif event.step == "progress":
            if self._clock() - self._spoke >= HEARTBEAT and self._live is None:
                self.say(f"still at it: {event.verb} {event.address} ({duration(event.seconds)})")
        else:
            self._running.pop(event.address, None)
            self._done += 1
            if event.step == "error":
                self.say(f"failed   {event.address}", "red")
            elif event.verb != "read":
                self.say(f"{_DONE.get(event.verb, event.verb)} {event.address} ({duration(event.seconds)})")

    def _live_line(self) -> Text:
        counted = f"  {self._done} of {self._planned}" if self._planned and (self._running or self._done) else ""
        first = next(iter(self._running.items()), None)
        at = f"  {first[1]} {first[0]}" if first is not None else ""
        more = f" and {len(self._running) - 1} more" if len(self._running) > 1 else ""
        return Text(f"{duration(self.elapsed):>9}  {self._title}{counted}{at}{more}", no_wrap=True, overflow="ellipsis")
