"""What a job is, and what goes with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol


class State(StrEnum):
    """Where a job is in its life."""

    queued = "queued"
    running = "running"
    succeeded = "succeeded"
    failed = "failed"
    cancelled = "cancelled"


TERMINAL = frozenset({State.succeeded, State.failed, State.cancelled})


class Phase(StrEnum):
    """What a job is doing, or was doing when it last did something."""

    waiting = "waiting"
    preparing = "preparing"
    making = "making"
    finishing = "finishing"
    done = "done"


@dataclass(frozen=True)
class Job:
    """A generation somebody asked for. Times are UTC."""

    id: str
    owner: str
    state: State
    spec: Mapping[str, Any]
    created: datetime
    started: datetime | None = None
    finished: datetime | None = None
    rows: int | None = None
    """Rows asked for; None until a source that says how many was read."""
    rows_done: int = 0
    parts: int | None = None
    """How many parts it is made in; None until that was planned."""
    parts_done: int = 0
    bytes_done: int = 0
    phase: Phase = Phase.waiting
    error: str | None = None
    """Why it failed, or what it waits for."""
    hint: str | None = None
    result: Mapping[str, Any] | None = None
    attempt: int = 0
    """How often a worker took it."""
    worker: str | None = None
    trace: str | None = None
    """The W3C traceparent of the request."""
    not_before: datetime | None = None
    """When it is tried again, where it waits for something."""
    results_removed: datetime | None = None

    @property
    def terminal(self) -> bool:
        """Say whether it has ended."""
        return self.state in TERMINAL


@dataclass(frozen=True)
class Receipt:
    """A part that was made and written whole."""

    index: int
    path: str
    rows: int
    bytes: int
    sha256: str


class AnyReceipt(Protocol):
    """Whatever has the fields of a receipt."""

    @property
    def index(self) -> int:
        """The part's number."""
        ...

    @property
    def path(self) -> str:
        """Its name in the destination."""
        ...

    @property
    def rows(self) -> int:
        """Its rows."""
        ...

    @property
    def bytes(self) -> int:
        """Its size."""
        ...

    @property
    def sha256(self) -> str:
        """Its sum."""
        ...


@dataclass(frozen=True)
class Limits:
    """How much is taken on; None is no limit."""

    active_jobs: int | None = None
    """Jobs of one owner that have not ended."""
    rows_per_day: int | None = None
    """Rows that one owner may ask for within 24 hours."""
    waiting_in_all: int | None = None
    """Jobs of everybody that wait."""


@dataclass(frozen=True)
class Creation:
    """What asking for a job gave: a new job, or the one that the same request made before."""

    job: Job
    new: bool


@dataclass(frozen=True)
class Lease:
    """A worker's right to work on a job. `job` is as it was when the lease was given; `attempt` tells leases of a job apart."""

    job: Job
    worker: str
    attempt: int
    seconds: float


@dataclass(frozen=True)
class Reaped:
    """Jobs that were taken back from workers that are gone: those that wait for another, and those that were given up."""

    waiting: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Usage:
    """What an owner asked for since some time."""

    jobs: int
    rows: int
