"""Everything that the API and the workers use, opened from the settings in one place and passed in."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal
from uuid import uuid4

from anyio import CapacityLimiter
from sqlalchemy import make_url

from inferloop_synthetic.api.isolated import Isolated
from inferloop_synthetic.api.models import Models
from inferloop_synthetic.api.sign_in import database_of
from inferloop_synthetic.data.limits import Limits
from inferloop_synthetic.data.location import Location
from inferloop_synthetic.data.policy import SourcePolicy
from inferloop_synthetic.engine import Engine, installed_engines
from inferloop_synthetic.jobs.database import Database
from inferloop_synthetic.jobs.queue import JobQueue
from inferloop_synthetic.jobs.store import JobStore
from inferloop_synthetic.pipeline.destination import Destination, open_destination
from inferloop_synthetic.pipeline.stages import BatchStage, batch_stages
from inferloop_synthetic.security.authenticate import Authenticator
from inferloop_synthetic.security.build import build_security
from inferloop_synthetic.security.keys import KeyStore
from inferloop_synthetic.security.limits import RateLimiter
from inferloop_synthetic.settings import SERVICES, Loaded, Settings, SettingsError
from inferloop_synthetic.telemetry.audit import AnyAudit
from inferloop_synthetic.telemetry.build import Telemetry, build_telemetry
from inferloop_synthetic.telemetry.memory import MemoryWatch
from inferloop_synthetic.telemetry.metrics import AnyMetrics
from inferloop_synthetic.telemetry.tracing import AnyTracing

logger = logging.getLogger(__name__)
UPLOADS = "uploads"
UPLOAD_HOURS = 48
"""An upload whose job never ended is removed after so long."""
LOCAL_THREADS, REMOTE_THREADS = 4, 40
"""Threads for short work. On this machine more of them only take turns with the interpreter; a server's answer is waited for."""


@dataclass(frozen=True)
class Services:
    """What a process works with."""

    settings: Settings
    loaded: Loaded
    role: Literal["api", "worker"]
    database: Database
    store: JobStore
    queue: JobQueue
    keys: KeyStore
    authenticator: Authenticator
    limiter: RateLimiter
    telemetry: Telemetry
    engines: Mapping[str, Engine]
    """Those of this service's kind of data."""
    stages: tuple[BatchStage, ...]
    models: Models
    isolated: Isolated
    uploads: Destination
    policy: SourcePolicy
    """What callers may name as a source."""
    worker_policy: SourcePolicy
    """That, and uploads."""
    limits: Limits
    threads: CapacityLimiter
    """Threads for what is looked up for each request: its caller, its job."""
    started: float = field(default_factory=time.time)

    @property
    def audit(self) -> AnyAudit:
        """The audit log."""
        return self.telemetry.audit

    @property
    def metrics(self) -> AnyMetrics:
        """The metrics."""
        return self.telemetry.metrics

    @property
    def tracing(self) -> AnyTracing:
        """The traces."""
        return self.telemetry.tracing

    @property
    def memory(self) -> MemoryWatch:
        """The watch over this process's memory."""
        return self.telemetry.memory

    def destination_for(self, job_id: str) -> Destination:
        """Return where a job's results are."""
        return open_destination(f"{self.settings.results.rstrip('/')}/jobs/{job_id}")

    def folder_for(self, job_id: str) -> Path:
        """Return where a job's model is while it runs."""
        return self.settings.temp_dir / "jobs" / job_id

    def keep_upload(self, path: Path) -> str:
        """Store an uploaded table where workers read it; return its place."""
        name = f"{int(time.time())}-{uuid4().hex}.parquet"
        with path.open("rb") as file:
            self.uploads.write(name, iter(lambda: file.read(1 << 20), b""))
        return f"{self.uploads.location.rstrip('/')}/{name}"

    def is_upload(self, source: object) -> bool:
        """Say whether a job's source was uploaded."""
        return isinstance(source, str) and source.startswith(self.uploads.location.rstrip("/") + "/")

    def drop_upload(self, source: object) -> None:
        """Remove an uploaded table: real rows are kept no longer than they are needed."""
        if self.is_upload(source):
            self.uploads.delete(str(source).rpartition("/")[2])

    def sweep_uploads(self) -> None:
        """Remove uploads whose jobs never came to an end here."""
        oldest = time.time() - UPLOAD_HOURS * 3600
        for name in self.uploads.names():
            said = name.partition("-")[0]
            if said.isdigit() and int(said) < oldest:
                self.uploads.delete(name)

    def close(self) -> None:
        """Let everything go."""
        self.queue.close()
        self.telemetry.close()
        self.database.close()


def policies(settings: Settings, uploads: Destination) -> tuple[SourcePolicy, SourcePolicy]:
    """Return what callers may name as a source, and what workers may read."""
    callers = SourcePolicy(
        roots=tuple(Path(root) for root in settings.source_roots),
        objects=settings.source_objects,
        databases=settings.source_databases,
        web=settings.source_web,
        hosts=frozenset(settings.source_hosts),
    )
    place = Location.parse(uploads.location)
    roots, objects = callers.roots or (), callers.objects or ()
    if place.is_local:
        roots = (*roots, place.path)
    else:
        objects = (*objects, uploads.location)
    workers = SourcePolicy(roots, objects, callers.databases, web=callers.web, hosts=callers.hosts)
    return callers, workers


def engines_of(service: str) -> dict[str, Engine]:
    """Return the engines that make a service's kind of data; engines make tables unless they say otherwise."""
    kind = SERVICES[service].data
    return {name: engine for name, engine in installed_engines().items() if getattr(engine, "data", "tables") == kind}


def open_services(loaded: Loaded, role: Literal["api", "worker"] = "api", *, queue: JobQueue | None = None) -> Services:
    """Open everything that the settings name. Tables are brought to this program's version; `queue` replaces the one named.

    Raises SyntheticError for settings that cannot be used together, and StoreUnavailable where the database is not there.
    """
    from inferloop_synthetic.api.queues import open_queue

    settings = loaded.settings
    for folder in (settings.temp_dir, settings.temp_dir / "incoming", settings.temp_dir / "models"):
        make_private(folder)
    database = database_of(settings)
    database.migrate()
    store = JobStore(database, lease_s=settings.job_lease_seconds)
    security = build_security(settings, database)
    engines = engines_of(settings.service)
    telemetry = build_telemetry(settings, role=role, engines=tuple(engines), backlog=store.backlog if role == "api" else None)
    uploads = open_destination(f"{settings.results.rstrip('/')}/{UPLOADS}")
    callers, workers = policies(settings, uploads)
    megabytes = settings.max_memory_usage_mb if settings.enable_resource_monitoring else 0
    services = Services(
        settings=settings,
        loaded=loaded,
        role=role,
        database=database,
        store=store,
        queue=queue or NoQueue(),
        keys=security.keys,
        authenticator=security.authenticator,
        limiter=security.limiter,
        telemetry=telemetry,
        engines=engines,
        stages=batch_stages(),
        models=Models(
            settings.temp_dir / "models",
            enabled=settings.cache_enabled,
            entries=settings.cache_entries,
            disk_bytes=settings.cache_max_mb * 2**20,
        ),
        isolated=Isolated(megabytes or None),
        uploads=uploads,
        policy=callers,
        worker_policy=workers,
        limits=Limits(
            columns=settings.max_columns,
            rows=settings.max_rows,
            memory_bytes=settings.max_unpacked_mb * 2**20,
            learning_bytes=megabytes * 2**20 or None,
            learning_seconds=settings.default_timeout,
        ),
        threads=CapacityLimiter(LOCAL_THREADS if _local(settings) else REMOTE_THREADS),
    )
    if not engines:
        logger.warning("no engine for this service's data is installed: generations are answered with 501")
    return services if queue is not None else replace(services, queue=open_queue(services))


def _local(settings: Settings) -> bool:
    return settings.redis_host is None and make_url(settings.database).get_backend_name() == "sqlite"


def make_private(folder: Path) -> None:
    """Make a folder that only this user may look into; raises SettingsError where somebody else owns it already."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        about = folder.stat()
    except OSError as error:
        raise SettingsError(f"GUARDIAN_TEMP_DIR: {folder} cannot be used: {error.strerror}") from error
    if about.st_uid != os.getuid():
        raise SettingsError(f"GUARDIAN_TEMP_DIR: {folder} belongs to another user; name a folder of your own")


class NoQueue:
    """Hands no job out: workers take them from the database."""

    def enqueue(self, job_id: str) -> None:
        """Do nothing; the job is in the database."""

    def missing(self, waiting: tuple[str, ...]) -> tuple[str, ...]:
        """Return none: nothing is expected of it."""
        return ()

    def ping(self) -> None:
        """Say nothing: there is nothing to be lost."""

    def depth(self) -> int:
        """Return 0."""
        return 0

    def close(self) -> None:
        """Do nothing."""
