"""Drawings of estimates: a value with its interval on a scale, and rows of paired values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from inferloop_synthetic.policy import Finding
from inferloop_synthetic.reporting.svg import box, dot, drawing, line, shortened, text
from inferloop_synthetic.validation.measures import Estimate
from inferloop_synthetic.validation.privacy import AttributeAttack

WIDTH, NARROW = 320, 230


@dataclass(frozen=True)
class Scale:
    """The values that a gauge spans, the best of them, and the limit of the policy where there is one."""

    low: float
    high: float
    best: float
    limit: float | None = None
    upward: bool = False

    def x(self, value: float, width: float) -> float:
        """Return where a value lies."""
        part = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return 10 + part * (width - 20)


def gauge(estimate: Estimate, scale: Scale, label: str, outcome: str = "", width: float = WIDTH) -> Markup:
    """Return a value with its 95 % interval; what the policy allows is shaded, and the best value marked."""

    def x(value: float) -> float:
        return scale.x(value, width)

    y = 14.0
    best = x(scale.best)
    marks = [(best, f"{scale.best:.3g}", "label good")]
    parts = [box(10, y - 5, width - 20, 10, "track", radius=5)]
    if scale.limit is not None:
        at = x(scale.limit)
        start, end = (at, x(scale.high)) if scale.upward else (x(scale.low), at)
        parts.append(box(start, y - 5, end - start, 10, "allowed", f"allowed: {_sign(scale)}", 5))
        parts.append(line(at, y - 9, at, y + 9, "limit"))
        marks.insert(0, (at, f"limit {scale.limit:.3g}", "label strong"))
    parts.append(line(best, y - 9, best, y + 9, "best"))
    low, high = x(estimate.low), x(estimate.high)
    parts.append(box(low - 1, y - 2.5, high - low + 2, 5, f"interval {outcome}", radius=2.5))
    words = f"{estimate.value:.3f}, 95 % interval {estimate.low:.3f} to {estimate.high:.3f}"
    parts.append(dot(x(estimate.value), y, 5.5, f"value {outcome}", words))
    marks += [(x(scale.low), f"{scale.low:.3g}", "label"), (x(scale.high), f"{scale.high:.3g}", "label")]
    parts += _marks(marks, 36, width)
    return drawing(width, 40, f"{label}: {words}", *parts, class_="plot gauge" if width == WIDTH else "plot small")


def _marks(marks: Sequence[tuple[float, str, str]], y: float, width: float) -> list[Markup]:
    """Return the texts below a gauge, the first ones first; one that would touch another is left out."""
    placed: list[tuple[float, float]] = []
    parts = []
    for at, words, class_ in marks:
        half = len(words) * 3.1 + 1
        middle = min(max(at, half), width - half)
        if all(middle + half + 4 < low or middle - half - 4 > high for low, high in placed):
            placed.append((middle - half, middle + half))
            parts.append(text(words, middle, y, "middle", class_))
    return parts


def _sign(scale: Scale) -> str:
    return f"{'at least' if scale.upward else 'at most'} {scale.limit:g}"


def of_finding(finding: Finding) -> Markup:
    """Return the gauge of a requirement."""
    estimate = finding.estimate
    if estimate is None:
        return Markup("")
    is_auc = finding.measure.endswith(("_auc", "_auc_calibrated"))
    best = 0.5 if is_auc else 1.0 if finding.upward else 0.0
    ends = (estimate.low, estimate.high, finding.limit, best)
    reach = max(max(ends) - min(ends), 0.02)
    low, high = _round(min(ends) - reach * 0.15, down=True), _round(max(ends) + reach * 0.15, down=False)
    low = max(low, 0.0) if min(ends) >= 0 else low
    scale = Scale(low, min(high, 1.0), best, finding.limit, finding.upward)
    return gauge(estimate, scale, finding.title, finding.outcome.value, NARROW)


def _round(value: float, *, down: bool) -> float:
    step = 0.05 if abs(value) >= 0.05 else 0.01
    return round((value // step if down else -(-value // step)) * step, 4)


def attacks(found: Sequence[AttributeAttack], most: int = 15) -> Markup:
    """Return how often each column was guessed, of rows learned from and of rows held out, the largest advantage first."""
    shown = sorted(found, key=lambda a: -a.advantage.value)[:most]
    rows = [(a.column, a.control, a.learned, "held out", "learned from") for a in shown]
    return dumbbells(rows, "Share of rows whose value is guessed from the other columns", ("control", "learned"))


def dumbbells(
    rows: Sequence[tuple[str, Estimate, Estimate, str, str]], label: str, classes: tuple[str, str], low: float = 0.0
) -> Markup:
    """Return two values with their intervals on a line for each row, on a scale from `low` to 1."""
    width, left, step = 480.0, min(max(len(row[0]) for row in rows) * 6.4, 140.0) + 14, 26.0
    span = width - left - 16

    def x(value: float) -> float:
        return left + max(value - low, 0) / (1 - low) * span

    parts: list[Markup] = []
    bottom = step * len(rows) + 6
    for i in range(5):
        mark = low + (1 - low) * i / 4
        parts += [line(x(mark), 4, x(mark), bottom, "grid"), text(f"{mark:.0%}", x(mark), bottom + 14, "middle")]
    for i, (name, first, second, first_name, second_name) in enumerate(rows):
        y = 4 + (i + 0.5) * step
        parts.append(text(shortened(name, 22), left - 10, y + 4, "end"))
        parts.append(line(x(first.value), y, x(second.value), y, "between"))
        for estimate, class_, called, off in ((first, classes[0], first_name, -3.0), (second, classes[1], second_name, 3.0)):
            parts.append(box(x(estimate.low), y + off - 1, x(estimate.high) - x(estimate.low), 2, f"whisker {class_}"))
            hint = f"{name}, {called}: {estimate.value:.1%} ({estimate.low:.1%} to {estimate.high:.1%})"
            parts.append(dot(x(estimate.value), y, 5, f"point {class_}", hint))
    said = "; ".join(f"{r[0]} {r[3]} {r[1].value:.1%}, {r[4]} {r[2].value:.1%}" for r in rows)
    return drawing(width, bottom + 20, f"{label}: {said}", *parts, class_="plot wide")


def bars(rows: Sequence[tuple[str, float]], label: str) -> Markup:
    """Return one bar for each row, the longest being the largest value."""
    width, left, step = 420.0, 130.0, 22.0
    most = max(*(value for _, value in rows), 1e-9) if len(rows) > 1 else max(rows[0][1], 1e-9)
    parts: list[Markup] = []
    for i, (name, value) in enumerate(rows):
        y = 2 + (i + 0.5) * step
        parts.append(text(shortened(name, 20), left - 8, y + 4, "end"))
        parts.append(box(left, y - 6, value / most * (width - left - 60), 12, "bar telling", f"{name}: {value:.3f}", 2))
        parts.append(text(f"{value:.3f}", left + value / most * (width - left - 60) + 6, y + 4, "start", "label number"))
    said = "; ".join(f"{name} {value:.3f}" for name, value in rows)
    return drawing(width, step * len(rows) + 6, f"{label}: {said}", *parts)
