"""`inferloop-deploy sandbox`: the local stand-in for AWS."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from inferloop_deploy.commands.options import Output, OutputOption, session
from inferloop_deploy.commands.printing import print_json

app = typer.Typer(name="sandbox", no_args_is_help=True, rich_markup_mode=None)


class GapsOutput(StrEnum):
    """How the list of gaps is printed."""

    text = "text"
    json = "json"
    markdown = "markdown"


@app.command("start")
def start(
    context: typer.Context,
    port: Annotated[int | None, typer.Option(min=1024, max=65535, help="Port on 127.0.0.1; any free one.")] = None,
    output: OutputOption = Output.text,
) -> None:
    """Start the stand-in for AWS on loopback; one that runs already is left as it is.

    Example: inferloop-deploy sandbox start
    """
    from inferloop_deploy.sandbox import lifecycle

    sandbox = lifecycle.start(lifecycle.SandboxFiles.of(session(context).project_root()), port)
    if output is Output.json:
        print_json({"running": True, "url": sandbox.url, "process": sandbox.process, "started": sandbox.started})
        return
    typer.echo(f"The sandbox answers on {sandbox.url} (process {sandbox.process}).")
    typer.echo("Rehearse with --sandbox: inferloop-deploy apply --env dev --sandbox")


@app.command("stop")
def stop(context: typer.Context, output: OutputOption = Output.text) -> None:
    """Stop the stand-in; what was made in it is gone.

    Example: inferloop-deploy sandbox stop
    """
    from inferloop_deploy.sandbox import lifecycle

    found = lifecycle.stop(lifecycle.SandboxFiles.of(session(context).project_root()))
    if output is Output.json:
        print_json({"running": False, "stopped": found is not None})
        return
    typer.echo("The sandbox is stopped; what was made in it is gone." if found else "No sandbox was running.")


@app.command("status")
def status(context: typer.Context, output: OutputOption = Output.text) -> None:
    """Tell whether the stand-in runs, and where.

    Example: inferloop-deploy sandbox status
    """
    from inferloop_deploy.sandbox import lifecycle

    found = lifecycle.SandboxFiles.of(session(context).project_root()).running()
    if output is Output.json:
        print_json(
            {"running": False}
            if found is None
            else {"running": True, "url": found.url, "process": found.process, "started": found.started}
        )
    elif found is None:
        typer.echo("No sandbox is running.")
    else:
        typer.echo(f"The sandbox answers on {found.url} (process {found.process}, since {found.started}).")


@app.command("gaps")
def gaps(
    output: Annotated[
        GapsOutput, typer.Option("--output", "-o", help="How to print: text, json, or markdown for the documentation.")
    ] = GapsOutput.text,
) -> None:
    """List what moto cannot do, what the sandbox does about it, and what a rehearsal cannot show.

    Example: inferloop-deploy sandbox gaps
    """
    from inferloop_deploy.sandbox.gaps import CATALOGUE
    from inferloop_deploy.sandbox.page import as_json, page

    if output is GapsOutput.json:
        print_json([as_json(gap) for gap in CATALOGUE])
    elif output is GapsOutput.markdown:
        typer.echo(page(CATALOGUE), nl=False)
    else:
        for gap in CATALOGUE:
            typer.echo(f"{gap.id} ({gap.service}): {gap.remedy}")
            typer.echo(f"    moto: {gap.stock}")
            typer.echo(f"    cannot be seen here: {gap.hides}")
