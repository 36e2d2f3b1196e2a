"""Write the report's page with its JSON beside it, and read that JSON again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from inferloop_synthetic.data.writing import whole_or_nothing
from inferloop_synthetic.errors import InputError
from inferloop_synthetic.policy import Verdict, default_policy, judge, verdict_from_json
from inferloop_synthetic.reporting.page import render
from inferloop_synthetic.validation.run import Validation, from_json

SHOWN_PIXELS = 640
"""Height of a report within a notebook."""


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

    def page(self) -> str:
        """Return one HTML page that needs nothing else."""
        return render(self.validation, self.title, self.notes, self.verdict)

    def save(self, path: Path | str) -> None:
        """Write the page, and the JSON beside it.

        Raises:
            InputError: the path does not end in .html.
        """
        path = Path(path)
        if path.suffix.lower() not in {".html", ".htm"}:
            raise InputError(f"{path}: a report is a page; let its name end in .html")
        with whole_or_nothing(path) as page:
            page.write_text(self.page(), "utf-8")
        with whole_or_nothing(path.with_suffix(".json")) as beside:
            beside.write_text(json.dumps(self.as_json(), indent=1) + "\n", "utf-8")

    def _repr_html_(self) -> str:
        # A page of its own, without scripts, so that its styles and the notebook's do not meet.
        return f'<iframe sandbox srcdoc="{escape(self.page())}" style="width:100%;height:{SHOWN_PIXELS}px;border:0"></iframe>'


def make_report(validation: Validation, title: str, notes: Sequence[str] = (), verdict: Verdict | None = None) -> Report:
    """Return the report of a validation; without a verdict the default policy judges."""
    # Rounded as in the JSON, so that a page made from it again is the same.
    return Report(title, tuple(notes), from_json(validation.as_json()), verdict or judge(validation, default_policy()))


def write_report(
    path: Path, validation: Validation, title: str, notes: Sequence[str] = (), verdict: Verdict | None = None
) -> Report:
    """Write the page and the JSON beside it; without a verdict the default policy judges."""
    report = make_report(validation, title, notes, verdict)
    report.save(path)
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
