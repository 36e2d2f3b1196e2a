"""Plots as SVG text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from typing import Any

REAL, SYNTHETIC, GRID, TEXT = "#3b6ea8", "#e08a3c", "#d9dee5", "#46505c"


def bars(profile: dict[str, Any], width: int = 360, height: int = 150) -> str:
    """Return a column's real (line or blue bars) and synthetic (orange bars) distribution."""
    real, synthetic = profile["real"], profile["synthetic"]
    if not real:
        return ""
    left = 6 if profile["numeric"] else 30
    top = max(*real, *synthetic, 1e-9) * 1.08
    frame = _Frame(left=left, base=height - 40, step=(width - 6 - left) / len(real), top=top)
    draw = _histogram if profile["numeric"] else _level_bars
    axis = f'<line x1="6" x2="{width - 6}" y1="{frame.base}" y2="{frame.base}" stroke="{GRID}"/></svg>'
    return _svg(width, height, f"Distribution of {profile['column']}") + draw(profile, frame) + axis


@dataclass(frozen=True)
class _Frame:
    """Where a bar chart's places lie."""

    left: int
    base: int
    step: float
    top: float

    def x(self, place: float) -> float:
        return self.left + place * self.step

    def bar(self, place: float, width: float, share: float, fill: str, title: str) -> str:
        y = self.y(share)
        size = f'width="{width * self.step:.2f}" height="{self.base - y:.1f}"'
        return f'<rect x="{self.x(place):.1f}" y="{y:.1f}" {size} fill="{fill}"><title>{escape(title)}</title></rect>'

    def y(self, share: float) -> float:
        return self.base - share / self.top * (self.base - 6)


def _histogram(profile: dict[str, Any], frame: _Frame) -> str:
    labels, real = profile["labels"], profile["real"]
    parts = []
    for i, (r, s) in enumerate(zip(real, profile["synthetic"], strict=True)):
        title = f"{labels[i]} to {labels[i + 1]}: real {r:.1%}, synthetic {s:.1%}"
        parts.append(frame.bar(i, 1, s, SYNTHETIC, title))
    points = " ".join(f"{frame.x(i):.1f},{frame.y(r):.1f} {frame.x(i + 1):.1f},{frame.y(r):.1f}" for i, r in enumerate(real))
    parts.append(f'<polyline points="{points}" fill="none" stroke="{REAL}" stroke-width="1.8"/>')
    for i, anchor in ((0, "start"), (len(real) // 2, "middle"), (len(real), "end")):
        parts.append(_label(labels[i], frame.x(i), frame.base + 13, anchor))
    return "".join(parts)


def _level_bars(profile: dict[str, Any], frame: _Frame) -> str:
    parts = []
    for i, (label, r, s) in enumerate(zip(profile["labels"], profile["real"], profile["synthetic"], strict=True)):
        title = f"{label}: real {r:.1%}, synthetic {s:.1%}"
        parts += [frame.bar(i + 0.1, 0.4, r, REAL, title), frame.bar(i + 0.5, 0.4, s, SYNTHETIC, title)]
        parts.append(_label(_short(str(label), 9), frame.x(i + 0.5), frame.base + 10, "end", turned=35, size=8.5))
    return "".join(parts)


def heat_map(columns: Sequence[str], pairs: Sequence[dict[str, Any]], cell: int = 26) -> str:
    """Return the scores of all pairs of columns as a lower triangle of coloured cells."""
    at = {name: i for i, name in enumerate(columns)}
    left = 8 + 6.6 * max((min(len(c), 18) for c in columns), default=0)
    low = cell * len(columns)
    parts = [_svg(int(left + low + 70), low + 88, "Scores of pairs of columns")]
    for name, i in at.items():
        parts.append(_label(_short(name, 18), left - 5, i * cell + cell * 0.65, "end", size=11))
        parts.append(_label(_short(name, 18), left + i * cell + cell / 2, low + 10, "end", turned=45, size=11))
    for pair in pairs:
        row, column = max(at[pair["left"]], at[pair["right"]]), min(at[pair["left"]], at[pair["right"]])
        title = escape(f"{pair['left']} and {pair['right']}: {pair['score']:.3f}")
        place = f'x="{left + column * cell:.0f}" y="{row * cell}" width="{cell - 2}" height="{cell - 2}" rx="3"'
        parts.append(f'<rect {place} fill="{colour(pair["score"])}"><title>{title}</title></rect>')
    return "".join(parts) + "</svg>"


def _label(text: str, x: float, y: float, anchor: str, *, turned: int = 0, size: float = 9.5) -> str:
    turn = f' transform="rotate(-{turned} {x:.1f} {y:.1f})"' if turned else ""
    style = f'font-size="{size}" fill="{TEXT}" text-anchor="{anchor}"'
    return f'<text x="{x:.1f}" y="{y:.1f}" {style}{turn}>{escape(text)}</text>'


def _short(word: str, most: int) -> str:
    return word if len(word) <= most else word[: most - 1] + "…"


def interval(estimate: dict[str, float], low: float, high: float, mark: float, width: int = 260) -> str:
    """Return an estimate with its interval on a line from `low` to `high`, with a mark at the ideal."""

    def x(value: float) -> float:
        return 8 + (min(max(value, low), high) - low) / (high - low) * (width - 16)

    label = f"{estimate['value']:.3f}, 95 % interval {estimate['low']:.3f} to {estimate['high']:.3f}"
    return (
        _svg(width, 26, label)
        + f'<line x1="8" x2="{width - 8}" y1="13" y2="13" stroke="{GRID}" stroke-width="3"/>'
        + f'<line x1="{x(mark):.1f}" x2="{x(mark):.1f}" y1="3" y2="23" stroke="#5a9e6f" stroke-width="2" stroke-dasharray="3 2"/>'
        + f'<line x1="{x(estimate["low"]):.1f}" x2="{x(estimate["high"]):.1f}" y1="13" y2="13" stroke="{REAL}" stroke-width="4"/>'
        + f'<circle cx="{x(estimate["value"]):.1f}" cy="13" r="5" fill="{REAL}"><title>{label}</title></circle></svg>'
    )


def colour(score: float) -> str:
    """Return a colour from red (0.6 and less) over yellow (0.85) to green (1)."""
    stops = ((0.6, (201, 74, 74)), (0.85, (240, 200, 100)), (1.0, (84, 160, 110)))
    score = min(max(score, stops[0][0]), stops[-1][0])
    for (a, first), (b, second) in pairwise(stops):
        if score <= b:
            part = (score - a) / (b - a)
            return "#" + "".join(f"{round(f + (s - f) * part):02x}" for f, s in zip(first, second, strict=True))
    raise AssertionError("the score lies between the stops")


def _svg(width: int, height: int, label: str) -> str:
    size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    return f'<svg {size} role="img" aria-label="{escape(label, quote=True)}">'
