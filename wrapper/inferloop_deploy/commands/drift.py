"""`inferloop-deploy drift`: looks for what was changed beside the files."""

from __future__ import annotations

import typer

from inferloop_deploy.changes import Changes
from inferloop_deploy.commands.operating import SandboxOption, StageChoice, StageOption
from inferloop_deploy.commands.options import CloudOption, EnvironmentOption, Output, OutputOption
from inferloop_deploy.commands.printing import print_json
from inferloop_deploy.commands.staged import opened
from inferloop_deploy.errors import CHANGES
from inferloop_deploy.operations import check_services, find_drift
from inferloop_deploy.plan import PlannedChange
from inferloop_deploy.report.plans import drift_lines
from inferloop_deploy.target import StageName

app = typer.Typer()


@app.command()
def drift(
    context: typer.Context,
    env: EnvironmentOption,
    cloud: CloudOption = "aws",
    stage: StageOption = StageChoice.all,
    sandbox: SandboxOption = False,
    output: OutputOption = Output.text,
) -> None:
    """Compare what was applied with what is there now; changes nothing.

    Exit code 0: it is as it was applied; 3: something was changed by somebody else.

    Example: inferloop-deploy drift --env prod
    """
    changes = Changes()
    found: dict[StageName, tuple[PlannedChange, ...]] = {}
    with opened(context, "drift", env, cloud, sandbox=sandbox, output=output, stage=stage, changes=changes) as run:
        for name in run.stages:
            one = run.session(name)
            journal = one.target.journal("drift")
            journal.begin("drift")
            run.screen.phase("Look for drift")
            check_services(one.stage, destroy=False, dry_run=True)
            found[name] = find_drift(one.stage, journal, changes)
            journal.end()
            if output is Output.text:
                run.print(drift_lines(found[name], env, cloud, name))
        if output is Output.json:
            print_json(
                {
                    "environment": env,
                    "cloud": cloud,
                    "stages": [
                        {"stage": name, "drift": [change.as_json() for change in drifted]}
                        for name, drifted in found.items()
                    ],
                }
            )
    if any(found.values()):
        raise typer.Exit(CHANGES)
