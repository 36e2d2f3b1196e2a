"""`inferloop-deploy apply`: makes an environment what its files say."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

import typer

from inferloop_deploy.changes import Changes
from inferloop_deploy.commands.operating import DryRunOption, SandboxOption, StageChoice, StageOption, YesOption
from inferloop_deploy.commands.options import CloudOption, EnvironmentOption, Output, OutputOption
from inferloop_deploy.commands.printing import print_json
from inferloop_deploy.commands.staged import Run, Session, ask, opened
from inferloop_deploy.errors import UsageError
from inferloop_deploy.journal import run_phases
from inferloop_deploy.operations import CarryOut, check_reviewed, guarded, read_review
from inferloop_deploy.plan import Plan
from inferloop_deploy.report.lines import Line, count, duration
from inferloop_deploy.report.plans import plan_lines, summary, what

app = typer.Typer()


@app.command()
def apply(
    context: typer.Context,
    env: EnvironmentOption,
    cloud: CloudOption = "aws",
    stage: StageOption = StageChoice.all,
    digest: Annotated[
        list[str] | None,
        typer.Option(
            "--digest",
            help="Digest of the reviewed plan; any other plan is refused. Once for each stage that has one.",
            metavar="sha256:...",
        ),
    ] = None,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    sandbox: SandboxOption = False,
    output: OutputOption = Output.text,
) -> None:
    """Make an environment what its files say, and print its outputs.

    The infrastructure comes first, then the services upon what it made. It plans anew. Where a plan was reviewed (by
    `plan` here, or `--digest`), it refuses unless the new one is the same. It asks on prod and on environments with
    deletion protection, where something goes away, and on a terminal where nothing was reviewed; --yes answers.
    Interrupted at any moment, it continues when run again.

    Example: inferloop-deploy apply --env dev --sandbox --yes
    """
    digests = digest or []
    for one in digests:
        if not one.startswith("sha256:"):
            raise UsageError(f"--digest {one}: not a digest.", "Take the one that plan printed: sha256:...")
    changes = Changes(dry_run=dry_run)
    done: list[dict[str, object]] = []
    with opened(context, "apply", env, cloud, sandbox=sandbox, output=output, stage=stage, changes=changes) as run:
        for name in run.stages:
            one_stage = run.session(name)
            tell_of_unfinished(one_stage, "apply")
            work = apply_stage(one_stage, changes, digests, yes=yes, several=len(run.stages) > 1)
            done.append(_result(run, one_stage, work))
        if output is Output.json:
            print_json({"environment": env, "cloud": cloud, "seconds": round(run.screen.elapsed, 1), "stages": done})


def apply_stage(
    run: Session,
    changes: Changes,
    digests: Sequence[str],
    *,
    yes: bool,
    several: bool = False,
    targets: tuple[str, ...] = (),
    reviews: bool = True,
) -> CarryOut:
    """Apply one stage, or the part of it that `targets` name; of several, one may have nothing to do.

    Without `reviews`, a plan that was shown of the whole stage has no say: this one is of a part.
    """
    work = CarryOut(
        run.stage,
        run.target.journal("apply"),
        changes,
        lambda plan: _agree(run, plan, [] if several and plan.empty else digests, yes=yes, reviews=reviews),
        targets=targets,
        tell=run.screen.say,
    )
    carry_out(work, run)
    return work


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


def _agree(run: Session, plan: Plan, digests: Sequence[str], *, yes: bool, reviews: bool) -> None:
    """Show the plan, refuse one that is not the reviewed one, and ask where it has to be asked."""
    reviewed = check_reviewed(plan, digests, read_review(run.stage) if reviews else None, run.target.options)
    if reviewed:
        run.screen.say(f"the plan is the reviewed one: {summary(plan)}")
    else:
        run.print(plan_lines(plan, run.target.stage))
    if plan.empty:
        return
    insists = guarded(run.stage.environment) or bool(plan.destructive)
    if insists or (not reviewed and sys.stdin.isatty()):
        ask(f"Apply this to {what(plan, run.target.stage)} ({summary(plan)})?", yes=yes, screen=run.screen)


def _result(run: Run, one: Session, work: CarryOut) -> dict[str, object]:
    """Print what was done for people, and return it for machines."""
    plan = work.plan
    assert plan is not None  # noqa: S101 - the phases went to their end
    if run.output is Output.text:
        run.print(_result_lines(one, plan, work.outputs, dry_run=work.changes.dry_run))
    return {
        "stage": one.target.stage,
        "applied": not work.changes.dry_run and not plan.empty,
        "plan": plan.as_json(),
        "outputs": work.outputs,
    }


def _result_lines(run: Session, plan: Plan, outputs: Mapping[str, Any], *, dry_run: bool) -> Iterator[Line]:
    name = what(plan, run.target.stage)
    if plan.empty and run.target.stage == "services":
        yield Line(f"Nothing to release: {name} are what their files say.", "bold")
    elif plan.empty:
        yield Line(f"{name} already is what its files say.", "bold")
    elif dry_run:
        yield Line(f"Dry run: nothing was applied to {name}.", "bold")
    else:
        done = ", ".join(f"{number} {_DONE[action]}" for action, number in plan.counts.items()) or "outputs changed"
        yield Line(f"Applied to {name} in {duration(run.screen.elapsed)}: {done}.", "green")
    for output, value in outputs.items():
        text = json.dumps(value, ensure_ascii=False, sort_keys=True)
        if len(text) > LONGEST_OUTPUT:
            size = count(len(value), "entry" if len(value) == 1 else "entrie")
            text = f"({size}; inferloop-deploy output {output} {run.target.place})"
        yield Line(f"{output} = {text}")


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
