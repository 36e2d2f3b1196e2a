"""Which queue the settings mean, and what goes with work on jobs: metrics, traces, and uploads that are not needed any more."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

from inferloop_synthetic.api.sign_in import redis_server
from inferloop_synthetic.api.work import prepare_into
from inferloop_synthetic.data.limits import Limits
from inferloop_synthetic.data.policy import SourcePolicy
from inferloop_synthetic.executors import find_executor
from inferloop_synthetic.jobs.local_queue import LocalQueue
from inferloop_synthetic.jobs.model import Job
from inferloop_synthetic.jobs.queue import JobQueue
from inferloop_synthetic.jobs.worker import WorkerContext
from inferloop_synthetic.pipeline.prepare import Prepared, Progress, open_prepared, prepare
from inferloop_synthetic.pipeline.spec import GenerationSpec
from inferloop_synthetic.telemetry.jobs import JobTelemetry

if TYPE_CHECKING:
    from inferloop_synthetic.api.services import Services


class Observed(JobTelemetry):
    """Telemetry of jobs; besides, uploads are removed when their job has ended."""

    def __init__(self, services: Services) -> None:
        super().__init__(services.metrics, services.tracing)
        self._services = services

    def job_ended(self, job: Job) -> None:
        """Count a job that has ended, and remove the table that was uploaded for it."""
        super().job_ended(job)
        self._services.drop_upload(job.spec.get("source"))


class IsolatedPrepare:
    """Prepares jobs in a process of their own, so that learning holds up no request and can be stopped."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def __call__(
        self,
        spec: GenerationSpec,
        folder: Path,
        progress: Progress | None = None,
        *,
        policy: SourcePolicy | None = None,
        limits: Limits | None = None,
    ) -> Prepared:
        """Return what was prepared in the folder; a schema alone is prepared here, for there is nothing to learn."""
        if spec.source is None:
            return prepare(spec, folder, progress, policy=policy, limits=limits)

        # The job's own clock ends this: it raises in `progress`.
        def look_up() -> None:
            if progress is not None:
                progress("fit", 0, None)

        self._services.isolated.run(
            prepare_into, spec.as_json(), folder, policy, limits, timeout_s=math.inf, look_up=look_up
        )  # fmt: skip
        return open_prepared(folder)


def worker_context(services: Services) -> WorkerContext:
    """Return what working on jobs needs."""
    return WorkerContext(
        store=services.store,
        destination_for=services.destination_for,
        folder_for=services.folder_for,
        executor=find_executor(services.settings.executor),
        policy=services.worker_policy,
        limits=services.limits,
        timeout_s=services.settings.default_timeout,
        observer=Observed(services),
        prepare=IsolatedPrepare(services),
    )


def open_queue(services: Services) -> JobQueue:
    """Return the queue that the settings mean, at work."""
    from inferloop_synthetic.api.services import NoQueue

    settings = services.settings
    if settings.redis_url is not None:
        from inferloop_synthetic.jobs.redis_queue import RedisQueue

        return RedisQueue(redis_server(settings))
    if services.role == "api" and settings.run_jobs and services.engines:
        return LocalQueue(worker_context(services), settings.max_concurrent_generations).start()
    return NoQueue()
