"""Options that several commands share, and what the command line keeps between its parts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from inferloop_deploy.project import ProjectError, find_root


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

    def root_if_any(self) -> Path | None:
        """Return the project's root, or None where no project is needed and there is none."""
        try:
            return self.project_root()
        except ProjectError:
            if self.root is not None:
                raise
            return None


def session(context: typer.Context) -> Session:
    """Return the options that stand before the command."""
    found = context.find_object(Session)
    return found if found is not None else Session()


def _folders(context: typer.Context, parent: str, incomplete: str) -> Iterator[str]:
    """Yield the folders of a part of the project that begin with what was typed; nothing outside a project."""
    root = context.find_root().params.get("root")
    try:
        folder = find_root(Path.cwd(), None if root is None else Path(root)) / parent
    except ProjectError:
        return
    yield from sorted(entry.name for entry in folder.iterdir() if entry.is_dir() and entry.name.startswith(incomplete))


def complete_service(context: typer.Context, incomplete: str) -> list[str]:
    """Return the services that begin with what was typed."""
    return list(_folders(context, "services", incomplete))


def complete_environment(context: typer.Context, incomplete: str) -> list[str]:
    """Return the environments that begin with what was typed."""
    return list(_folders(context, "environments", incomplete))


def complete_cloud(incomplete: str) -> list[str]:
    """Return the clouds that begin with what was typed."""
    from inferloop_deploy.config.targets import TARGETS

    return [name for name in TARGETS if name.startswith(incomplete)]


OutputOption = Annotated[
    Output, typer.Option("--output", "-o", help="How to print: text for people, json for machines.")
]
EnvironmentOption = Annotated[
    str,
    typer.Option(
        "--env",
        "-e",
        help="Environment, a folder of environments/.",
        metavar="ENV",
        autocompletion=complete_environment,
    ),
]
ServiceArgument = Annotated[str, typer.Argument(help="Service.", autocompletion=complete_service)]
CloudOption = Annotated[
    str,
    typer.Option(
        "--cloud",
        "-c",
        help="Cloud, a file of the environment's folder.",
        metavar="CLOUD",
        autocompletion=complete_cloud,
    ),
]
