"""`inferloop-deploy release`: a release that was cut off in the middle."""

from __future__ import annotations

import typer

from inferloop_deploy.changes import Changes
from inferloop_deploy.commands.operating import DryRunOption, SandboxOption, StageChoice, YesOption
from inferloop_deploy.commands.options import CloudOption, EnvironmentOption, Output, OutputOption, ServiceArgument
from inferloop_deploy.commands.printing import print_json
from inferloop_deploy.commands.staged import Run, ask, opened, result_console
from inferloop_deploy.errors import UsageError
from inferloop_deploy.kubernetes.answers import Release
from inferloop_deploy.kubernetes.cluster import Cluster
from inferloop_deploy.names import meant
from inferloop_deploy.report.lines import Line, show
from inferloop_deploy.terraform import Locked

app = typer.Typer(name="release", help="Put a release back that was cut off in the middle.", no_args_is_help=True)
PATIENCE = "5m"
"""How long what is put back may take to come up."""


@app.callback()
def _group() -> None:
    """Put a release back that was cut off in the middle."""


@app.command()
def unlock(
    context: typer.Context,
    service: ServiceArgument,
    env: EnvironmentOption,
    cloud: CloudOption = "aws",
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    sandbox: SandboxOption = False,
    output: OutputOption = Output.text,
) -> None:
    """Put a release back that is stuck in a pending state, so that it can be released again; asks first.

    It goes back to the last revision that was there whole. Where there is none, because its first installation was cut
    off, what that has made is removed. Refused while somebody holds the state of the services, and may be releasing.

    Example: inferloop-deploy release unlock tabular --env dev
    """
    changes = Changes(dry_run=dry_run)
    choice = StageChoice.services
    with opened(
        context, "release unlock", env, cloud, sandbox=sandbox, output=output, stage=choice, changes=changes, reads=True
    ) as run:
        cluster = run.cluster()
        release = _release(cluster, service)
        _check_nobody_releases(run)
        back = cluster.last_deployed(release.name, release.namespace) if release.stuck else None
        if release.stuck:
            ask(_question(release, back), yes=yes, screen=run.screen)
            _put_back(cluster, release, back, changes)
    done = release.stuck and not dry_run
    if output is Output.json:
        print_json({"service": service, "was": release.status, "unlocked": done, "revision": back})
        return
    show(result_console(), [Line(_said(release, back, dry_run=dry_run))])


def _release(cluster: Cluster, service: str) -> Release:
    found = {one.name: one for one in cluster.releases()}
    if service not in found:
        raise UsageError(f'There is no release "{service}" in the cluster.', meant(service, sorted(found), "Releases"))
    return found[service]


def _check_nobody_releases(run: Run) -> None:
    held = run.session("services").stage.store.lock()
    if held is not None:
        options = run.target.at("services").options
        raise Locked(held, f"inferloop-deploy state unlock {options} {held.id}")


def _question(release: Release, back: int | None) -> str:
    stuck = f"{release.name} is in {release.status} since {release.updated[:19]}."
    if back is None:
        return f"{stuck} It never was there whole. Remove what its first installation has made?"
    return f"{stuck} Put revision {back} back?"


def _put_back(cluster: Cluster, release: Release, back: int | None, changes: Changes) -> None:
    if back is None:
        line = cluster.helm.uninstall(release.name, release.namespace, PATIENCE)
        changes.change(f"release {release.name}", "remove the unfinished", lambda: cluster.run(line))
    else:
        line = cluster.helm.rollback(release.name, release.namespace, back, PATIENCE)
        changes.change(f"release {release.name}", f"put back revision {back} of", lambda: cluster.run(line))


def _said(release: Release, back: int | None, *, dry_run: bool) -> str:
    if not release.stuck:
        return f"{release.name} is not stuck, it is {release.status}; there was nothing to do."
    if dry_run:
        return f"Dry run: {release.name} still is in {release.status}."
    if back is None:
        return f"What the first installation of {release.name} had made is removed. Deploy it again."
    return f"Revision {back} of {release.name} is back. Deploy it again."
