"""`inferloop-deploy status`: what is applied, since when, and who holds the state."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

import typer

from inferloop_deploy.clouds import Written
from inferloop_deploy.commands.operating import SandboxOption, StageChoice, StageOption
from inferloop_deploy.commands.options import CloudOption, EnvironmentOption, Output, OutputOption
from inferloop_deploy.commands.printing import print_json
from inferloop_deploy.commands.staged import Run, Session, opened
from inferloop_deploy.errors import InferloopError
from inferloop_deploy.journal import Record, process_runs
from inferloop_deploy.kubernetes.answers import Release, Workload
from inferloop_deploy.report.lines import Line, count
from inferloop_deploy.report.plans import heading
from inferloop_deploy.report.workloads import workload_lines
from inferloop_deploy.state import AppliedState, read_state
from inferloop_deploy.terraform import Lock

app = typer.Typer()


@dataclass(frozen=True)
class Status:
    """What is known of an environment without looking at the cloud's resources."""

    place: str
    state: AppliedState | None
    written: Written | None
    lock: Lock | None
    unfinished: tuple[Record, ...]


@app.command()
def status(
    context: typer.Context,
    env: EnvironmentOption,
    cloud: CloudOption = "aws",
    stage: StageOption = StageChoice.all,
    resources: Annotated[bool, typer.Option("--resources", help="List every resource.")] = False,
    sandbox: SandboxOption = False,
    output: OutputOption = Output.text,
) -> None:
    """Show what is applied for each service, since when, who holds the state, and what runs in the cluster.

    It reads the state, and the cluster where it answers; `inferloop-deploy drift` compares with what is really there.

    Example: inferloop-deploy status --env dev
    """
    documents = []
    with opened(context, "status", env, cloud, sandbox=sandbox, output=output, stage=stage, reads=True) as run:
        for name in run.stages:
            one = run.session(name)
            found = find_status(one)
            live = find_live(run) if name == "services" and found.state is not None else None
            if output is Output.text:
                run.print(_lines(found, live, one, resources=resources))
            documents.append({"stage": name, **_document(found), **({} if live is None else live.as_json())})
        if output is Output.json:
            print_json({"environment": env, "cloud": cloud, "stages": documents})


@dataclass(frozen=True)
class Live:
    """What the cluster tells, or why it does not."""

    releases: tuple[Release, ...] = ()
    workloads: tuple[Workload, ...] = ()
    silent: str | None = None

    def as_json(self) -> dict[str, object]:
        """Return it as `--output json` prints it."""
        return {
            "releases": [one.as_json() for one in self.releases],
            "workloads": [one.as_json() for one in self.workloads],
            "cluster": self.silent or "answers",
        }


def find_live(run: Run) -> Live:
    """Ask the cluster what is released and how it is; one that does not answer is no failure here."""
    try:
        cluster = run.cluster()
        return Live(cluster.releases(), cluster.workloads())
    except InferloopError as error:
        return Live(silent=error.message)


def find_status(run: Session) -> Status:
    """Read the state, its lock and the journals."""
    document = run.stage.terraform.state()
    records = [run.target.journal(command).last() for command in ("apply", "destroy")]
    return Status(
        run.stage.backend.place,
        None if document is None else read_state(document, run.stage.sources.services),
        run.stage.store.written(),
        run.stage.store.lock(),
        tuple(
            one for one in records if one is not None and one.unfinished is not None and not process_runs(one.process)
        ),
    )


def _live_lines(live: Live) -> Iterator[Line]:
    if live.silent is not None:
        yield Line(f"Cluster: {live.silent}", "yellow")
        return
    ours = {one.service for one in live.workloads}
    for release in live.releases:
        style = "yellow" if release.stuck or release.status == "failed" else ""
        yield Line(
            f"Release {release.name}: {release.status}, revision {release.revision}, {release.chart}, "
            f"since {release.updated[:19]}",
            style,
        )
        if release.name in ours:
            yield from workload_lines([one for one in live.workloads if one.service == release.name])


def _lines(found: Status, live: Live | None, run: Session, *, resources: bool) -> Iterator[Line]:
    where = f"{run.target.environment} on {run.target.cloud}"
    if run.target.stage == "services":
        where = f"The services in {where}"
    if found.state is None or found.written is None:
        yield Line(f"{where}: nothing was applied yet.", "bold")
    else:
        number = count(len(found.state.resources), "resource")
        yield Line(f"{where}: {number}, last applied {found.written.at:%Y-%m-%d %H:%M:%S} UTC.", "bold")
        yield Line(f"State: {found.place}, serial {found.state.serial}, terraform {found.state.terraform}")
        for service, owned in found.state.by_service().items():
            yield Line(f"  {heading(service, run.target.environment):<32} {count(len(owned), 'resource')}")
            for resource in owned if resources else ():
                yield Line(f"      {resource.address.text}", "dim")
    if live is not None:
        yield from _live_lines(live)
    if found.lock is None:
        yield Line("Lock: nobody holds the state.")
    else:
        lock = found.lock
        yield Line(f"Lock: held by {lock.who} since {lock.created} ({lock.operation}, {lock.id}).", "yellow")
        yield Line(f"  If that run is certainly dead: inferloop-deploy state unlock {run.target.options} {lock.id}")
    for record in found.unfinished:
        yield Line(
            f"Unfinished: the {record.command} of {record.began} stopped in phase {record.unfinished}; "
            f"run it again: inferloop-deploy {record.command} {run.target.options}",
            "yellow",
        )
    yield Line(f"Drift: not looked for; inferloop-deploy drift {run.target.options}")


def _document(found: Status) -> dict[str, object]:
    state, lock = found.state, found.lock
    return {
        "state": found.place,
        "serial": None if state is None else state.serial,
        "terraform": None if state is None else state.terraform,
        "applied": None if found.written is None else found.written.at.isoformat(),
        "resources": []
        if state is None
        else [{"address": one.address.text, "service": one.service or None} for one in state.resources],
        "lock": None
        if lock is None
        else {"id": lock.id, "who": lock.who, "since": lock.created, "operation": lock.operation},
        "unfinished": [
            {"command": one.command, "began": one.began, "phase": one.unfinished} for one in found.unfinished
        ],
        "drift": None,
    }
