"""What is different between two environments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from inferloop_deploy.config.effective import Effective
from inferloop_deploy.config.explain import steps_of
from inferloop_deploy.config.present import Value, values
from inferloop_deploy.config.source import is_null, nearest


@dataclass(frozen=True)
class Difference:
    """One path with the value on either side.

    It is None where nobody set it there, and a value of None where somebody took it away.
    """

    path: str
    first: Value | None
    second: Value | None


def differences(first: Effective[Any], second: Effective[Any]) -> list[Difference]:
    """Return every path whose value is not the same on both sides, in the order of the schema."""
    ours = {value.path: value for value in values(first)}
    theirs = {value.path: value for value in values(second)}
    return [
        Difference(path, ours.get(path) or _taken_away(first, path), theirs.get(path) or _taken_away(second, path))
        for path in dict.fromkeys([*ours, *theirs])
        if _plain(ours.get(path)) != _plain(theirs.get(path))
    ]


def _taken_away(effective: Effective[Any], path: str) -> Value | None:
    """Return that somebody took a value away with an explicit null, and where; None where nobody did."""
    node = nearest(effective.tree, steps_of(path))
    return Value(path, None, node.origin) if is_null(node) else None


def _plain(value: Value | None) -> tuple[bool, object]:
    return (False, None) if value is None else (True, value.value)
