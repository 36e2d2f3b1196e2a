"""Options that several commands share, and what the command line keeps between its parts."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from inferloop_deploy.project import find_root


class Output(StrEnum):
    """How a command prints."""

    text = "text"
    json = "json"


@dataclass(frozen=True)
class Session:
    """What stands before the command on the command line."""

    root: Path | None = None

    def project_root(self) -> Path:
        """Return the project's root, or raise ProjectError."""
        return find_root(Path.cwd(), self.root)


def session(context: typer.Context) -> Session:
    """Return the options that stand before the command."""
    found = context.find_object(Session)
    return found if found is not None else Session()


OutputOption = Annotated[
    Output, typer.Option("--output", "-o", help="How to print: for people, or JSON for machines.", show_default=True)
]
EnvironmentOption = Annotated[
    str, typer.Option("--env", "-e", help="Environment: a folder of environments/.", metavar="ENV")
]
CloudOption = Annotated[
    str, typer.Option("--cloud", "-c", help="Cloud: a file of the environment's folder.", metavar="CLOUD")
]
