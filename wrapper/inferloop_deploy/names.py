"""Names that people mistype: which one was meant."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable


def nearest_name(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that a person may have meant, or None where none is near.

    Names that differ in hyphens, underscores and capitals only are the same to people: `rate_limit` is rateLimit.
    """
    names = list(known)
    squeezed = {_squeezed(candidate): candidate for candidate in names}
    same = squeezed.get(_squeezed(name))
    if same is not None:
        return same
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    return close[0] if close else None


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """Return the question whether the nearest name was meant, or None where none is near."""
    near = nearest_name(name, known)
    return None if near is None else f"Did you mean {near}?"


def meant(name: str, known: list[str], what: str) -> str:
    """Return what to do about a name that does not exist: the nearest one, and all there are."""
    question = did_you_mean(name, known)
    return f"{question + ' ' if question else ''}{what}: {', '.join(known) or 'none'}."


def _squeezed(name: str) -> str:
    return re.sub(r"[-_]", "", name).lower()
