"""`inferloop-deploy destroy`: removes everything that was applied."""

from __future__ import annotations

from collections.abc import Iterator

import typer

from inferloop_deploy.changes import Changes
from inferloop_deploy.commands.apply import carry_out, tell_of_unfinished
from inferloop_deploy.commands.operating import DryRunOption, SandboxOption, StageChoice, StageOption, YesOption
from inferloop_deploy.commands.options import CloudOption, EnvironmentOption, Output, OutputOption
from inferloop_deploy.commands.printing import print_json
from inferloop_deploy.commands.staged import Session, ask, opened
from inferloop_deploy.operations import CarryOut, check_unprotected, guarded
from inferloop_deploy.plan import Plan
from inferloop_deploy.report.lines import Line, count, duration
from inferloop_deploy.report.plans import plan_lines, what

app = typer.Typer()


@app.command()
def destroy(
    context: typer.Context,
    env: EnvironmentOption,
    cloud: CloudOption = "aws",
    stage: StageOption = StageChoice.all,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    sandbox: SandboxOption = False,
    output: OutputOption = Output.text,
) -> None:
    """Remove everything that was applied to an environment, with its data.

    The services go first, then the infrastructure. It says what goes, and always asks; on prod the answer is the
    environment's name. --yes answers. Where spec.deletionProtection is on it refuses.

    Example: inferloop-deploy destroy --env dev --sandbox
    """
    changes = Changes(dry_run=dry_run)
    done: list[dict[str, object]] = []
    with opened(context, "destroy", env, cloud, sandbox=sandbox, output=output, stage=stage, changes=changes) as run:
        origin = run.config.environment.origin(("spec", "deletionProtection"))
        place = str(origin) if origin.line else f"spec.deletionProtection of {env}, on by default,"
        for name in reversed(run.stages):
            if name == "services" and not run.applied(name):
                run.screen.say("nothing of the services was applied")
                continue
            one = run.session(name)
            check_unprotected(one.stage, place)
            tell_of_unfinished(one, "destroy")
            plan = _destroy(one, changes, yes=yes)
            done.append(
                {"stage": name, "destroyed": not dry_run and not plan.empty, "plan": plan.as_json()},
            )
            if output is Output.text:
                run.print(_result_lines(one, plan, dry_run=dry_run))
        if output is Output.json:
            print_json({"environment": env, "cloud": cloud, "stages": done})


def _destroy(run: Session, changes: Changes, *, yes: bool) -> Plan:
    journal = run.target.journal("destroy")
    work = CarryOut(run.stage, journal, changes, lambda plan: _agree(run, plan, yes=yes), destroy=True)
    carry_out(work, run)
    assert work.plan is not None  # noqa: S101 - the phases went to their end
    return work.plan


def _agree(run: Session, plan: Plan, *, yes: bool) -> None:
    run.print(plan_lines(plan, run.target.stage))
    if plan.empty:
        return
    lost = [change for change in plan.changes if change.loses]
    question = f"Destroy {count(len(plan.changes), 'resource')} of {what(plan, run.target.stage)}?"
    if lost:
        question += f" {count(len(lost), 'resource')} of them hold data that is lost for good."
    word = plan.environment if guarded(run.stage.environment) else None
    ask(question, yes=yes, screen=run.screen, word=word)


def _result_lines(run: Session, plan: Plan, *, dry_run: bool) -> Iterator[Line]:
    where = what(plan, run.target.stage)
    if plan.empty:
        yield Line(f"There is nothing of {where}.", "bold")
    elif dry_run:
        yield Line(f"Dry run: nothing of {where} was destroyed.", "bold")
    else:
        number = count(len(plan.changes), "resource")
        yield Line(f"Destroyed {number} of {where} in {duration(run.screen.elapsed)}.", "green")
