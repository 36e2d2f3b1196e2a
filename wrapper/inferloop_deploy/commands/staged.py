"""What the commands share that work on an environment: the way from their options to a stage, and their questions."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

import typer
from rich.console import Console

from inferloop_deploy.busy import alone_in
from inferloop_deploy.changes import Changes
from inferloop_deploy.commands.operating import OneStage, StageChoice
from inferloop_deploy.commands.options import Output, session
from inferloop_deploy.config.effective import EffectiveConfig
from inferloop_deploy.errors import InferloopError, UsageError
from inferloop_deploy.kubernetes.cluster import Cluster
from inferloop_deploy.rehearsal import cluster_in, prepare, surroundings
from inferloop_deploy.releasing import Images, releases_services
from inferloop_deploy.report.lines import Line, show
from inferloop_deploy.report.progress import Screen
from inferloop_deploy.stage import Stage, check_saved, connect
from inferloop_deploy.state import read_state
from inferloop_deploy.target import (
    STAGES,
    StageName,
    Target,
    load,
    load_environment,
    render_into,
    rendered_stage,
)


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


def stages_of(target: Target, config: EffectiveConfig, choice: StageChoice) -> tuple[StageName, ...]:
    """Return the stages that a command is about; both only where the environment has a cluster to release into.

    Raises UsageError where the services alone are asked for and there is none.
    """
    if choice is StageChoice.infrastructure:
        return ("infrastructure",)
    if choice is StageChoice.all:
        return STAGES if releases_services(target, config) else ("infrastructure",)
    if not config.environment.config.spec.cluster.enabled:
        origin = config.environment.origin(("spec", "cluster", "enabled"))
        raise UsageError(
            f"{target.environment} on {target.cloud} has no cluster to release services into ({origin}).",
            "Set spec.cluster.enabled: true, or leave out --stage.",
        )
    return ("services",)


@dataclass
class Run:
    """One run of a command over its stages; each is connected to when its turn comes, and all are closed at its end."""

    command: str
    target: Target
    config: EffectiveConfig
    stages: tuple[StageName, ...]
    screen: Screen
    output: Output
    changes: Changes | None
    reads: bool
    stack: ExitStack
    images: Images = field(default_factory=dict)
    """Images that take the place of the configured ones in this run."""
    _sessions: dict[StageName, Session] = field(default_factory=dict)
    _held: set[StageName] = field(default_factory=set)

    @property
    def out(self) -> Console:
        """Where results go."""
        return result_console()

    def session(self, name: StageName) -> Session:
        """Return a stage, connected."""
        if name not in self._sessions:
            # The first stage is only looked at where a command is about the second alone.
            reads = self.reads or name not in self.stages
            self._sessions[name] = self._connect(name, reads=reads)
        return self._sessions[name]

    def platform(self) -> dict[str, Any] | None:
        """Return what the first stage told when it was applied last, or None where it never was."""
        outputs = self.session("infrastructure").stage.terraform.outputs()
        return outputs["platform"]["value"] if "platform" in outputs else None

    def cluster(self) -> Cluster:
        """Return the environment's cluster, to look at or to work on by hand; raises NoCluster where there is none."""
        return cluster_in(self.target, self.platform(), os.environ)

    def applied(self, name: StageName) -> bool:
        """Tell whether there is anything of a stage, as far as its state knows."""
        document = self._connect(name, reads=True).stage.terraform.state()
        return document is not None and bool(read_state(document, ()).resources)

    def print(self, lines: Iterator[Line]) -> None:
        """Print the result for people; with `--output json` it goes beside the result."""
        self.screen.pause()
        show(self.out if self.output is Output.text else error_console(), lines)
        self.screen.resume()

    def _connect(self, name: StageName, *, reads: bool) -> Session:
        target = self.target.at(name)
        if name not in self._held:
            self.stack.enter_context(alone_in(target.work, self.command))
            self._held.add(name)
        releasing = None
        if name == "services" and not reads:
            releasing = prepare(target, self.config, self.platform(), os.environ, self.screen, images=self.images)
        rendered = rendered_stage(target, self.config) if reads else render_into(target, self.config, Changes())
        around = surroundings(target, self.screen)
        stage = connect(target, self.config, rendered, around, os.environ, self.screen, releasing)
        if not reads:
            check_saved(stage)
        return Session(target, self.config, stage, self.screen, self.output, self.out)


@contextmanager
def opened(
    context: typer.Context,
    command: str,
    env: str,
    cloud: str,
    *,
    sandbox: bool,
    output: Output,
    stage: StageChoice = StageChoice.all,
    changes: Changes | None = None,
    reads: bool = False,
) -> Iterator[Run]:
    """Check the files, and yield the run; everything is closed at its end.

    A command that only `reads` the state needs no more than the environment's own files to be right, and writes none.
    """
    target = Target(session(context).project_root(), env, cloud, sandbox)
    with ExitStack() as stack:
        stack.enter_context(orderly_stop())
        screen = stack.enter_context(Screen(error_console()))
        config = load_environment(target) if reads else load(target)
        if changes is not None:
            changes.report = screen.change
        stages = stages_of(target, config, stage)
        yield Run(command, target, config, stages, screen, output, changes, reads, stack)


@contextmanager
def staged(
    context: typer.Context,
    command: str,
    env: str,
    cloud: str,
    *,
    sandbox: bool,
    output: Output,
    stage: OneStage,
    changes: Changes | None = None,
) -> Iterator[Session]:
    """Yield one stage of an environment, to read its state; everything is closed at its end."""
    choice = StageChoice(stage.value)
    with opened(
        context, command, env, cloud, sandbox=sandbox, output=output, stage=choice, changes=changes, reads=True
    ) as run:
        yield run.session(run.stages[0])


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
