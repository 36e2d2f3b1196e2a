"""`inferloop-deploy drift`: looks for what was changed beside the files."""

from __future__ import annotations

import typer

from inferloop_deploy.changes import Changes
from inferloop_deploy.commands.operating import SandboxOption
from inferloop_deploy.commands.options import CloudOption, EnvironmentOption, Output, OutputOption
from inferloop_deploy.commands.printing import print_json
from inferloop_deploy.commands.staged import staged
from inferloop_deploy.errors import CHANGES
from inferloop_deploy.operations import find_drift
from inferloop_deploy.report.plans import drift_lines

app = typer.Typer()


@app.command()
def drift(
    context: typer.Context,
    env: EnvironmentOption,
    cloud: CloudOption = "aws",
    sandbox: SandboxOption = False,
    output: OutputOption = Output.text,
) -> None:
    """Compare what was applied with what is there now; changes nothing.

    Exit code 0: it is as it was applied; 3: something was changed by somebody else.

    Example: inferloop-deploy drift --env prod
    """
    changes = Changes()
    with staged(context, "drift", env, cloud, sandbox=sandbox, output=output, changes=changes) as run:
        journal = run.target.journal("drift")
        journal.begin("drift")
        run.screen.phase("Look for drift")
        found = find_drift(run.stage, journal, changes)
        journal.end()
        if output is Output.json:
            print_json({"environment": env, "cloud": cloud, "drift": [change.as_json() for change in found]})
        else:
            run.print(drift_lines(found, env, cloud))
    if found:
        raise typer.Exit(CHANGES)
