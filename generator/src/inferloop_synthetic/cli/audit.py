"""`audit`: whether an audit log is what was written."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

BROKEN = 1


def audit(
    file: Annotated[Path, typer.Argument(help="The audit log; older files beside it are followed first.")],
    last: Annotated[
        str | None, typer.Option(help="Hash that the newest line should have, kept elsewhere (logs show it).")
    ] = None,
) -> None:
    """Follow the chain of hashes through an audit log and tell where it breaks; exit code 1 when it does.

    Example: inferloop-synthetic audit /var/log/inferloop/audit.jsonl
    """
    from inferloop_synthetic.telemetry.audit import check

    found = check(file)
    for finding in found.findings:
        typer.echo(f"{finding.file}:{finding.line}: {finding.what}", err=True)
    if last is not None and last != found.last:
        typer.echo(
            f"{file}: the newest line is not the one with the hash {last}: lines were cut off at the end, or added", err=True
        )
    if found.findings or (last is not None and last != found.last):
        raise typer.Exit(BROKEN)
    typer.echo(f"{file}: {found.lines} lines, the chain is whole; newest hash {found.last}")
