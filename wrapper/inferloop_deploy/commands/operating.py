"""Options of the commands that operate an environment."""

from __future__ import annotations

from typing import Annotated

import typer

SandboxOption = Annotated[
    bool, typer.Option("--sandbox", help="Rehearse on a local stand-in for AWS: no account, no cost.")
]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Say what would be changed, and change nothing.")]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Skip the question.")]
