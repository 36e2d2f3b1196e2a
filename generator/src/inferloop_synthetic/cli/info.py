"""`info`: what this installation can do."""

from __future__ import annotations

import json
import platform
from enum import StrEnum
from typing import Annotated

import typer

from inferloop_synthetic import __version__
from inferloop_synthetic.data.reading import FORMATS
from inferloop_synthetic.engine import installed_engines


class Output(StrEnum):
    """How a command prints its result."""

    text = "text"
    json = "json"


def info(output: Annotated[Output, typer.Option(help="text for people, json for machines.")] = Output.text) -> None:
    """Show the version and the engines that are installed.

    Example: inferloop-synthetic info --output json
    """
    engines = {name: engine.description for name, engine in installed_engines().items()}
    extensions = sorted(FORMATS)
    if output is Output.json:
        about = {"version": __version__, "python": platform.python_version(), "engines": engines, "extensions": extensions}
        typer.echo(json.dumps(about))
        return
    typer.echo(f"inferloop-synthetic {__version__} (Python {platform.python_version()})")
    typer.echo("reads and writes: " + " ".join(extensions))
    typer.echo("engines:")
    for name, description in engines.items():
        typer.echo(f"  {name}: {description}")
