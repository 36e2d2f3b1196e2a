"""`inferloop-deploy state`: the place that Terraform's state is kept in, and who holds it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from inferloop_deploy.changes import Changes
from inferloop_deploy.clouds import find_cloud
from inferloop_deploy.commands.operating import DryRunOption, OneStage, OneStageOption, SandboxOption, YesOption
from inferloop_deploy.commands.options import CloudOption, EnvironmentOption, Output, OutputOption, session
from inferloop_deploy.commands.printing import print_json
from inferloop_deploy.commands.staged import ask, error_console, orderly_stop, result_console, staged
from inferloop_deploy.errors import UsageError
from inferloop_deploy.journal import run_phases
from inferloop_deploy.rehearsal import surroundings
from inferloop_deploy.report.lines import Line, show
from inferloop_deploy.report.progress import Screen
from inferloop_deploy.stage import check_account, state_tags
from inferloop_deploy.target import Target, load_environment
from inferloop_deploy.terraform import Terraform

app = typer.Typer(name="state", help="Make the state's place; release its lock; recover it.", no_args_is_help=True)


@app.command()
def bootstrap(
    context: typer.Context,
    env: EnvironmentOption,
    cloud: CloudOption = "aws",
    dry_run: DryRunOption = False,
    sandbox: SandboxOption = False,
    output: OutputOption = Output.text,
) -> None:
    """Make the bucket that an environment's state is kept in: versions, a key of its own, no public access, TLS only.

    Once for each environment, before its first plan. What is so already is left alone, so it is safe to run again.

    Example: inferloop-deploy state bootstrap --env prod
    """
    target = Target(session(context).project_root(), env, cloud, sandbox)
    changes = Changes(dry_run=dry_run)
    with orderly_stop(), Screen(error_console()) as screen:
        around = surroundings(target, screen)
        changes.report = screen.change
        config = load_environment(target)
        environment = config.environment.config
        provider = find_cloud(cloud, around.settings)
        identity = provider.identity(environment)
        if not sandbox:
            check_account(config, identity)
        backend = provider.backend(environment, identity.account, target.stage)
        store = provider.state_store(environment, backend)
        journal = target.journal("bootstrap")
        journal.begin("state bootstrap")
        run_phases(store.bootstrap(state_tags(environment), changes), journal, screen.phase)
        journal.end()
    made = [str(change) for change in changes.made]
    if output is Output.json:
        print_json({"state": backend.place, "settings": dict(backend.settings), "dry_run": dry_run, "changes": made})
    else:
        verb = "would be made" if dry_run else "is ready"
        text = f"The place of the state {verb}: {backend.place}" if made else f"{backend.place} is ready already."
        show(result_console(), [Line(text, "green")])


@app.command()
def unlock(
    context: typer.Context,
    lock: Annotated[
        str | None, typer.Argument(help="Id of the lock, as the message about it says.", metavar="[LOCK]")
    ] = None,
    *,
    env: EnvironmentOption,
    cloud: CloudOption = "aws",
    stage: OneStageOption = OneStage.infrastructure,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    sandbox: SandboxOption = False,
    output: OutputOption = Output.text,
) -> None:
    """Take the lock of a state away from a run that is certainly dead; says whose it is, and asks.

    Two runs that change the same state at once break it: make sure that the other one no longer runs.

    Example: inferloop-deploy state unlock --env dev 7f6c2d0e-1b1f-5a39-9a2c-0d6c1f0c9f11
    """
    changes = Changes(dry_run=dry_run)
    with staged(
        context, "state unlock", env, cloud, sandbox=sandbox, output=output, stage=stage, changes=changes
    ) as run:
        held = run.stage.store.lock()
        if held is None:
            result: dict[str, object] = {"unlocked": False, "lock": None}
            text = "Nobody holds the state; there was nothing to do."
        else:
            if lock is not None and lock != held.id:
                raise UsageError(
                    f"The state is held by another lock: {held.id}, by {held.who} since {held.created}.",
                    "The one you name is gone. Somebody else works on this environment now: wait for them.",
                )
            ask(
                f"{held.who} holds the state since {held.created} ({held.operation}). Take it away?",
                yes=yes,
                screen=run.screen,
            )
            changes.change(f"lock {held.id}", "release", lambda: run.stage.terraform.force_unlock(held.id))
            result = {"unlocked": not dry_run, "lock": held.id}
            text = f"Dry run: {held.who} still holds the state." if dry_run else f"Released: {held.who} held the state."
    if output is Output.json:
        print_json(result)
    else:
        show(result_console(), [Line(text)])


@app.command()
def recover(
    context: typer.Context,
    env: EnvironmentOption,
    cloud: CloudOption = "aws",
    stage: OneStageOption = OneStage.infrastructure,
    dry_run: DryRunOption = False,
    sandbox: SandboxOption = False,
    output: OutputOption = Output.text,
) -> None:
    """Put a state in its place that an apply could not save, because the network was gone for instance.

    Terraform refuses a state that is older than the one in its place, or another environment's.

    Example: inferloop-deploy state recover --env prod
    """
    changes = Changes(dry_run=dry_run)
    with staged(
        context, "state recover", env, cloud, sandbox=sandbox, output=output, stage=stage, changes=changes
    ) as run:
        file = run.stage.terraform.unsaved
        found = file.exists()
        if found:
            changes.change(run.stage.backend.place, f"write {file} to", lambda: _put(run.stage.terraform, file))
    if output is Output.json:
        print_json({"recovered": found and not dry_run, "state": run.stage.backend.place})
    elif not found:
        show(result_console(), [Line("There is no state to recover; nothing was done.")])
    else:
        verb = "would have" if dry_run else "has"
        show(result_console(), [Line(f"{run.stage.backend.place} {verb} what the apply made. Plan again.", "green")])


def _put(terraform: Terraform, file: Path) -> None:
    terraform.push_state(file)
    file.unlink()
