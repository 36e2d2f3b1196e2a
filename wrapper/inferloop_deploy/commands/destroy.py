"""`inferloop-deploy destroy`: removes everything that was applied."""

from __future__ import annotations

from collections.abc import Iterator

import typer

from inferloop_deploy.changes import Changes
from inferloop_deploy.commands.apply import carry_out, tell_of_unfinished
from inferloop_deploy.commands.operating import DryRunOption, SandboxOption, YesOption
from inferloop_deploy.commands.options import CloudOption, EnvironmentOption, Output, OutputOption
from inferloop_deploy.commands.printing import print_json
from inferloop_deploy.commands.staged import Session, ask, staged
from inferloop_deploy.operations import CarryOut, check_unprotected, guarded
from inferloop_deploy.plan import Plan
from inferloop_deploy.report.lines import Line, count, duration
from inferloop_deploy.report.plans import plan_lines

app = typer.Typer()


@app.command()
def destroy(
    context: typer.Context,
    env: EnvironmentOption,
    cloud: CloudOption = "aws",
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    sandbox: SandboxOption = False,
    output: OutputOption = Output.text,
) -> None:
    """Remove everything that was applied to an environment, with its data.

    It says what goes, and always asks; on prod the answer is the environment's name. --yes answers. Where
    spec.deletionProtection is on it refuses.

    Example: inferloop-deploy destroy --env dev --sandbox
    """
    changes = Changes(dry_run=dry_run)
    with staged(context, "destroy", env, cloud, sandbox=sandbox, output=output, changes=changes) as run:
        origin = run.config.environment.origin(("spec", "deletionProtection"))
        check_unprotected(
            run.stage, str(origin) if origin.line else f"spec.deletionProtection of {env}, on by default,"
        )
        tell_of_unfinished(run, "destroy")
        work = CarryOut(
            run.stage, run.target.journal("destroy"), changes, lambda plan: _agree(run, plan, yes=yes), destroy=True
        )
        carry_out(work, run)
        plan = work.plan
        assert plan is not None  # noqa: S101 - the phases went to their end
        if output is Output.json:
            print_json({"destroyed": not dry_run and not plan.empty, "plan": plan.as_json()})
        else:
            run.print(_result_lines(run, plan, dry_run=dry_run))


def _agree(run: Session, plan: Plan, *, yes: bool) -> None:
    run.print(plan_lines(plan))
    if plan.empty:
        return
    lost = [change for change in plan.changes if change.loses]
    question = f"Destroy {count(len(plan.changes), 'resource')} of {plan.environment} on {plan.cloud}?"
    if lost:
        question += f" {count(len(lost), 'resource')} of them hold data that is lost for good."
    word = plan.environment if guarded(run.stage.environment) else None
    ask(question, yes=yes, screen=run.screen, word=word)


def _result_lines(run: Session, plan: Plan, *, dry_run: bool) -> Iterator[Line]:
    where = f"{plan.environment} on {plan.cloud}"
    if plan.empty:
        yield Line(f"There is nothing of {where}.", "bold")
    elif dry_run:
        yield Line(f"Dry run: nothing of {where} was destroyed.", "bold")
    else:
        number = count(len(plan.changes), "resource")
        yield Line(f"Destroyed {number} of {where} in {duration(run.screen.elapsed)}.", "green")
