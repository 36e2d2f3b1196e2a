"""What hands jobs to workers: threads of this process, or Redis. It may lose what it holds; the database does not."""

from __future__ import annotations

from typing import Protocol


class JobQueue(Protocol):
    """Says to workers that a job waits."""

    def enqueue(self, job_id: str) -> None:
        """Hand over a job that was stored; raises QueueUnavailable. Once more than needed does no harm."""
        ...

    def missing(self, waiting: tuple[str, ...]) -> tuple[str, ...]:
        """Return those of the jobs that wait which this queue does not know of; raises QueueUnavailable."""
        ...

    def depth(self) -> int:
        """Return how many jobs it holds; raises QueueUnavailable."""
        ...

    def ping(self) -> None:
        """Ask its server for a sign of life; raises QueueUnavailable."""
        ...

    def close(self) -> None:
        """Let go of connections and threads."""
        ...
