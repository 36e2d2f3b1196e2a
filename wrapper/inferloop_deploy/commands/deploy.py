"""`inferloop-deploy deploy`: releases one service into the cluster."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import typer

from inferloop_deploy.changes import Changes
from inferloop_deploy.commands.apply import apply_stage, tell_of_unfinished
from inferloop_deploy.commands.operating import DryRunOption, SandboxOption, StageChoice, YesOption
from inferloop_deploy.commands.options import CloudOption, EnvironmentOption, Output, OutputOption, ServiceArgument
from inferloop_deploy.commands.printing import print_json
from inferloop_deploy.commands.staged import Session, opened
from inferloop_deploy.errors import UsageError
from inferloop_deploy.kubernetes.answers import Workload
from inferloop_deploy.kubernetes.images import read_image
from inferloop_deploy.kubernetes.processes import released_service
from inferloop_deploy.operations import CarryOut, release_address
from inferloop_deploy.report.lines import Line, duration
from inferloop_deploy.report.workloads import workload_lines

app = typer.Typer()


@app.command()
def deploy(
    context: typer.Context,
    service: ServiceArgument,
    env: EnvironmentOption,
    cloud: CloudOption = "aws",
    image: Annotated[
        str | None,
        typer.Option("--image", help="Image for this deploy, with its digest.", metavar="REPOSITORY[:TAG]@sha256:..."),
    ] = None,
    tag: Annotated[str | None, typer.Option("--tag", help="Tag of the configured image for this deploy.")] = None,
    digest: Annotated[
        str | None,
        typer.Option("--digest", help="Digest of the reviewed plan; any other is refused.", metavar="sha256:..."),
    ] = None,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    sandbox: SandboxOption = False,
    output: OutputOption = Output.text,
) -> None:
    """Release one service into the environment's cluster, with what it stands on and nothing else.

    It is released whole or not at all: what does not come up is taken back. An image that is given here is for this
    deploy; the next one without it brings back the one in the service's file.

    Example: inferloop-deploy deploy tabular --env dev --tag 1.4.0
    """
    if image is not None and tag is not None:
        raise UsageError("--image and --tag: only one of them.", "--image names the tag, too.")
    chosen = read_image(image) if image is not None else {"tag": tag} if tag is not None else {}
    changes = Changes(dry_run=dry_run)
    with opened(
        context, "deploy", env, cloud, sandbox=sandbox, output=output, stage=StageChoice.services, changes=changes
    ) as run:
        released_service(run.config, service)
        run.images = {service: chosen} if chosen else {}
        one = run.session("services")
        tell_of_unfinished(one, "apply")
        digests = [] if digest is None else [digest]
        work = apply_stage(one, changes, digests, yes=yes, targets=(release_address(service),), reviews=False)
        workloads = _workloads(one, service)
        if output is Output.json:
            print_json(_document(service, work, workloads))
        else:
            run.print(_lines(service, work, workloads, run.screen.elapsed))


def _workloads(run: Session, service: str) -> tuple[Workload, ...]:
    releasing = run.stage.releasing
    return () if releasing is None or releasing.cluster is None else releasing.cluster.workloads(service)


def _document(service: str, work: CarryOut, workloads: tuple[Workload, ...]) -> dict[str, object]:
    plan = work.plan
    assert plan is not None  # noqa: S101 - the phases went to their end
    return {
        "service": service,
        "deployed": not work.changes.dry_run and not plan.empty,
        "plan": plan.as_json(),
        "workloads": [one.as_json() for one in workloads],
    }


def _lines(service: str, work: CarryOut, workloads: tuple[Workload, ...], seconds: float) -> Iterator[Line]:
    plan = work.plan
    assert plan is not None  # noqa: S101 - the phases went to their end
    if plan.empty:
        yield Line(f"Nothing to deploy: {service} is what its files say.", "bold")
    elif work.changes.dry_run:
        yield Line(f"Dry run: {service} was not deployed.", "bold")
    else:
        yield Line(f"Deployed {service} in {duration(seconds)}.", "green")
    yield from workload_lines(workloads)
