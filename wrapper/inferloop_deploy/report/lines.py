"""Lines of text with a style each, for a terminal or for plain output."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from rich.console import Console
from rich.text import Text


class Line(NamedTuple):
    """One line; the style is Rich's and shows on a terminal only."""

    text: str = ""
    style: str = ""


def show(console: Console, lines: Iterable[Line]) -> None:
    """Print lines as they are: no wrapping, no markup, whole even where the terminal is narrow."""
    for line in lines:
        console.print(Text(line.text, style=line.style), soft_wrap=True)


def count(number: int, noun: str) -> str:
    """Return a number with its noun: `1 resource`, `2 resources`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def duration(seconds: float) -> str:
    """Return a time people can read: `8 s`, `3 min 5 s`."""
    whole = round(seconds)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60} s"
