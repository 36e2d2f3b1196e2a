"""Put a validation and its verdict on a page that needs no other file and asks for none."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from importlib.metadata import version

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from inferloop_synthetic.policy import Finding, Verdict
from inferloop_synthetic.reporting import distributions, gauges
from inferloop_synthetic.reporting.heat import MOST_COLUMNS, heat_maps
from inferloop_synthetic.validation.bias import Gap
from inferloop_synthetic.validation.measures import Estimate
from inferloop_synthetic.validation.run import Validation
from inferloop_synthetic.validation.statistical import MOST_PAIRED

OPEN_COLUMNS = 60
"""The rest of the columns is folded away."""


def render(validation: Validation, title: str, notes: Sequence[str] = (), verdict: Verdict | None = None) -> str:
    """Return the report as one HTML page: styles inside, no script, and a policy that lets the browser fetch nothing."""
    environment = Environment(
        loader=PackageLoader("inferloop_synthetic.reporting", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "percent": _percent,
        "points": _points,
        "thousands": _thousands,
        "estimate": _estimate,
        "grade": _grade,
    }
    source, _, _ = environment.loader.get_source(environment, "page.css") if environment.loader else ("", None, None)
    style = source.strip()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    scores = {c.column: c for c in validation.columns}
    missing = {m.column: m for m in validation.missing}
    return environment.get_template(
        "page.html.j2"
    ).render(
        v=validation,
        verdict=verdict,
        title=title,
        notes=notes,
        style=Markup(style),  # noqa: S704  (a file of this package)
        style_digest=digest,
        gauges=gauges,
        plots=distributions,
        scale=gauges.Scale,
        limits=_Limits(verdict),
        cards=[(profile, scores[profile.column], missing.get(profile.column)) for profile in validation.profiles],
        open_columns=OPEN_COLUMNS,
        maps=heat_maps([c.column for c in validation.columns], validation.pairs),
        most_mapped=MOST_COLUMNS,
        most_paired=MOST_PAIRED,
        worst_pairs=sorted(validation.pairs, key=lambda p: p.score)[:6],
        gaps=_gaps,
        version=version("inferloop-synthetic"),
    )


class _Limits:
    """The limits of a verdict's policy, for the gauges."""

    def __init__(self, verdict: Verdict | None) -> None:
        self._found = {f.measure: f for f in verdict.findings} if verdict is not None else {}

    def scale(self, measure: str, low: float, high: float, best: float) -> gauges.Scale:
        """Return a gauge's scale with the policy's limit for the measure, if it has one."""
        finding = self._found.get(measure)
        return gauges.Scale(low, high, best, finding.limit, finding.upward) if finding else gauges.Scale(low, high, best)

    def outcome(self, measure: str) -> str:
        """Return how the policy's requirement came out, or nothing."""
        finding: Finding | None = self._found.get(measure)
        return finding.outcome.value if finding else ""


def _gaps(parity: Gap | None, model_parity: Gap | None, odds: Gap | None) -> list[tuple[str, str, str, Gap]]:
    rows = [
        ("parity_growth", "Demographic parity of the data", "difference in how often groups have the outcome", parity),
        ("model_parity_growth", "Demographic parity of a model", "difference in how often groups are given it", model_parity),
        ("equalised_odds_growth", "Equalised odds of a model", "difference in how often groups are judged rightly", odds),
    ]
    return [(measure, name, meaning, gap) for measure, name, meaning, gap in rows if gap is not None]


def _percent(share: float) -> str:
    return f"{share:.1%}" if 0 < share < 0.9995 else f"{share:.0%}"


def _points(share: float) -> str:
    return f"{share * 100:+.1f}"


def _thousands(number: int) -> str:
    return f"{number:,}"


def _estimate(estimate: Estimate) -> str:
    return f"{estimate.value:.3f} ({estimate.low:.3f} to {estimate.high:.3f})"


def _grade(score: float) -> str:
    return "good" if score >= 0.95 else "fair" if score >= 0.85 else "poor"
