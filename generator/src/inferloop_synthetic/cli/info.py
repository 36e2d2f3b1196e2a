"""`info`: what this installation can do."""

from __future__ import annotations

import json
import platform
from enum import StrEnum
from importlib.metadata import entry_points
from typing import Annotated

import typer

from inferloop_synthetic import __version__

ENGINE_GROUP = "inferloop_synthetic.engines"


class Output(StrEnum):
    """How a command prints its result."""

    text = "text"
    json = "json"


def info(output: Annotated[Output, typer.Option(help="text for people, json for machines.")] = Output.text) -> None:
    """Show the version and the engines that are installed.

    Example: inferloop-synthetic info --output json
    """
    engines = sorted(point.name for point in entry_points(group=ENGINE_GROUP))
    if output is Output.json:
        typer.echo(json.dumps({"version": __version__, "python": platform.python_version(), "engines": engines}))
        return
    typer.echo(f"inferloop-synthetic {__version__} (Python {platform.python_version()})")
    typer.echo("engines: " + (", ".join(engines) or "none installed"))
