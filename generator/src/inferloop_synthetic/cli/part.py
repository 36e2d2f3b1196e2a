"""`part`: make one part of what was prepared, as a pod of an Indexed Job does."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from inferloop_synthetic.errors import InputError
from inferloop_synthetic.pipeline.bundle import fetch
from inferloop_synthetic.pipeline.destination import open_destination
from inferloop_synthetic.pipeline.make import make_part
from inferloop_synthetic.pipeline.parts import plan_parts


def part(
    of: Annotated[str, typer.Option(help="The folder or s3://, gs://, az:// prefix where the parts go.")],
    index: Annotated[int, typer.Option(min=0, envvar="JOB_COMPLETION_INDEX", help="Which part, from 0.")],
) -> None:
    """Make one part of a generation that was prepared for other machines; a part that is there is not made again.

    Example: inferloop-synthetic part --index 3 --of s3://bucket/result
    """
    destination = open_destination(of)
    with tempfile.TemporaryDirectory(prefix="inferloop-work-") as folder:
        prepared = fetch(destination, Path(folder))
        parts = plan_parts(prepared.spec)
        if index >= len(parts):
            raise InputError(f"--index {index}: there are parts 0 to {len(parts) - 1}")
        receipt = make_part(prepared, parts[index], destination)
    typer.echo(f"{receipt.path}: {receipt.rows:,} rows, {receipt.bytes:,} bytes")
