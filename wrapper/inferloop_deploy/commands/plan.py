"""`inferloop-deploy plan`: shows what an apply would change, and why."""

from __future__ import annotations

import typer

from inferloop_deploy.changes import Changes
from inferloop_deploy.commands.operating import SandboxOption, StageChoice, StageOption
from inferloop_deploy.commands.options import CloudOption, EnvironmentOption, Output, OutputOption
from inferloop_deploy.commands.printing import print_json
from inferloop_deploy.commands.staged import Session, opened
from inferloop_deploy.errors import CHANGES
from inferloop_deploy.journal import Phase, run_phases
from inferloop_deploy.operations import check_services, make_plan, save_review
from inferloop_deploy.plan import Plan
from inferloop_deploy.report.plans import plan_lines

app = typer.Typer()


@app.command()
def plan(
    context: typer.Context,
    env: EnvironmentOption,
    cloud: CloudOption = "aws",
    stage: StageOption = StageChoice.all,
    sandbox: SandboxOption = False,
    output: OutputOption = Output.text,
) -> None:
    """Show what an apply would change, service by service, each change with the line that causes it.

    What goes away comes first. The digest at the end names exactly this plan: `apply --digest` refuses any other.
    The services are planned upon what the infrastructure is now, before what its own plan would change. Exit code 0:
    nothing to change; 3: there are changes.

    Example: inferloop-deploy plan --env dev --sandbox
    """
    changes = Changes()
    made: list[Plan] = []
    with opened(context, "plan", env, cloud, sandbox=sandbox, output=output, stage=stage, changes=changes) as run:
        for name in run.stages:
            one = run.session(name)
            made.append(_plan(one, changes))
            if output is Output.text:
                run.print(plan_lines(made[-1], name))
        if output is Output.json:
            plans = [
                {"stage": name, **found.as_json(), "placeholder": _placeholder(run.session(name))}
                for name, found in zip(run.stages, made, strict=True)
            ]
            print_json({"environment": env, "cloud": cloud, "stages": plans})
    if not all(found.empty for found in made):
        raise typer.Exit(CHANGES)


def _plan(run: Session, changes: Changes) -> Plan:
    journal = run.target.journal("plan")
    made: list[Plan] = []
    journal.begin("plan")
    phases = [
        Phase(
            "Look at the cluster",
            lambda: check_services(run.stage, destroy=False, dry_run=True),
            lambda: run.stage.releasing is not None,
        ),
        Phase("Plan", lambda: made.append(make_plan(run.stage, journal, changes))),
    ]
    run_phases(phases, journal, run.screen.phase)
    journal.end()
    save_review(run.stage, made[0])
    return made[0]


def _placeholder(run: Session) -> bool:
    """Tell whether a plan stands on a platform that is not there yet."""
    return run.stage.releasing is not None and run.stage.releasing.placeholder
