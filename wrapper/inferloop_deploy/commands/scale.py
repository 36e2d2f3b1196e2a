"""`inferloop-deploy scale`: another number of replicas, for now."""

from __future__ import annotations

from typing import Annotated

import typer

from inferloop_deploy.changes import Changes
from inferloop_deploy.commands.operating import DryRunOption, SandboxOption, StageChoice
from inferloop_deploy.commands.options import CloudOption, EnvironmentOption, Output, OutputOption, ServiceArgument
from inferloop_deploy.commands.printing import print_json
from inferloop_deploy.commands.staged import opened, result_console
from inferloop_deploy.kubernetes.processes import MAIN, check_scalable, process_of, released_service
from inferloop_deploy.operations import is_production
from inferloop_deploy.report.lines import Line, count, show

app = typer.Typer()


@app.command()
def scale(
    context: typer.Context,
    service: ServiceArgument,
    env: EnvironmentOption,
    replicas: Annotated[int, typer.Option("--replicas", min=0, max=1000, help="How many there are to be.")],
    cloud: CloudOption = "aws",
    process: Annotated[str, typer.Option("--process", help="Process: main, or a worker of the service.")] = MAIN,
    dry_run: DryRunOption = False,
    sandbox: SandboxOption = False,
    output: OutputOption = Output.text,
) -> None:
    """Give a process another number of replicas, until the next deploy restores the number in its file.

    What an autoscaler owns is refused: change its min and max in the file instead.

    Example: inferloop-deploy scale textnlp --replicas 3 --env dev
    """
    changes = Changes(dry_run=dry_run)
    choice = StageChoice.infrastructure
    with opened(
        context, "scale", env, cloud, sandbox=sandbox, output=output, stage=choice, changes=changes, reads=True
    ) as run:
        one = process_of(released_service(run.config, service), process)
        spec = run.config.environment.config.spec
        night = spec.cluster_services.night.enabled and not is_production(run.config.environment.config)
        kind = check_scalable(one, night=night)
        cluster = run.cluster()
        line = cluster.kubectl.scale(kind, one.object_name, one.namespace, replicas)
        changes.change(f"{kind} {one.object_name} to {count(replicas, 'replica')}", "scale", lambda: cluster.run(line))
    if output is Output.json:
        print_json({"service": service, "process": process, "replicas": replicas, "scaled": not dry_run})
        return
    verb = "would have" if dry_run else "has"
    lines = [Line(f"{one.object_name} {verb} {count(replicas, 'replica')}.", "green")]
    if replicas != one.replicas:
        lines.append(Line(f"The next deploy restores {one.replicas}; to keep it, change {one.path}.replicas."))
    show(result_console(), lines)
