"""Put a validation's JSON on a page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, TemplateError

from inferloop_synthetic.errors import InputError
from inferloop_synthetic.reporting import plots


def render(validation: dict[str, Any], title: str, notes: Sequence[str] = ()) -> str:
    """Return the report as one HTML page that needs no other file; raises InputError for JSON that is no validation."""
    environment = Environment(
        loader=PackageLoader("inferloop_synthetic.reporting", "."), autoescape=True, undefined=StrictUndefined
    )
    try:
        privacy = validation["privacy"]
        worst = max((privacy["membership"], privacy["membership_calibrated"]), key=lambda e: e["value"]) if privacy else None
        return environment.get_template("page.html.j2").render(
            v=validation,
            title=title,
            notes=notes,
            plot=plots,
            worst=worst,
            names=[c["column"] for c in validation["columns"]],
            scores={c["column"]: c for c in validation["columns"]},
            est=_with_interval,
        )
    except (TemplateError, KeyError, TypeError) as error:
        raise InputError(f"this is not a validation's JSON: {error!r}") from error


def _with_interval(estimate: dict[str, float]) -> str:
    return f"{estimate['value']:.3f} ({estimate['low']:.3f} to {estimate['high']:.3f})"
