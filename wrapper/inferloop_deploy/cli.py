"""The command line `inferloop-deploy`: mounts the commands, and turns failures into messages and exit codes."""

from __future__ import annotations

import gc
import importlib
import json
import os
import sys
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

if TYPE_CHECKING:
    from typer._click.core import Command, Context
    from typer._click.formatting import HelpFormatter
    from typer._click.shell_completion import CompletionItem

from inferloop_deploy import __version__
from inferloop_deploy.commands.options import Session
from inferloop_deploy.errors import FAILED, InferloopError, UsageError
from inferloop_deploy.names import meant

NAME = "inferloop-deploy"
COMPLETION = "_INFERLOOP_DEPLOY_COMPLETE"
"""The environment variable by which the shell asks for completions."""

COMMANDS: Mapping[str, str] = {
    "init": "Write the first file of a new service.",
    "validate": "Check everything that is written, all errors at once.",
    "show": "Show a service merged, each value with its origin.",
    "explain": "Tell what a field means and where its value comes from.",
    "diff": "Show what is different between two environments.",
    "schema": "Print the JSON Schema of a kind of file.",
    "render": "Write tfvars and manifests, and where each value comes from.",
    "gitops": "Write what Argo CD or Flux would apply.",
    "plan": "Show what an apply would change.",
    "apply": "Make an environment what its files say.",
    "deploy": "Release one service into the cluster.",
    "destroy": "Remove everything that was applied.",
    "status": "Show what is applied for each service, and what runs.",
    "logs": "Print what the pods of a service say.",
    "port-forward": "Lead a port of this machine to a service.",
    "scale": "Give a process another number of replicas, for now.",
    "release": "Put a release back that was cut off in the middle.",
    "kubeconfig": "Print how kubectl reaches the cluster.",
    "drift": "Compare what was applied with what is there.",
    "output": "Print the outputs of the last apply.",
    "state": "Make the place that the state is kept in; release a lock.",
    "sandbox": "Start, stop and look at the local stand-in for AWS.",
    "demo": "Run the main job from end to end, without an account.",
    "completion": "Complete commands and names with the tab key.",
}
"""What there is, in the order of `--help`: each is a module of `inferloop_deploy.commands` with a Typer app `app`."""


SETTINGS: dict[str, Any] = {
    "add_completion": False,
    "pretty_exceptions_enable": False,
    "rich_markup_mode": None,
    "context_settings": {"help_option_names": ["-h", "--help"]},
}
"""What every part of the command line has in common."""


class Commands(TyperGroup):
    """The commands, each loaded when it is called, so that the command line starts fast."""

    def list_commands(self, ctx: Context) -> list[str]:  # noqa: ARG002 - as typer calls it
        """Return the names of all commands."""
        return list(COMMANDS)

    def get_command(self, ctx: Context, cmd_name: str) -> Command | None:
        """Return a command, or None where there is none of this name."""
        if cmd_name not in COMMANDS:
            if ctx.resilient_parsing:
                return None
            raise UsageError(f'There is no command "{cmd_name}".', meant(cmd_name, list(COMMANDS), "Commands"))
        holder = typer.Typer(**SETTINGS)
        holder.add_typer(importlib.import_module(f"inferloop_deploy.commands.{cmd_name.replace('-', '_')}").app)
        commands = typer.main.get_group(holder).commands
        return commands[cmd_name]

    def shell_complete(self, ctx: Context, incomplete: str) -> list[CompletionItem]:
        """Return the commands that begin with what was typed, without loading them."""
        from typer._click.shell_completion import CompletionItem

        names = [name for name in COMMANDS if name.startswith(incomplete)]
        return [CompletionItem(name, help=COMMANDS[name]) for name in names] or super().shell_complete(ctx, incomplete)

    def format_commands(self, ctx: Context, formatter: HelpFormatter) -> None:  # noqa: ARG002 - as typer calls it
        """Write the list of commands without loading them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"{NAME} {__version__}")
        raise typer.Exit


def _root(
    context: typer.Context,
    root: Annotated[
        Path | None, typer.Option("--root", help="Folder that holds services/ and environments/.", metavar="DIR")
    ] = None,
    _version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """From deployment-config.yaml to applied infrastructure.

    A service team describes its service in services/SERVICE/deployment-config.yaml; these commands check it, show
    what it means, and plan and apply it.
    """
    context.obj = Session(root=root)


def build() -> typer.Typer:
    """Return the application with every command mounted."""
    app = typer.Typer(name=NAME, cls=Commands, no_args_is_help=True, **SETTINGS)
    app.callback()(_root)
    return app


def wants_json(arguments: Sequence[str]) -> bool:
    """Tell whether failures are to be printed as JSON: `--output json` in any of its spellings."""
    joined = any(argument in ("--output=json", "-ojson") for argument in arguments)
    return joined or any(option in ("--output", "-o") and value == "json" for option, value in pairwise(arguments))


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code; failures become messages on the error stream."""
    as_json = wants_json(arguments)
    if COMPLETION in os.environ:  # the shell asks: typer answers, and knows its shells only once they are registered
        from typer.completion import completion_init  # type: ignore[attr-defined] # imported there, not in __all__

        completion_init()
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
    gc.disable()  # a configuration has no cycles; looking for them takes as long as reading it, for 500 services
    sys.exit(run(sys.argv[1:]))
