"""`inferloop-deploy output`: prints what an environment hands on."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from inferloop_deploy.commands.operating import SandboxOption, StageChoice, StageOption
from inferloop_deploy.commands.options import CloudOption, EnvironmentOption, Output, OutputOption
from inferloop_deploy.commands.printing import print_json
from inferloop_deploy.commands.staged import opened
from inferloop_deploy.errors import UsageError
from inferloop_deploy.names import nearest_name
from inferloop_deploy.operations import visible_outputs

app = typer.Typer()


@app.command()
def output(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(help="Output to print; all if left out.", metavar="[NAME]")] = None,
    *,
    env: EnvironmentOption,
    cloud: CloudOption = "aws",
    stage: StageOption = StageChoice.all,
    sandbox: SandboxOption = False,
    output: OutputOption = Output.text,
) -> None:
    """Print the outputs of the last apply; sensitive ones are never printed.

    Example: inferloop-deploy output platform --env dev --output json
    """
    values: dict[str, Any] = {}
    with opened(context, "output", env, cloud, sandbox=sandbox, output=output, stage=stage, reads=True) as run:
        for one in run.stages:
            values |= visible_outputs(run.session(one).stage.terraform.outputs())
    if name is not None and name not in values:
        near = nearest_name(name, list(values))
        question = f"Did you mean {near}? " if near else ""
        raise UsageError(
            f'{env} on {cloud} has no output "{name}".',
            f"{question}Outputs: {', '.join(values) or 'none; nothing was applied yet'}.",
        )
    if output is Output.json:
        print_json(values if name is None else values[name])
    elif name is not None:
        value = values[name]
        typer.echo(value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False))
    else:
        for each, value in values.items():
            typer.echo(f"{each} = {json.dumps(value, indent=2, ensure_ascii=False)}")
