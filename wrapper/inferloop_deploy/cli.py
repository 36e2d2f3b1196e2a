"""The command line `inferloop-deploy`: mounts the commands, and turns failures into messages and exit codes."""

from __future__ import annotations

import importlib
import importlib.util
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from inferloop_deploy import __version__
from inferloop_deploy.commands.options import Session
from inferloop_deploy.errors import FAILED, InferloopError

NAME = "inferloop-deploy"
COMMANDS = (
    "init",
    "validate",
    "show",
    "explain",
    "diff",
    "schema",
    "render",
    "plan",
    "apply",
    "destroy",
    "status",
    "drift",
    "output",
    "state",
    "sandbox",
    "completion",
)
"""Modules of `inferloop_deploy.commands`, in the order of `--help`; each has a Typer app named `app`."""


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"{NAME} {__version__}")
        raise typer.Exit


def _root(
    context: typer.Context,
    root: Annotated[
        Path | None, typer.Option("--root", help="Folder that holds services/ and environments/.", metavar="DIR")
    ] = None,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """From deployment-config.yaml to applied infrastructure.

    A service team describes its service in services/SERVICE/deployment-config.yaml; these commands check it, show
    what it means, and plan and apply it.
    """
    context.obj = Session(root=root)


def build() -> typer.Typer:
    """Return the application with every command mounted."""
    app = typer.Typer(
        name=NAME,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_root)
    for name in COMMANDS:
        if importlib.util.find_spec(f"inferloop_deploy.commands.{name}") is None:
            continue
        app.add_typer(importlib.import_module(f"inferloop_deploy.commands.{name}").app)
    return app


def wants_json(arguments: Sequence[str]) -> bool:
    """Tell whether failures are to be printed as JSON: `--output json` in any of its spellings."""
    return any(
        argument in ("--output=json", "-ojson") or pair in (("--output", "json"), ("-o", "json"))
        for argument, pair in zip(arguments, zip(arguments, [*arguments[1:], ""], strict=True), strict=True)
    )


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code; failures become messages on the error stream."""
    as_json = wants_json(arguments)
    try:
        code = build()(args=list(arguments), standalone_mode=False, prog_name=NAME)
    except typer.TyperException as error:
        command = getattr(getattr(error, "ctx", None), "command_path", NAME)
        failure = InferloopError(error.format_message(), f"See {command} --help.")
        typer.echo(json.dumps(failure.as_json(), indent=2) if as_json else str(failure), err=True)
        return error.exit_code
    except typer.Abort:
        typer.echo("Stopped; nothing else was done.", err=True)
        return FAILED
    except InferloopError as error:
        typer.echo(json.dumps(error.as_json(), indent=2) if as_json else str(error), err=True)
        return error.exit_code
    return code if isinstance(code, int) else 0


def main() -> None:
    """Run the command line on the process's arguments."""
    sys.exit(run(sys.argv[1:]))
