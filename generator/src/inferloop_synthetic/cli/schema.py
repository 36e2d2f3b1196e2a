"""`schema`: what was understood of a table, as YAML to edit and give back to `generate --schema`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from inferloop_synthetic.cli.places import STANDARD_OUTPUT, refuse_overwriting
from inferloop_synthetic.data.reading import read_table
from inferloop_synthetic.data.writing import whole_or_nothing
from inferloop_synthetic.detect import detect_schema
from inferloop_synthetic.schema import schema_yaml


def schema(
    table: Annotated[Path, typer.Argument(help="The table to look at.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the schema here instead of showing it (as - does).")
    ] = None,
) -> None:
    """Show the schema detected in a table.

    Example: inferloop-synthetic schema data.csv --output schema.yaml
    """
    if output is not None and str(output) == STANDARD_OUTPUT:
        output = None
    refuse_overwriting({"TABLE": table}, {"--output": output})
    text = schema_yaml(detect_schema(read_table(table)))
    if output is None:
        typer.echo(text, nl=False)
        return
    with whole_or_nothing(output) as file:
        file.write_text(text, "utf-8")
    typer.echo(str(output))
