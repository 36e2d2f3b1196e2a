"""What a plan wants to do, as values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from inferloop_deploy.plan.causes import Cause

Action = Literal["create", "update", "replace", "delete", "forget", "move", "import"]

ORDER: tuple[Action, ...] = ("delete", "replace", "forget", "update", "import", "move", "create")
"""Actions as they are told: what takes something away comes first."""

SENSITIVE = "(sensitive)"
UNKNOWN = "(known after apply)"


@dataclass(frozen=True)
class AttributeChange:
    """One attribute that changes; sensitive values are not in it, and unknown ones are said to be so."""

    name: str
    before: Any
    after: Any
    forces_replacement: bool = False


@dataclass(frozen=True)
class PlannedChange:
    """What happens to one resource, and why."""

    address: str
    type: str
    action: Action
    service: str
    """The service whose YAML asks for it; empty where the environment itself does."""
    causes: tuple[Cause, ...] = ()
    attributes: tuple[AttributeChange, ...] = ()
    reason: str = ""
    """Why something is destroyed or replaced, in words."""
    loses: str = ""
    """What data goes with it, in words."""

    @property
    def destructive(self) -> bool:
        """Whether what exists goes away."""
        return self.action in ("delete", "replace")

    def as_json(self) -> dict[str, object]:
        """Return the change as `--output json` prints it."""
        return {
            "address": self.address,
            "type": self.type,
            "action": self.action,
            "service": self.service or None,
            "reason": self.reason or None,
            "loses": self.loses or None,
            "caused_by": [cause.as_json() for cause in self.causes],
            "attributes": [
                {
                    "name": attribute.name,
                    "before": attribute.before,
                    "after": attribute.after,
                    "forces_replacement": attribute.forces_replacement,
                }
                for attribute in self.attributes
            ],
        }


@dataclass(frozen=True)
class ServiceChanges:
    """The changes of one service, or of the environment itself where the name is empty."""

    service: str
    changes: tuple[PlannedChange, ...]
