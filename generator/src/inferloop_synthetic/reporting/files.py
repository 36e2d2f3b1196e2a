"""Write the report's page with its JSON beside it, and read that JSON again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inferloop_synthetic.data.writing import whole_or_nothing
from inferloop_synthetic.errors import InputError
from inferloop_synthetic.policy import Verdict, default_policy, judge, verdict_from_json
from inferloop_synthetic.reporting.page import render
from inferloop_synthetic.validation.run import Validation, from_json


@dataclass(frozen=True)
class Report:
    """What a report shows."""

    title: str
    notes: tuple[str, ...]
    validation: Validation
    verdict: Verdict

    def as_json(self) -> dict[str, Any]:
        """Return plain values."""
        verdict, validation = self.verdict.as_json(), self.validation.as_json()
        return {"title": self.title, "notes": list(self.notes), "verdict": verdict, "validation": validation}


def write_report(
    path: Path, validation: Validation, title: str, notes: Sequence[str] = (), verdict: Verdict | None = None
) -> Report:
    """Write the page and the JSON beside it; without a verdict the default policy judges."""
    if path.suffix.lower() not in {".html", ".htm"}:
        raise InputError(f"{path}: a report is a page; let its name end in .html")
    # Rounded as in the JSON, so that a page made from it again is the same.
    report = Report(title, tuple(notes), from_json(validation.as_json()), verdict or judge(validation, default_policy()))
    with whole_or_nothing(path) as page:
        page.write_text(render(report.validation, report.title, report.notes, report.verdict), "utf-8")
    with whole_or_nothing(path.with_suffix(".json")) as beside:
        beside.write_text(json.dumps(report.as_json(), indent=1) + "\n", "utf-8")
    return report


def read_report(path: Path) -> Report:
    """Read a report's JSON, or that of `validate --output json`."""
    try:
        tree = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path}: cannot be read as JSON: {error}") from error
    if not isinstance(tree, dict):
        raise InputError(f"{path}: this is not a validation's JSON")
    notes = tree.get("notes", [])
    if not isinstance(notes, list):
        raise InputError(f"{path}: notes: must be a list of texts")
    try:
        validation = from_json(tree.get("validation", tree))
        verdict = verdict_from_json(tree["verdict"]) if "verdict" in tree else judge(validation, default_policy())
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    return Report(str(tree.get("title", path.stem)), tuple(str(note) for note in notes), validation, verdict)
