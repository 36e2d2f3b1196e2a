"""What the commands print with: JSON for machines, plain lines otherwise; colours on a terminal only."""

from __future__ import annotations

import json
from collections.abc import Iterable

import typer

from inferloop_deploy.config.source import Origin
from inferloop_deploy.errors import Problem


def print_json(value: object) -> None:
    """Print one JSON document."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False))


def print_lines(lines: Iterable[str]) -> None:
    """Print lines."""
    for line in lines:
        typer.echo(line)


def print_problems(problems: Iterable[Problem]) -> None:
    """Print problems, the word that tells how bad each is in colour."""
    for problem in problems:
        colour = typer.colors.RED if problem.severity == "error" else typer.colors.YELLOW
        first, _, rest = str(problem).partition("\n")
        place, word, message = first.partition(f" {problem.severity}: ")
        typer.echo(place + typer.style(word, fg=colour) + message + (f"\n{rest}" if rest else ""))


def dim(text: str) -> str:
    """Return text that stands back on a terminal."""
    return typer.style(text, dim=True)


def origin_json(origin: Origin) -> dict[str, object] | None:
    """Return where a value was written, or None for a built-in default."""
    if not origin.line:
        return None
    return {"file": origin.file, "line": origin.line, "column": origin.column, "layer": origin.layer}
