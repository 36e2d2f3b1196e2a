"""`report`: the page of a validation that was written as JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from inferloop_synthetic.cli.places import refuse_overwriting
from inferloop_synthetic.data.writing import whole_or_nothing
from inferloop_synthetic.policy import judge, read_policy
from inferloop_synthetic.reporting.files import read_report
from inferloop_synthetic.reporting.page import render


def report(
    validation: Annotated[Path, typer.Argument(help="JSON from `validate --output json`, or beside an earlier report.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The HTML page to write.")],
    title: Annotated[str | None, typer.Option(help="Heading of the page.")] = None,
    policy: Annotated[str | None, typer.Option(help="Judge again, by this policy file.")] = None,
) -> None:
    """Make the HTML report again from a validation's JSON.

    Example: inferloop-synthetic report report.json --output report.html
    """
    refuse_overwriting({"VALIDATION": validation, "--policy": None if policy == "default" else policy}, {"--output": output})
    found = read_report(validation)
    verdict = judge(found.validation, read_policy(policy)) if policy is not None else found.verdict
    page = render(found.validation, title or found.title, found.notes, verdict)
    with whole_or_nothing(output) as file:
        file.write_text(page, "utf-8")
    typer.echo(str(output))
