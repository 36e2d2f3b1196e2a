"""`inferloop-deploy sandbox`: the local stand-in for AWS."""

from __future__ import annotations

from dataclasses import asdict
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
    """Stop the stand-in and the control planes of environments; what was made in them is gone.

    Example: inferloop-deploy sandbox stop
    """
    from inferloop_deploy.sandbox import cluster, lifecycle
    from inferloop_deploy.sandbox.services import all_cluster_files

    root = session(context).project_root()
    found = lifecycle.stop(lifecycle.SandboxFiles.of(root))
    clusters = [files.folder.name for files in all_cluster_files(root) if cluster.stop(files)]
    if output is Output.json:
        print_json({"running": False, "stopped": found is not None, "stopped_clusters": clusters})
        return
    typer.echo("The sandbox is stopped; what was made in it is gone." if found else "No sandbox was running.")
    for name in clusters:
        typer.echo(f"The control plane {name} is stopped; what was made in it is gone.")


@app.command("status")
def status(context: typer.Context, output: OutputOption = Output.text) -> None:
    """Tell whether the stand-in and the control planes of environments run, and where.

    Example: inferloop-deploy sandbox status
    """
    from inferloop_deploy.sandbox import lifecycle
    from inferloop_deploy.sandbox.services import all_cluster_files

    root = session(context).project_root()
    found = lifecycle.SandboxFiles.of(root).running()
    clusters = [(files.folder, files.record()) for files in all_cluster_files(root)]
    running = {folder: record for folder, record in clusters if record is not None}
    if output is Output.json:
        known = {} if found is None else {"url": found.url, "process": found.process, "started": found.started}
        shown = {
            folder.name: {**asdict(record), "kubeconfig": str(folder / "admin.kubeconfig")}
            for folder, record in running.items()
        }
        print_json({"running": found is not None, **known, "clusters": shown})
        return
    if found is None:
        typer.echo("No sandbox is running.")
    else:
        typer.echo(f"The sandbox answers on {found.url} (process {found.process}, since {found.started}).")
    for folder, record in running.items():
        process = f"process {record.process}, since {record.started}"
        typer.echo(f"The control plane {folder.name} answers on {record.url} ({process}).")
        typer.echo(f"    export KUBECONFIG={folder / 'admin.kubeconfig'}")


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
