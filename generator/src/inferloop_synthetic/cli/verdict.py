"""Showing a verdict on the command line."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from inferloop_synthetic.policy import Outcome, Verdict

_SIGNS = {Outcome.kept: "kept", Outcome.warned: "warning", Outcome.broken: "broken", Outcome.unmeasured: "not measured"}
_STYLES = {Outcome.kept: "green", Outcome.warned: "yellow", Outcome.broken: "red", Outcome.unmeasured: "yellow"}


def show_verdict(verdict: Verdict, console: Console) -> None:
    """Print what was required and did not come out well, then the verdict."""
    for finding in verdict.findings:
        if finding.outcome is not Outcome.kept:
            line = Text(f"{_SIGNS[finding.outcome]}: ", style=_STYLES[finding.outcome])
            console.print(line.append(finding.words(), style="default"), highlight=False, soft_wrap=True)
    style = "bold green" if verdict.released else "bold red"
    console.print(Text(f"policy {verdict.policy}: {verdict.summary}", style=style), highlight=False, soft_wrap=True)
