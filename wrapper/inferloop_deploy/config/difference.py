"""What is different between two environments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from inferloop_deploy.config.effective import Effective
from inferloop_deploy.config.present import Value, values


@dataclass(frozen=True)
class Difference:
    """One path with the value on either side; None where it is not set there."""

    path: str
    first: Value | None
    second: Value | None


def differences(first: Effective[Any], second: Effective[Any]) -> list[Difference]:
    """Return every path whose value is not the same on both sides, in the order of the schema."""
    ours = {value.path: value for value in values(first)}
    theirs = {value.path: value for value in values(second)}
    return [
        Difference(path, ours.get(path), theirs.get(path))
        for path in dict.fromkeys([*ours, *theirs])
        if _plain(ours.get(path)) != _plain(theirs.get(path))
    ]


def _plain(value: Value | None) -> tuple[bool, object]:
    return (False, None) if value is None else (True, value.value)
