"""Removing what is old: results first, then the jobs themselves, and idempotency keys."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from inferloop_synthetic.jobs.model import Job, State
from inferloop_synthetic.jobs.store import JobStore
from inferloop_synthetic.jobs.worker import remove_results
from inferloop_synthetic.pipeline.destination import Destination, DestinationError

log = logging.getLogger(__name__)
AT_ONCE = 100
"""Jobs of one sweep; the next one goes on."""


@dataclass(frozen=True)
class Retention:
    """How long things are kept after a job ended."""

    results: timedelta = timedelta(days=7)
    jobs: timedelta = timedelta(days=30)
    keys: timedelta = timedelta(days=1)
    """Since the request."""
    leftovers: timedelta = timedelta(minutes=10)
    """What there is of results of jobs that failed or were cancelled; by then every worker knows of it."""


@dataclass(frozen=True)
class Swept:
    """What a sweep removed."""

    results: int = 0
    jobs: int = 0
    keys: int = 0


def sweep(
    store: JobStore,
    destination_for: Callable[[str], Destination],
    retention: Retention,
    removed: Callable[[Job], None] | None = None,
) -> Swept:
    """Remove what is older than it is kept. Killed half way, the next sweep goes on; several at once do no harm.

    `removed` is told of jobs whose results are gone, to remove what else belongs to them.
    """
    old = store.with_results([State.succeeded], retention.results.total_seconds(), AT_ONCE)
    left = store.with_results([State.failed, State.cancelled], retention.leftovers.total_seconds(), AT_ONCE)
    results = 0
    for job in (*old, *left):
        try:
            remove_results(destination_for(job.id))
            if removed is not None:
                removed(job)
        except (OSError, DestinationError) as error:
            log.warning("job %s: its results are not removed yet: %s", job.id, error)
            continue
        store.results_removed(job.id)
        results += job in old
    jobs = store.forget_jobs(retention.jobs.total_seconds())
    return Swept(results, jobs, store.forget_keys(retention.keys.total_seconds()))
