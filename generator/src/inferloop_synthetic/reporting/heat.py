"""Heat maps of how strongly columns are related: in the real table, in the synthetic one, and the difference."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from inferloop_synthetic.reporting.svg import box, drawing, shortened, text
from inferloop_synthetic.validation.statistical import PairScore

MOST_COLUMNS = 40
FULL_DIFFERENCE = 0.3
_SIZE = 300


@dataclass(frozen=True)
class HeatMap:
    """A map and its heading."""

    title: str
    picture: Markup
    legend: Markup


def heat_maps(columns: Sequence[str], pairs: Sequence[PairScore]) -> tuple[HeatMap, ...]:
    """Return the maps; of very many columns those that are related most strongly."""
    shown = most_related(columns, pairs)
    if len(shown) < 2:
        return ()
    return (
        _map("Real", shown, pairs, lambda p: p.related_real, ("related", "related"), 1),
        _map("Synthetic", shown, pairs, lambda p: p.related_synthetic, ("related", "related"), 1),
        _map("Difference", shown, pairs, lambda p: p.related_synthetic - p.related_real, ("less", "more"), FULL_DIFFERENCE),
    )


def most_related(columns: Sequence[str], pairs: Sequence[PairScore]) -> list[str]:
    """Return the columns to show, in the table's order."""
    strongest: dict[str, float] = {}
    for pair in pairs:
        for side in (pair.left, pair.right):
            strongest[side] = max(strongest.get(side, 0.0), pair.related_real, pair.related_synthetic)
    kept = sorted(strongest, key=lambda name: -strongest[name])[:MOST_COLUMNS]
    return [name for name in columns if name in set(kept)]


def _map(
    title: str,
    columns: Sequence[str],
    pairs: Sequence[PairScore],
    value: Callable[[PairScore], float],
    classes: tuple[str, str],
    full: float,
) -> HeatMap:
    at = {name: i for i, name in enumerate(columns)}
    cell = _SIZE / len(columns)
    longest = min(max(len(name) for name in columns), 14)
    size = max(min(cell * 0.8, 11.0), 5.5)
    left = longest * size * 0.6 + 10
    class_ = f"label map{round(size)}"
    parts: list[Markup] = []
    for name, i in at.items():
        parts.append(text(shortened(name, 14), left - 5, (i + 0.5) * cell + size * 0.35, "end", class_))
        parts.append(text(shortened(name, 14), left + (i + 0.6) * cell, _SIZE + size + 2, "end", class_, turned=45))
        parts.append(box(left + i * cell + 0.5, i * cell + 0.5, cell - 1, cell - 1, "self", f"{name} itself", 2))
    for pair in pairs:
        if pair.left not in at or pair.right not in at:
            continue
        found = value(pair)
        sign = "+" if full < 1 and found > 0 else ""
        hint = f"{pair.left} and {pair.right}: {sign}{found:.2f}"
        for row, column in ((at[pair.left], at[pair.right]), (at[pair.right], at[pair.left])):
            place = (left + column * cell + 0.5, row * cell + 0.5, cell - 1, cell - 1)
            parts.append(box(*place, "cell", radius=2))
            parts.append(box(*place, f"cell {classes[found > 0]}", hint, 2, min(abs(found) / full, 1.0)))
    strongest = sorted(pairs, key=lambda p: -abs(value(p)))[:3]
    said = "; ".join(f"{p.left} and {p.right} {value(p):.2f}" for p in strongest)
    label = f"{title}: how strongly columns are related. Strongest: {said}"
    picture = drawing(left + _SIZE + 4, _SIZE + longest * size * 0.45 + 14, label, *parts, class_="plot map")
    return HeatMap(title, picture, _legend(classes, full))


def _legend(classes: tuple[str, str], full: float) -> Markup:
    steps = [i / 10 for i in range(-10 if full < 1 else 0, 11)]
    total = 150.0
    width = total / len(steps)
    parts = [box(i * width, 2, width + 0.3, 9, f"cell {classes[step > 0]}", strength=abs(step)) for i, step in enumerate(steps)]
    ends = (f"−{full:g} weaker", f"stronger +{full:g}") if full < 1 else ("0 unrelated", "1 the same")
    parts += [text(ends[0], 0, 24), text(ends[1], total, 24, "end")]
    return drawing(total + 2, 28, "Scale: " + ", ".join(ends), *parts, class_="plot legend")
