"""The Typer application: one file per command beside this one."""

from __future__ import annotations

import signal
import sys
from importlib import import_module
from importlib.metadata import entry_points
from types import FrameType
from typing import Any

import typer
from typer.core import TyperGroup

from inferloop_synthetic.errors import OutsideError, SyntheticError

COMMAND_GROUP = "inferloop_synthetic.commands"
FAILED, MISUSED, INTERRUPTED = 1, 2, 130
COMMANDS = {
    "generate": ("generate:generate", "Make a synthetic table."),
    "validate": ("validate:validate", "Compare a synthetic table with the real one, attack its privacy, and judge it."),
    "report": ("report:report", "Make the HTML report again from a validation's JSON."),
    "create-config": ("create_config:create_config", "Write a configuration for `generate --config`, asking or from a template."),
    "schema": ("schema:schema", "Show the schema detected in a table, to edit and give back."),
    "advise": ("advise:advise", "Predict time, memory and likeness of each engine on a table."),
    "info": ("info:info", "Show the version, the engines that are installed, and the settings."),
    "serve": ("serve:serve", "Serve the HTTP API."),
    "worker": ("worker:worker", "Work on jobs that the API took."),
    "keys": ("keys:keys", "Make, list, rotate and revoke API keys."),
    "audit": ("audit:audit", "Check that an audit log is what was written."),
    "part": ("part:part", "Make one part of a generation that was prepared for other machines."),
    "ray-job": ("manifest:ray_job_command", "Print a RayJob (KubeRay) that runs `generate` on a Ray cluster made for it."),
}
"""Each command's function in this folder, and its line in the help: a command is loaded when it is run, and only that one."""


class _Commands(TyperGroup):
    """Loads the command that is run; the others are known by name and line.

    Contexts and commands are those of click, which Typer brings under a name of its own in some versions.
    """

    def list_commands(self, ctx: Any) -> list[str]:
        return [*COMMANDS, *super().list_commands(ctx)]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name in COMMANDS:
            return typer.core.TyperCommand(cmd_name, help=COMMANDS[cmd_name][1])
        return super().get_command(ctx, cmd_name)

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        if args and args[0] in COMMANDS:
            return args[0], _load(args[0]), args[1:]
        return super().resolve_command(ctx, args)


def _load(name: str) -> Any:
    module, _, function = COMMANDS[name][0].partition(":")
    command = getattr(import_module(f"inferloop_synthetic.cli.{module}"), function)
    if isinstance(command, typer.Typer):
        return typer.main.get_command(command)
    alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    alone.command(name=name)(command)
    return typer.main.get_command(alone)


def build_app() -> typer.Typer:
    """Return the application with the built-in commands and those that other distributions register."""
    app = typer.Typer(name="inferloop-synthetic", cls=_Commands, no_args_is_help=True, pretty_exceptions_enable=False)

    @app.callback()
    def root() -> None:
        """Synthetic tables from a real one or from a schema, with a report on quality and privacy."""

    for point in sorted(entry_points(group=COMMAND_GROUP), key=lambda point: point.name):
        extra = point.load()
        if isinstance(extra, typer.Typer):
            app.add_typer(extra, name=point.name)
        else:
            app.command(name=point.name)(extra)
    return app


def main() -> None:
    """Run the command line: exit code 1 when it failed, 2 for invalid input, 130 when interrupted."""
    for number in (signal.SIGINT, signal.SIGTERM):
        # SIGINT as well: a shell starts what it puts into the background with that signal ignored.
        signal.signal(number, _interrupt)
    try:
        build_app()(standalone_mode=True)
    except OutsideError as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(FAILED)
    except SyntheticError as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(MISUSED)
    except SystemExit as ending:
        # Typer turns Ctrl-C into this code without a word.
        if ending.code == INTERRUPTED:
            typer.echo("interrupted: nothing was left half written; run the same command again", err=True)
        raise
    except MemoryError:
        typer.echo("error: not enough memory; give fewer rows or columns", err=True)
        sys.exit(FAILED)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
