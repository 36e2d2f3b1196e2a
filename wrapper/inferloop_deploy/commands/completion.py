"""`inferloop-deploy completion`: commands, options and the project's names at the touch of the tab key."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from inferloop_deploy.commands.options import Output, OutputOption

app = typer.Typer()

PROGRAM = "inferloop-deploy"
VARIABLE = "_INFERLOOP_DEPLOY_COMPLETE"
"""The environment variable by which the shell's script asks for completions."""


class Shell(StrEnum):
    """Shells that there is a script for."""

    bash = "bash"
    zsh = "zsh"
    fish = "fish"


@app.command("completion")
def completion_command(
    shell: Annotated[Shell, typer.Argument(help="The shell that you use.")],
    install: Annotated[bool, typer.Option("--install", help="Put it where the shell finds it.")] = False,
    output: OutputOption = Output.text,
) -> None:
    """Complete commands and names with the tab key.

    Prints the shell's script, or installs it.

    Example: inferloop-deploy completion bash --install
    """
    from typer.completion import get_completion_script  # type: ignore[attr-defined] # imported there, not in __all__
    from typer.completion import install as install_script  # type: ignore[attr-defined]

    from inferloop_deploy.commands.printing import print_json

    script = get_completion_script(prog_name=PROGRAM, complete_var=VARIABLE, shell=shell.value)
    if not install:
        if output is Output.json:
            print_json({"shell": shell.value, "script": script})
        else:
            typer.echo(script)
        return
    _, path = install_script(shell=shell.value, prog_name=PROGRAM, complete_var=VARIABLE)
    if output is Output.json:
        print_json({"shell": shell.value, "installed": str(path)})
    else:
        typer.echo(f"Installed in {path}; it works in the next terminal you open.")
