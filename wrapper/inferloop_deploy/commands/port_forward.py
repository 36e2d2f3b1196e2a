"""`inferloop-deploy port-forward`: a port of this machine that leads to a service."""

from __future__ import annotations

from typing import Annotated

import typer

from inferloop_deploy.commands.operating import SandboxOption, StageChoice
from inferloop_deploy.commands.options import CloudOption, EnvironmentOption, Output, ServiceArgument
from inferloop_deploy.commands.staged import opened
from inferloop_deploy.errors import UsageError
from inferloop_deploy.kubernetes.processes import MAIN, SERVICE_PORT, released_service

app = typer.Typer()


@app.command("port-forward")
def port_forward(
    context: typer.Context,
    service: ServiceArgument,
    port: Annotated[
        int, typer.Argument(min=1024, max=65535, help="Port of this machine, on 127.0.0.1.", metavar="[PORT]")
    ] = 8080,
    *,
    env: EnvironmentOption,
    cloud: CloudOption = "aws",
    sandbox: SandboxOption = False,
) -> None:
    """Lead a port of this machine to a service in the cluster, until Ctrl-C.

    Example: inferloop-deploy port-forward tabular 8080 --env dev
    """
    choice = StageChoice.infrastructure
    with opened(
        context, "port-forward", env, cloud, sandbox=sandbox, output=Output.text, stage=choice, reads=True
    ) as run:
        processes = released_service(run.config, service)
        main = next((one for one in processes if one.name == MAIN), None)
        if main is None or main.type not in ("api", "stateful"):
            raise UsageError(
                f"{service} listens on no port: it is a {processes[0].type if main is None else main.type}.",
                "Only services of type api and stateful do.",
            )
        cluster = run.cluster()
    typer.echo(f"http://127.0.0.1:{port} leads to {service}; Ctrl-C ends it.", err=True)
    raise typer.Exit(cluster.hand_over(cluster.kubectl.port_forward(service, main.namespace, port, SERVICE_PORT)))
