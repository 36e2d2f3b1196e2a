"""`inferloop-deploy logs`: what the pods of a service say."""

from __future__ import annotations

import re
from typing import Annotated

import typer

from inferloop_deploy.commands.operating import SandboxOption, StageChoice
from inferloop_deploy.commands.options import CloudOption, EnvironmentOption, Output, ServiceArgument
from inferloop_deploy.commands.staged import opened
from inferloop_deploy.errors import UsageError
from inferloop_deploy.kubernetes.processes import process_of, released_service

app = typer.Typer()
_TIME = re.compile(r"([1-9][0-9]{0,6}[smh])+")
"""A time as kubectl takes it."""


@app.command()
def logs(
    context: typer.Context,
    service: ServiceArgument,
    env: EnvironmentOption,
    cloud: CloudOption = "aws",
    process: Annotated[
        str | None, typer.Option("--process", help="Process: main, or a worker of the service; all if left out.")
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what is said from now on.")] = False,
    since: Annotated[
        str | None, typer.Option("--since", help="Only what is newer than this.", metavar="30s|5m|2h")
    ] = None,
    lines: Annotated[int | None, typer.Option("--lines", "-n", min=0, help="Last lines of each pod; all.")] = None,
    sandbox: SandboxOption = False,
) -> None:
    """Print what the pods of a service say, each line with its pod.

    Example: inferloop-deploy logs tabular --env dev --since 10m
    """
    if since is not None and not _TIME.fullmatch(since):
        raise UsageError(f"--since {since}: not a time.", "Give a number with s, m or h, such as 10m.")
    choice = StageChoice.infrastructure
    with opened(context, "logs", env, cloud, sandbox=sandbox, output=Output.text, stage=choice, reads=True) as run:
        processes = released_service(run.config, service)
        if process is not None:
            process_of(processes, process)
        cluster = run.cluster()
    line = cluster.kubectl.logs(
        service, processes[0].namespace, process=process, follow=follow, since=since, lines=lines
    )
    raise typer.Exit(cluster.hand_over(line))
