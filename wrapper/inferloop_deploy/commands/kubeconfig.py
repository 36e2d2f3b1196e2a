"""`inferloop-deploy kubeconfig`: how kubectl reaches an environment's cluster."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from inferloop_deploy.commands.operating import SandboxOption, StageChoice
from inferloop_deploy.commands.options import CloudOption, EnvironmentOption, Output
from inferloop_deploy.commands.staged import opened
from inferloop_deploy.kubernetes.kubeconfig import kubeconfig_text
from inferloop_deploy.render.write import replace_file

app = typer.Typer()


@app.command()
def kubeconfig(
    context: typer.Context,
    env: EnvironmentOption,
    cloud: CloudOption = "aws",
    write: Annotated[
        Path | None, typer.Option("--write", help="File to write it to instead of printing it.", metavar="FILE")
    ] = None,
    sandbox: SandboxOption = False,
) -> None:
    """Print a kubeconfig for an environment's cluster; there is no secret in it.

    It names the cloud's own program that gets a token, so each person logs in as themselves.

    Example: inferloop-deploy kubeconfig --env dev --write ~/.kube/inferloop-dev
    """
    choice = StageChoice.infrastructure
    with opened(
        context, "kubeconfig", env, cloud, sandbox=sandbox, output=Output.text, stage=choice, reads=True
    ) as run:
        cluster = run.cluster()
    text = kubeconfig_text(cluster.access)
    if write is None:
        typer.echo(text, nl=False)
        return
    replace_file(write.expanduser(), text)
    typer.echo(f"Wrote {write}. Use it: export KUBECONFIG={write}")
