"""`inferloop-deploy apply`: makes an environment what its files say."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import typer

from inferloop_deploy.changes import Changes
from inferloop_deploy.commands.operating import DryRunOption, SandboxOption, YesOption
from inferloop_deploy.commands.options import CloudOption, EnvironmentOption, Output, OutputOption
from inferloop_deploy.commands.printing import print_json
from inferloop_deploy.commands.staged import Session, ask, staged
from inferloop_deploy.errors import UsageError
from inferloop_deploy.journal import run_phases
from inferloop_deploy.operations import CarryOut, check_reviewed, guarded, read_review
from inferloop_deploy.plan import Plan
from inferloop_deploy.report.lines import Line, count, duration
from inferloop_deploy.report.plans import plan_lines, summary

app = typer.Typer()


@app.command()
def apply(
    context: typer.Context,
    env: EnvironmentOption,
    cloud: CloudOption = "aws",
    digest: Annotated[
        str | None,
        typer.Option("--digest", help="Digest of the reviewed plan; any other plan is refused.", metavar="sha256:..."),
    ] = None,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    sandbox: SandboxOption = False,
    output: OutputOption = Output.text,
) -> None:
    """Make an environment what its files say, and print its outputs.

    It plans anew. Where a plan was reviewed (by `plan` here, or `--digest`), it refuses unless the new one is the same.
    It asks on prod and on environments with deletion protection, where something goes away, and on a terminal where
    nothing was reviewed; --yes answers. Interrupted at any moment, it continues when run again.

    Example: inferloop-deploy apply --env dev --sandbox --yes
    """
    if digest is not None and not digest.startswith("sha256:"):
        raise UsageError(f"--digest {digest}: not a digest.", "Take the one that plan printed: sha256:...")
    changes = Changes(dry_run=dry_run)
    with staged(context, "apply", env, cloud, sandbox=sandbox, output=output, changes=changes) as run:
        tell_of_unfinished(run, "apply")
        work = CarryOut(
            run.stage, run.target.journal("apply"), changes, lambda plan: _agree(run, plan, digest, yes=yes)
        )
        carry_out(work, run)
        _print_result(run, work)


def carry_out(work: CarryOut, run: Session) -> None:
    """Run the phases of an apply or destroy, keeping the journal."""
    work.journal.begin("destroy" if work.destroy else "apply")
    run_phases(work.phases(), work.journal, run.screen.phase)
    work.journal.end()


def tell_of_unfinished(run: Session, command: str) -> None:
    """Say that an earlier run was cut off, where one was."""
    record = run.target.journal(command).last()
    if record is not None and record.unfinished is not None:
        run.screen.say(f"continuing: the {command} of {record.began} stopped in phase {record.unfinished}", "yellow")


def _agree(run: Session, plan: Plan, digest: str | None, *, yes: bool) -> None:
    """Show the plan, refuse one that is not the reviewed one, and ask where it has to be asked."""
    reviewed = check_reviewed(plan, digest, read_review(run.stage), run.target.options)
    if reviewed:
        run.screen.say(f"the plan is the reviewed one: {summary(plan)}")
    else:
        run.print(plan_lines(plan))
    if plan.empty:
        return
    insists = guarded(run.stage.environment) or bool(plan.destructive)
    if insists or (not reviewed and sys.stdin.isatty()):
        ask(f"Apply this to {plan.environment} on {plan.cloud} ({summary(plan)})?", yes=yes, screen=run.screen)


def _print_result(run: Session, work: CarryOut) -> None:
    plan = work.plan
    assert plan is not None  # noqa: S101 - the phases went to their end
    if run.output is Output.json:
        print_json(
            {
                "applied": not work.changes.dry_run and not plan.empty,
                "seconds": round(run.screen.elapsed, 1),
                "plan": plan.as_json(),
                "outputs": work.outputs,
            }
        )
        return
    run.print(_result_lines(run, plan, work.outputs, dry_run=work.changes.dry_run))


def _result_lines(run: Session, plan: Plan, outputs: Mapping[str, Any], *, dry_run: bool) -> Iterator[Line]:
    if plan.empty:
        yield Line(f"{plan.environment} on {plan.cloud} already is what its files say.", "bold")
    elif dry_run:
        yield Line(f"Dry run: nothing was applied to {plan.environment} on {plan.cloud}.", "bold")
    else:
        done = ", ".join(f"{number} {_DONE[action]}" for action, number in plan.counts.items()) or "outputs changed"
        yield Line(f"Applied to {plan.environment} on {plan.cloud} in {duration(run.screen.elapsed)}: {done}.", "green")
    for name, value in outputs.items():
        text = json.dumps(value, ensure_ascii=False, sort_keys=True)
        if len(text) > LONGEST_OUTPUT:
            size = count(len(value), "entry" if len(value) == 1 else "entrie")
            text = f"({size}; inferloop-deploy output {name} {run.target.options})"
        yield Line(f"{name} = {text}")


LONGEST_OUTPUT = 120
_DONE = {
    "create": "created",
    "update": "changed",
    "replace": "replaced",
    "delete": "destroyed",
    "forget": "forgotten",
    "move": "moved",
    "import": "imported",
}
