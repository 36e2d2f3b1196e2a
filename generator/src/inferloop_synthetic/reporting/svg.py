"""Pieces of SVG. Colours come from the page's style sheet by class, so that one drawing serves light, dark and paper."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup, escape


def element(name: str, *children: str | Markup, **attributes: object) -> Markup:
    """Return an element; `class_` and `stroke_width` become `class` and `stroke-width`, and texts are escaped."""
    given = Markup("").join(
        Markup(' {}="{}"').format(key.rstrip("_").replace("_", "-"), _short(value))
        for key, value in attributes.items()
        if value is not None
    )
    inside = Markup("").join(escape(child) for child in children)
    return Markup("<{0}{1}>{2}</{0}>").format(Markup(name), given, inside)  # noqa: S704  (names are written in this package)


def _short(value: object) -> object:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else value


def drawing(width: float, height: float, label: str, *children: str | Markup, class_: str = "plot") -> Markup:
    """Return a drawing that a screen reader reads as `label`."""
    return element(
        "svg", *children, viewBox=f"0 0 {width:g} {height:g}", class_=class_, role="img", aria_label=label, focusable="false"
    )


def text(words: str, x: float, y: float, anchor: str = "start", class_: str = "label", turned: int = 0) -> Markup:
    """Return a text; `turned` degrees against the clock around its anchor."""
    turn = f"rotate({-turned} {x:.1f} {y:.1f})" if turned else None
    return element("text", words, x=x, y=y, text_anchor=anchor, class_=class_, transform=turn)


def line(x1: float, y1: float, x2: float, y2: float, class_: str) -> Markup:
    """Return a straight line."""
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=class_)


def box(
    x: float,
    y: float,
    width: float,
    height: float,
    class_: str,
    title: str = "",
    radius: float = 0,
    strength: float | None = None,
) -> Markup:
    """Return a rectangle with a title that shows under the pointer; `strength` from 0 to 1 is its opacity."""
    return element(
        "rect", *([element("title", title)] if title else []), x=x, y=y, width=max(width, 0.0), height=max(height, 0.0),
        rx=radius or None, class_=class_, fill_opacity=strength,
    )  # fmt: skip


def dot(x: float, y: float, radius: float, class_: str, title: str = "") -> Markup:
    """Return a circle."""
    return element("circle", *([element("title", title)] if title else []), cx=x, cy=y, r=radius, class_=class_)


def polyline(points: Sequence[tuple[float, float]], class_: str) -> Markup:
    """Return a line through points."""
    return element("polyline", points=" ".join(f"{x:.1f},{y:.1f}" for x, y in points), class_=class_)


def polygon(points: Sequence[tuple[float, float]], class_: str) -> Markup:
    """Return a filled shape."""
    return element("polygon", points=" ".join(f"{x:.1f},{y:.1f}" for x, y in points), class_=class_)


def shortened(words: str, most: int) -> str:
    """Return at most so many characters, with an ellipsis where some are left out."""
    return words if len(words) <= most else words[: most - 1].rstrip() + "…"
