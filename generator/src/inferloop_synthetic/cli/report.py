"""`report`: the page of a validation that was written as JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from inferloop_synthetic.data.writing import whole_or_nothing
from inferloop_synthetic.errors import InputError
from inferloop_synthetic.reporting.page import render


def report(
    validation: Annotated[Path, typer.Argument(help="JSON from `validate --output json`, or beside an earlier report.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The HTML page to write.")],
    title: Annotated[str | None, typer.Option(help="Heading of the page.")] = None,
) -> None:
    """Make the HTML report again from a validation's JSON.

    Example: inferloop-synthetic report report.json --output report.html
    """
    try:
        tree = json.loads(validation.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{validation}: cannot be read as JSON: {error}") from error
    if not isinstance(tree, dict):
        raise InputError(f"{validation}: this is not a validation's JSON")
    inner = tree.get("validation", tree)
    page = render(inner, title or tree.get("title") or validation.stem, tree.get("notes", []))
    with whole_or_nothing(output) as file:
        file.write_text(page, "utf-8")
    typer.echo(str(output))
