"""Options of the commands that operate an environment."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer


class StageChoice(StrEnum):
    """Which of the two stages a command is about."""

    all = "all"
    infrastructure = "infrastructure"
    services = "services"


class OneStage(StrEnum):
    """One of the two stages, for commands that are about one state."""

    infrastructure = "infrastructure"
    services = "services"


SandboxOption = Annotated[
    bool, typer.Option("--sandbox", help="Rehearse on a local stand-in for AWS: no account, no cost.")
]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Say what would be changed, and change nothing.")]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Skip the question.")]
StageOption = Annotated[
    StageChoice,
    typer.Option(
        "--stage", help="infrastructure (what the cloud provides), services (what runs in the cluster), or both."
    ),
]
OneStageOption = Annotated[
    OneStage, typer.Option("--stage", help="The state of the infrastructure, or of the services in the cluster.")
]
