"""`info`: what this installation can do."""

from __future__ import annotations

import json
import os
import platform
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from inferloop_synthetic import __version__
from inferloop_synthetic.data.reading import FORMATS
from inferloop_synthetic.engine import installed_engines


class Output(StrEnum):
    """How a command prints its result."""

    text = "text"
    json = "json"


def info(
    output: Annotated[Output, typer.Option(help="text for people, json for machines.")] = Output.text,
    settings: Annotated[
        bool, typer.Option("--settings", help="Show the settings of API and workers, each with its source.")
    ] = False,
    config: Annotated[Path | None, typer.Option(help="With --settings: the file of settings (GUARDIAN_CONFIG_FILE).")] = None,
) -> None:
    """Show the version and the engines that are installed, or the settings.

    Example: inferloop-synthetic info --output json
    """
    if settings:
        _settings(output, config)
        return
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


def _settings(output: Output, config: Path | None) -> None:
    from inferloop_synthetic.settings import load_settings

    loaded = load_settings(os.environ, config)
    if output is Output.json:
        lines = [{"name": name, "value": value, "source": source} for name, value, source in loaded.lines()]
        typer.echo(json.dumps({"settings": lines, "warnings": list(loaded.warnings)}))
        return
    widest = max(len(name) for name, _, _ in loaded.lines())
    for name, value, source in loaded.lines():
        typer.echo(f"{name:<{widest}}  {value or '-'}  ({source})")
    for warning in loaded.warnings:
        typer.echo(f"warning: {warning}", err=True)
