"""Clouds, behind one protocol; each registers itself under the entry-point group `inferloop_deploy.clouds`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import entry_points
from typing import Protocol

from inferloop_deploy.changes import Changes
from inferloop_deploy.config.environment import Environment
from inferloop_deploy.errors import InferloopError, UsageError
from inferloop_deploy.journal import Phase
from inferloop_deploy.target import StageName
from inferloop_deploy.terraform.messages import Lock

GROUP = "inferloop_deploy.clouds"


class CredentialsRefused(InferloopError):
    """The cloud does not know who is asking, or they may not be here."""


@dataclass(frozen=True)
class Identity:
    """Who the cloud says is asking, and in which account."""

    account: str
    principal: str


@dataclass(frozen=True)
class Backend:
    """Where the state is: what terraform's `init -backend-config` is told, and how people call the place."""

    settings: Mapping[str, str]
    place: str


@dataclass(frozen=True)
class Written:
    """When the state was last written, and which version of its object that is."""

    at: datetime
    version: str | None


class StateStore(Protocol):
    """The place that one state is kept in."""

    def exists(self) -> bool:
        """Tell whether the place is there at all."""
        ...

    def written(self) -> Written | None:
        """Return when the state was last written, or None where it never was."""
        ...

    def lock(self) -> Lock | None:
        """Return who holds the state, or None where nobody does."""
        ...

    def bootstrap(self, tags: Mapping[str, str], changes: Changes) -> Sequence[Phase]:
        """Return the phases that make the place, safe; each does nothing where it is so already."""
        ...


class Cloud(Protocol):
    """What the commands need of a cloud."""

    @property
    def name(self) -> str:
        """Name of the cloud: of its file in an environment, and of its root under providers/."""
        ...

    @property
    def holds_data(self) -> Mapping[str, str]:
        """What data goes when a resource of a type is destroyed, in words."""
        ...

    @property
    def moves_by_itself(self) -> Mapping[str, frozenset[str]]:
        """Which attributes of a resource type the cloud changes without anybody's doing; drift leaves them out."""
        ...

    def identity(self, environment: Environment) -> Identity:
        """Return who is asking; raises CredentialsRefused, which says what to do."""
        ...

    @property
    def backend_kind(self) -> str:
        """What terraform calls the kind of place that the cloud keeps states in."""
        ...

    def backend(self, environment: Environment, account: str, stage: StageName) -> Backend:
        """Return where the state of a stage of an environment is kept."""
        ...

    def state_store(self, environment: Environment, backend: Backend) -> StateStore:
        """Return the place that a backend keeps its state in."""
        ...


class CloudFactory(Protocol):
    """What an entry point names: makes a cloud that uses `settings` in the place of the person's own."""

    def __call__(self, settings: Mapping[str, str] | None = None) -> Cloud:
        """Return the cloud; `settings` are environment variables, the sandbox's for instance."""
        ...


def find_cloud(name: str, settings: Mapping[str, str] | None = None) -> Cloud:
    """Return the cloud that is registered under a name; raises UsageError with the names there are."""
    known = {entry.name: entry for entry in entry_points(group=GROUP)}
    if name not in known:
        raise UsageError(
            f'There is no cloud "{name}" to deploy to.',
            f"Clouds: {', '.join(sorted(known)) or 'none'}. A package adds one through the entry-point group {GROUP}.",
        )
    factory: CloudFactory = known[name].load()
    return factory(settings)
