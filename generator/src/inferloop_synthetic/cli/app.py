"""The Typer application: one file per command beside this one."""

from __future__ import annotations

import signal
import sys
from importlib.metadata import entry_points
from types import FrameType

import typer

from inferloop_synthetic.cli.generate import generate
from inferloop_synthetic.cli.info import info
from inferloop_synthetic.cli.report import report
from inferloop_synthetic.cli.schema import schema
from inferloop_synthetic.cli.validate import validate
from inferloop_synthetic.errors import SyntheticError

COMMAND_GROUP = "inferloop_synthetic.commands"
FAILED, MISUSED, INTERRUPTED = 1, 2, 130


def build_app() -> typer.Typer:
    """Return the application with the built-in commands and those that other distributions register."""
    app = typer.Typer(name="inferloop-synthetic", no_args_is_help=True, pretty_exceptions_enable=False)

    @app.callback()
    def root() -> None:
        """Synthetic tables from a real one or from a schema, with a report on quality and privacy."""

    for command in (generate, validate, report, schema, info):
        app.command()(command)
    for point in sorted(entry_points(group=COMMAND_GROUP), key=lambda point: point.name):
        extra = point.load()
        if isinstance(extra, typer.Typer):
            app.add_typer(extra, name=point.name)
        else:
            app.command(name=point.name)(extra)
    return app


def main() -> None:
    """Run the command line: exit code 1 when it failed, 2 for invalid input, 130 when interrupted."""
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        build_app()(standalone_mode=True)
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
