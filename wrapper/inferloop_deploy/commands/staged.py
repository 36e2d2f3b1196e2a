"""What the commands share that work on an environment: the way from their options to a stage, and their questions."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from types import FrameType

import typer
from rich.console import Console

from inferloop_deploy.busy import alone_in
from inferloop_deploy.changes import Changes
from inferloop_deploy.commands.options import Output, session
from inferloop_deploy.config.effective import EffectiveConfig
from inferloop_deploy.errors import InferloopError
from inferloop_deploy.rehearsal import surroundings
from inferloop_deploy.render import render
from inferloop_deploy.report.lines import Line, show
from inferloop_deploy.report.progress import Screen
from inferloop_deploy.stage import Stage, check_saved, connect
from inferloop_deploy.target import Target, load, load_environment, render_into


class NeedsYes(InferloopError):
    """A question that nobody is there to answer."""


class Declined(InferloopError):
    """The answer was no."""


@dataclass(frozen=True)
class Session:
    """One run of a command: its target, its stage, where it shows progress and prints."""

    target: Target
    config: EffectiveConfig
    stage: Stage
    screen: Screen
    output: Output
    out: Console

    def print(self, lines: Iterator[Line]) -> None:
        """Print the result for people; with `--output json` it goes beside the result."""
        self.screen.pause()
        show(self.out if self.output is Output.text else error_console(), lines)
        self.screen.resume()


def error_console() -> Console:
    """Return the console for progress and questions."""
    return Console(stderr=True, highlight=False)


def result_console() -> Console:
    """Return the console for results."""
    return Console(highlight=False)


@contextmanager
def orderly_stop() -> Iterator[None]:
    """Treat a termination and a hang-up as Ctrl-C, so that whatever is open is closed."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def staged(
    context: typer.Context,
    command: str,
    env: str,
    cloud: str,
    *,
    sandbox: bool,
    output: Output,
    changes: Changes | None = None,
    reads: bool = False,
) -> Iterator[Session]:
    """Check, render and connect, and yield the session; everything is closed at its end.

    A command that only `reads` the state needs no more than the environment's own files to be right, and writes none.
    """
    target = Target(session(context).project_root(), env, cloud, sandbox)
    with ExitStack() as stack:
        stack.enter_context(orderly_stop())
        screen = stack.enter_context(Screen(error_console()))
        config = load_environment(target) if reads else load(target)
        stack.enter_context(alone_in(target.work, command))
        rendered = render(config) if reads else render_into(target, config, Changes())
        around = surroundings(target, screen)
        stage = connect(target, config, rendered, around, os.environ, screen)
        if not reads:
            check_saved(stage)
        if changes is not None:
            changes.report = screen.change
        yield Session(target, config, stage, screen, output, result_console())


def ask(question: str, *, yes: bool, screen: Screen, word: str | None = None) -> None:
    """Ask, and raise Declined unless the answer is yes (or the `word`); raises NeedsYes where nobody can answer."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise NeedsYes(
            f"{question} There is no terminal to answer on, so nothing was done.", "Add --yes if the answer is yes."
        )
    screen.pause()
    if word is None:
        agreed = typer.confirm(question, default=False, err=True)
    else:
        agreed = typer.prompt(f"{question} Type {word} to go on", default="", show_default=False, err=True) == word
    if not agreed:
        raise Declined("Nothing was changed: the answer was no.")
    screen.resume()
