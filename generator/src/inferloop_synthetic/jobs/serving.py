"""A worker as the settings describe it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from inferloop_synthetic.api.queues import worker_context
from inferloop_synthetic.api.services import NoQueue, Services, open_services
from inferloop_synthetic.api.sign_in import database_of, redis_server
from inferloop_synthetic.jobs.horse import DatabaseWorker
from inferloop_synthetic.jobs.janitor import Janitor
from inferloop_synthetic.jobs.model import Job
from inferloop_synthetic.jobs.queue import JobQueue
from inferloop_synthetic.jobs.retention import Retention, sweep
from inferloop_synthetic.jobs.store import JobStore
from inferloop_synthetic.jobs.worker import WorkerContext
from inferloop_synthetic.pipeline.prepare import prepare

if TYPE_CHECKING:
    from inferloop_synthetic.settings import Loaded


def run_worker(loaded: Loaded, *, burst: bool = False) -> None:
    """Work on jobs until SIGTERM, each in a process of its own; with `burst` until none waits.

    Raises StoreUnavailable or QueueUnavailable where a server is not there at the start; later ones are waited for.
    """
    settings = loaded.settings
    # Opened once to find out now what cannot work, and to have loaded what jobs need. Its threads end again: jobs run in
    # processes that are forked, and what a thread holds at that moment nobody would let go of there.
    services = open_services(loaded, "worker", queue=NoQueue())
    services.close()
    store = JobStore(database_of(settings), lease_s=settings.job_lease_seconds)

    @contextmanager
    def open_context(stopping: threading.Event) -> Iterator[WorkerContext]:
        own = open_services(loaded, "worker", queue=NoQueue())
        try:
            # The process is for this job alone: it may prepare where it is, and end when the job does not listen.
            yield replace(worker_context(own), stopping=stopping, grace_s=settings.shutdown_grace_seconds, prepare=prepare)
        finally:
            own.close()

    if settings.redis_url is None:
        DatabaseWorker(store, open_context, janitor(services, store, NoQueue()), burst=burst).run()
        return
    from inferloop_synthetic.jobs.redis_queue import RedisQueue
    from inferloop_synthetic.jobs.redis_worker import RedisWorker

    queue = RedisQueue(redis_server(settings))
    queue.ping()
    RedisWorker(queue, store, open_context, janitor(services, store, queue), burst=burst).run()


def janitor(services: Services, store: JobStore, queue: JobQueue) -> Janitor:
    """Return what looks after the jobs, as the settings ask for it."""
    settings = services.settings
    retention = Retention(timedelta(hours=settings.result_retention_hours), timedelta(hours=settings.job_retention_hours))

    def forget_upload(job: Job) -> None:
        services.drop_upload(job.spec.get("source"))

    def clean() -> None:
        sweep(store, services.destination_for, retention, forget_upload)

    return Janitor(store, queue, ended=forget_upload, sweep=clean)
