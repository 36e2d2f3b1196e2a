"""Who calls, and what that caller may do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from inferloop_synthetic.errors import InputError


class Scope(StrEnum):
    """What a credential may be used for."""

    generate = "generate"
    validate = "validate"
    read = "read"
    admin = "admin"


@dataclass(frozen=True)
class Allowance:
    """How much a caller may do in a minute; None is what the service grants everyone."""

    requests_per_minute: int | None = None
    records_per_minute: int | None = None


@dataclass(frozen=True)
class Principal:
    """An authenticated caller.

    `subject` owns jobs and is what limits count by; it stays the same when a key is rotated. `credential` names the key or
    the token used, without its secret, for the audit log.
    """

    subject: str
    scopes: frozenset[Scope]
    credential: str
    allowance: Allowance = Allowance()

    def may(self, scope: Scope) -> bool:
        """Say whether this caller holds the scope; `admin` holds them all."""
        return scope in self.scopes or Scope.admin in self.scopes


def parse_scopes(words: Iterable[str]) -> frozenset[Scope]:
    """Return the scopes of those names; raises InputError naming the ones there are."""
    wanted = list(words)
    unknown = [word for word in wanted if word not in Scope.__members__]
    if unknown:
        raise InputError(f"there is no scope {unknown[0]!r}; scopes are {', '.join(Scope)}")
    if not wanted:
        raise InputError(f"a key needs at least one scope; scopes are {', '.join(Scope)}")
    return frozenset(Scope(word) for word in wanted)
