"""`validate`: how good, private and fair a synthetic table is, and whether a policy lets it be released."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from inferloop_synthetic.cli.info import Output
from inferloop_synthetic.cli.places import refuse_overwriting, with_numbers
from inferloop_synthetic.cli.verdict import show_verdict
from inferloop_synthetic.data.reading import read_table
from inferloop_synthetic.detect import detect_schema
from inferloop_synthetic.policy import REFUSED, Fairness, default_policy, judge, read_policy
from inferloop_synthetic.reporting.files import write_report
from inferloop_synthetic.schema import read_schema
from inferloop_synthetic.validation.measures import Estimate
from inferloop_synthetic.validation.run import Validation
from inferloop_synthetic.validation.run import validate as run_validation


def validate(
    real: Annotated[Path, typer.Argument(help="The real table that was learned from.")],
    synthetic: Annotated[Path, typer.Argument(help="The synthetic table.")],
    holdout: Annotated[Path | None, typer.Option(help="Real rows that were not learned from; privacy attacks need them.")] = None,
    policy: Annotated[
        str | None, typer.Option(help="Policy file that decides on release (exit code 4: refused); or default.")
    ] = None,
    schema: Annotated[Path | None, typer.Option(help="Schema to use instead of the one detected.")] = None,
    target: Annotated[str | None, typer.Option(help="Column that the downstream task predicts.")] = None,
    favourable: Annotated[str | None, typer.Option(help="Value of the target that counts as the outcome.")] = None,
    protected: Annotated[list[str] | None, typer.Option(help="Column to look for bias in; may be repeated.")] = None,
    report: Annotated[Path | None, typer.Option(help="Write the report here (.html, and .json beside).")] = None,
    seed: Annotated[int, typer.Option(min=0)] = 0,
    output: Annotated[Output, typer.Option(help="text for people, json for machines.")] = Output.text,
) -> None:
    """Compare a synthetic table with the real one, attack its privacy, and judge it.

    Exit code: 0 validated (and, with --policy, may be released), 2 invalid input, 4 refused by the policy.

    Example: inferloop-synthetic validate train.csv synthetic.csv --holdout holdout.csv --policy default --report report.html
    """
    read = {"REAL": real, "SYNTHETIC": synthetic, "--holdout": holdout, "--schema": schema}
    refuse_overwriting({**read, "--policy": None if policy == "default" else policy}, with_numbers(report))
    rules = read_policy(policy) if policy is not None else default_policy()
    fair = rules.fairness or Fairness(protected=("",))
    table = read_table(real)
    found = run_validation(
        table,
        read_table(synthetic),
        read_schema(schema) if schema is not None else detect_schema(table),
        holdout=read_table(holdout) if holdout is not None else None,
        target=target or fair.target,
        favourable=favourable or (fair.favourable if target is None else None),
        protected=protected or [name for name in fair.protected if name],
        seed=seed,
    )
    verdict = judge(found, rules)
    if output is Output.json:
        typer.echo(json.dumps({"verdict": verdict.as_json(), **found.as_json()}, indent=1))
    else:
        console = Console()
        _print(found, console)
        show_verdict(verdict, console)
    if report is not None:
        write_report(report, found, f"{synthetic.name} beside {real.name}", [], verdict)
        typer.echo(f"report: {report}", err=True)
    if policy is not None and not verdict.released:
        raise typer.Exit(REFUSED)


def _print(found: Validation, console: Console) -> None:
    table = Table("measure", "value", "95 % interval", "meaning")

    def row(name: str, estimate: Estimate, meaning: str) -> None:
        table.add_row(name, f"{estimate.value:.3f}", f"{estimate.low:.3f} to {estimate.high:.3f}", meaning)

    beside = "" if found.score_holdout is None else f"; real rows held out reach {found.score_holdout:.3f}"
    row("likeness", found.likeness, "1 is equal" + beside)
    row("classifier AUC", found.classifier, "0.5 cannot tell synthetic from real")
    if found.downstream is not None:
        row(f"{found.downstream.target}, trained on real", found.downstream.real, "AUC on rows held out")
        row(f"{found.downstream.target}, trained on synthetic", found.downstream.synthetic, "AUC on rows held out")
        row("AUC lost by that", found.downstream.lost, "0 is none")
    if found.privacy is not None:
        row("membership AUC", found.privacy.membership, "0.5 is a coin toss")
        row("membership AUC, calibrated", found.privacy.membership_calibrated, "0.5 is a coin toss")
        row("surely recognised", found.privacy.recognised, "share found with 1 % false alarms, less these")
        row("exact copies", found.privacy.copies, f"by chance {found.privacy.copies_by_chance.value:.4f}")
        for attack in sorted(found.privacy.attributes, key=lambda a: -a.advantage.value)[:3]:
            row(f"advantage in guessing {attack.column}", attack.advantage, "0 is none")
    for bias in found.bias:
        row(f"representation shift of {bias.column}", bias.representation, "share of rows; 0 is none")
        for name, gap in (("parity gap", bias.parity), ("equalised odds gap", bias.equalised_odds)):
            if gap is not None:
                row(f"growth of the {name} of {bias.column}", gap.growth, f"real {gap.real.value:.3f}; 0 is none")
        if bias.worst is not None:
            row(f"AUC lost by {bias.column} {bias.worst.group}", bias.worst.lost, "the group served worst")
    console.print(table)
    if found.privacy is None:
        console.print("Privacy was not attacked: give real rows that were not learned from with --holdout.")
    for check in found.constraints:
        console.print(f"{check.constraint}: broken in {check.real} real and {check.synthetic} synthetic rows", highlight=False)
    worst = sorted(found.columns, key=lambda c: c.score)[:3]
    console.print("least alike: " + ", ".join(f"{c.column} {c.score:.3f}" for c in worst), highlight=False)
