"""Drawings of distributions: a column in both tables, distances, groups."""

from __future__ import annotations

import math
from collections.abc import Sequence

from markupsafe import Markup

from inferloop_synthetic.reporting.svg import box, drawing, element, line, polygon, polyline, shortened, text
from inferloop_synthetic.validation.privacy import Distances
from inferloop_synthetic.validation.statistical import ColumnProfile

WIDTH, HEIGHT = 340, 146
SHOWN_LEVELS = 6
SIDES = ("real", "synthetic")


def column(profile: ColumnProfile) -> Markup:
    """Return a column's real and synthetic distribution, one over the other."""
    if not profile.real:
        return element("p", "No values: every one is missing in the real table.", class_="nothing")
    if profile.numeric:
        return overlay(
            profile.labels, profile.real, profile.synthetic, f"Distribution of {profile.column}", ("real", "synthetic")
        )
    return _levels(profile)


def overlay(
    labels: Sequence[str], first: Sequence[float], second: Sequence[float], title: str, names: tuple[str, str],
    classes: tuple[str, str] = ("real", "synthetic"),
) -> Markup:  # fmt: skip
    """Return two histograms over the same bins as overlaid outlines; `labels` are the bins' edges, or one name for each bin."""
    base, left, right, top = HEIGHT - 22, 6, WIDTH - 6, 8
    step = (right - left) / len(first)
    most = max(*first, *second, 1e-9)
    named = len(labels) == len(first)
    parts: list[Markup] = []
    for shares, class_ in zip((first, second), classes, strict=True):
        outline = [
            (left + (i + side) * step, base - share / most * (base - top)) for i, share in enumerate(shares) for side in (0, 1)
        ]
        parts.append(polygon([(left, base), *outline, (right, base)], f"area {class_}"))
        parts.append(polyline(outline, f"outline {class_}"))
    parts.append(line(left, base, right, base, "axis"))
    parts += _named_ticks(labels, left, step, base + 15) if named else _edge_ticks(labels, left, step, base + 15)
    for i, (a, b) in enumerate(zip(first, second, strict=True)):
        place = labels[i] if named else f"{labels[i]} to {labels[i + 1]}"
        hint = f"{place}: {names[0]} {a:.1%}, {names[1]} {b:.1%}"
        parts.append(box(left + i * step, top, step, base - top, "hover", hint))
    apart = sum(abs(a - b) for a, b in zip(first, second, strict=True)) / 2
    return drawing(WIDTH, HEIGHT, f"{title}: {names[0]} and {names[1]} differ in {apart:.1%} of the rows", *parts)


def _edge_ticks(labels: Sequence[str], left: float, step: float, y: float) -> list[Markup]:
    bins = len(labels) - 1
    places = ((0, "start"), (bins // 2, "middle"), (bins, "end"))
    return [text(labels[at], left + at * step, y, anchor) for at, anchor in places]


def _named_ticks(labels: Sequence[str], left: float, step: float, y: float) -> list[Markup]:
    every = max(math.ceil(max(len(label) for label in labels) * 7 / step), 1)
    return [text(label, left + (i + 0.5) * step, y, "middle") for i, label in enumerate(labels) if i % every == 0]


def _levels(profile: ColumnProfile) -> Markup:
    rows = list(zip(profile.labels, profile.real, profile.synthetic, strict=True))
    shown, rest = rows[:SHOWN_LEVELS], rows[SHOWN_LEVELS:]
    more = len(rest) + profile.hidden_levels
    parts = pairs_of_bars(shown, HEIGHT - (20 if more else 4))
    if more:
        parts.append(text(f"and {more:,} rarer", WIDTH - 6, HEIGHT - 4, "end", "label faint"))
    said = "; ".join(f"{label} {real:.1%} and {synthetic:.1%}" for label, real, synthetic in shown)
    return drawing(WIDTH, HEIGHT, f"Shares of {profile.column}, real and synthetic: {said}", *parts)


def pairs_of_bars(rows: Sequence[tuple[str, float, float]], height: float) -> list[Markup]:
    """Return a pair of bars for each label, spread over the height."""
    most = max(*(share for row in rows for share in row[1:]), 1e-9)
    step = min(height / max(len(rows), 1), 46)
    top = (height - step * len(rows)) / 2
    thick = min(step * 0.36, 12)
    left = min(max(len(row[0]) for row in rows) * 6.4, 112) + 12
    room = WIDTH - left - 48
    parts: list[Markup] = []
    for i, (label, real, synthetic) in enumerate(rows):
        middle = top + (i + 0.5) * step
        parts.append(text(shortened(label, 18), left - 7, middle + 4, "end"))
        for share, class_, y in ((real, "bar real", middle - thick - 0.5), (synthetic, "bar synthetic", middle + 0.5)):
            parts.append(box(left, y, max(share / most * room, 1), thick, class_, radius=2))
        end = left + max(real, synthetic) / most * room + 6
        parts.append(text(_percent(real), end, middle + 4, "start", "label number"))
        hint = f"{label}: real {real:.2%}, synthetic {synthetic:.2%}"
        parts.append(box(0, middle - step / 2, WIDTH, step, "hover", hint))
    return parts


def groups(rows: Sequence[tuple[str, float, float]], label: str) -> Markup:
    """Return the shares of groups, real and synthetic."""
    height = 30 * len(rows) + 8
    return drawing(WIDTH, height, label, *pairs_of_bars(rows, height))


def distances(found: Distances) -> Markup:
    """Return how far rows learned from and rows held out are from the nearest synthetic row."""
    labels = [f"{edge:.3g}" for edge in found.edges]
    title = "Distance to the nearest synthetic row"
    return overlay(labels, found.learned, found.control, title, ("learned from", "held out"), ("learned", "control"))


def _percent(share: float) -> str:
    return f"{share:.0%}" if share >= 0.1 or share == 0 else f"{share:.1%}"
