"""`inferloop-deploy plan`: shows what an apply would change, and why."""

from __future__ import annotations

import typer

from inferloop_deploy.changes import Changes
from inferloop_deploy.commands.operating import SandboxOption
from inferloop_deploy.commands.options import CloudOption, EnvironmentOption, Output, OutputOption
from inferloop_deploy.commands.printing import print_json
from inferloop_deploy.commands.staged import staged
from inferloop_deploy.errors import CHANGES
from inferloop_deploy.journal import Phase, run_phases
from inferloop_deploy.operations import make_plan, save_review
from inferloop_deploy.plan import Plan
from inferloop_deploy.report.plans import plan_lines

app = typer.Typer()


@app.command()
def plan(
    context: typer.Context,
    env: EnvironmentOption,
    cloud: CloudOption = "aws",
    sandbox: SandboxOption = False,
    output: OutputOption = Output.text,
) -> None:
    """Show what an apply would change, service by service, each change with the line that causes it.

    What goes away comes first. The digest at the end names exactly this plan: `apply --digest` refuses any other.
    Exit code 0: nothing to change; 3: there are changes.

    Example: inferloop-deploy plan --env dev --sandbox
    """
    changes = Changes()
    with staged(context, "plan", env, cloud, sandbox=sandbox, output=output, changes=changes) as run:
        journal = run.target.journal("plan")
        made: list[Plan] = []
        journal.begin("plan")
        run_phases(
            [Phase("Plan", lambda: made.append(make_plan(run.stage, journal, changes)))], journal, run.screen.phase
        )
        journal.end()
        found = made[0]
        save_review(run.stage, found)
        if output is Output.json:
            print_json(found.as_json())
        else:
            run.print(plan_lines(found))
    if not found.empty:
        raise typer.Exit(CHANGES)
