"""What a gap between AWS and moto is, and how the sandbox closes it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

_MISSING = object()


class GapClosed(Exception):
    """Moto changed where the sandbox patches it, so that the patch has to be looked at again."""


class Patches:
    """The only door through which the sandbox changes moto.

    A patch says what it expects of moto: `replace` that the attribute is there, `add` and `route` that it is not. Where
    moto has moved on, `GapClosed` says so at start instead of a wrong answer later.
    """

    def replace(self, owner: Any, name: str, make: Callable[[Any], Any]) -> None:
        """Put `make(original)` in the place of an attribute that moto has."""
        original = vars(owner).get(name, _MISSING)
        if original is _MISSING:
            raise GapClosed(f"moto has no {_label(owner)}.{name} any more; look at the gap again.")
        setattr(owner, name, make(original))

    def add(self, owner: Any, name: str, value: Any) -> None:
        """Add an attribute that moto does not have."""
        if hasattr(owner, name):
            raise GapClosed(f"moto now has {_label(owner)}.{name} itself; the gap may be closed.")
        setattr(owner, name, value)

    def methods(self, owner: type, source: type) -> None:
        """Add every public method of `source` to `owner`."""
        for name, value in vars(source).items():
            if not name.startswith("__"):
                self.add(owner, name, value)

    def route(self, urls: ModuleType, pattern: str, handler: Any) -> None:
        """Serve a path that moto answers with 404; `pattern` is moto's own notation, without the leading `{0}`."""
        paths: dict[str, Any] = urls.url_paths
        key = "{0}" + pattern
        if key in paths:
            raise GapClosed(f"moto now serves {pattern} itself; the gap may be closed.")
        paths[key] = handler


@dataclass(frozen=True)
class Gap:
    """One difference between AWS and stock moto, and what the sandbox does about it."""

    id: str
    """Stable name, by which tests and documents refer to it."""
    service: str
    """The AWS service, as AWS writes its name."""
    stock: str
    """What stock moto does."""
    remedy: str
    """What the sandbox does instead."""
    reason: str
    """Why Terraform needs it."""
    hides: str
    """What a rehearsal cannot show because of it."""
    install: Callable[[Patches], None]
    """Makes the changes to moto."""


def _label(owner: Any) -> str:
    return str(getattr(owner, "__qualname__", getattr(owner, "__name__", owner)))
