"""Working on a job: prepare, make the parts that are missing, finish. Killed at any point, the next worker goes on from there."""

from __future__ import annotations

import errno
import logging
import os
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar

from inferloop_synthetic.data.limits import Limits as SourceLimits
from inferloop_synthetic.data.location import Location
from inferloop_synthetic.data.policy import SourcePolicy
from inferloop_synthetic.errors import OutsideError, SyntheticError
from inferloop_synthetic.executors import Executor
from inferloop_synthetic.jobs.errors import JobNotFound, LeaseLost, StoreUnavailable
from inferloop_synthetic.jobs.model import AnyReceipt, Job, Lease, State
from inferloop_synthetic.jobs.pulse import Pulse, Reason
from inferloop_synthetic.jobs.store import JobStore
from inferloop_synthetic.pipeline import finish as finishing
from inferloop_synthetic.pipeline import prepare as preparing
from inferloop_synthetic.pipeline.destination import Destination, DestinationError
from inferloop_synthetic.pipeline.finish import Manifest
from inferloop_synthetic.pipeline.make import RECEIPTS, Cancelled
from inferloop_synthetic.pipeline.parts import PartReceipt, plan_parts
from inferloop_synthetic.pipeline.prepare import Prepared, Progress
from inferloop_synthetic.pipeline.spec import GenerationSpec, read_spec
from inferloop_synthetic.telemetry.parts import TraceContext

log = logging.getLogger(__name__)
FULL = {errno.ENOSPC: "the disk is full", errno.EDQUOT: "the disk's quota is used up", errno.EFBIG: "the file grew too large"}
SCRATCH = "_job/"
"""Below this the pipeline keeps what machines share while they make the parts."""
PASSING = {errno.EIO, errno.ESTALE, errno.ETIMEDOUT, errno.ECONNREFUSED, errno.ECONNRESET, errno.ENETUNREACH, errno.EHOSTUNREACH}
T = TypeVar("T")


class Observer(Protocol):
    """Is told of work on jobs: for metrics, traces and the audit log."""

    def working(self, job: Job) -> AbstractContextManager[object]:
        """Return what surrounds the work on a job."""
        ...

    def trace(self, job: Job) -> TraceContext | None:
        """Return the trace that parts of the job belong to, in whichever process they are made."""
        ...

    def part_made(self, job: Job, receipt: AnyReceipt) -> None:
        """Take note of a part that is on record."""
        ...

    def went_wrong(self, job: Job, error: Exception) -> None:
        """Take note of why a job is about to fail."""
        ...

    def job_ended(self, job: Job) -> None:
        """Take note of a job that has ended, well or badly; more than once for a job does no harm."""
        ...


class Unobserved:
    """Takes no notes."""

    def working(self, job: Job) -> AbstractContextManager[None]:
        """Surround the work with nothing."""
        return nullcontext()

    def trace(self, job: Job) -> TraceContext | None:
        """Trace nothing."""

    def part_made(self, job: Job, receipt: AnyReceipt) -> None:
        """Take no note."""

    def went_wrong(self, job: Job, error: Exception) -> None:
        """Take no note."""

    def job_ended(self, job: Job) -> None:
        """Take no note."""


class Prepare(Protocol):
    """How a job is prepared; `pipeline.prepare.prepare` is one way."""

    def __call__(
        self, spec: GenerationSpec, folder: Path, progress: Progress | None = None, *, policy: SourcePolicy | None = None,
        limits: SourceLimits | None = None,
    ) -> Prepared:  # fmt: skip
        """Return what was prepared in the folder."""
        ...


@dataclass(frozen=True)
class WorkerContext:
    """What working on jobs needs."""

    store: JobStore
    destination_for: Callable[[str], Destination]
    """Where the results of a job go, by its id."""
    folder_for: Callable[[str], Path]
    """Where a job is prepared, on this machine."""
    executor: Executor
    policy: SourcePolicy | None = None
    limits: SourceLimits | None = None
    timeout_s: float | None = None
    """How long one worker may work on a job that does not say itself."""
    name: str = field(default_factory=lambda: worker_name())
    observer: Observer = field(default_factory=Unobserved)
    prepare: Prepare = preparing.prepare
    stopping: threading.Event = field(default_factory=threading.Event)
    """Set when this process is to end: jobs are given back."""
    grace_s: float | None = None
    """Where this process is for one job only: how long its work may take to notice that it should stop."""
    patience_s: float = 600.0
    """How long work that is done waits for a lost database, to be recorded."""


def worker_name() -> str:
    """Return the name of this process among all workers."""
    return f"{socket.gethostname()}:{os.getpid()}"


def work_on(job_id: str | None, context: WorkerContext) -> Job | None:
    """Claim a job (the one that has waited longest, where none is named) and work on it; None where there was none to be had."""
    lease = context.store.claim(context.name, job_id)
    if lease is None:
        return None
    with context.observer.working(lease.job):
        log.info("job %s: attempt %d by %s", lease.job.id, lease.attempt, context.name)
        Work(lease, context).run()
    try:
        job = context.store.get(lease.job.id)
    except (JobNotFound, StoreUnavailable):
        return lease.job
    if job.terminal:
        context.observer.job_ended(job)
    return job


def run_job(job_id: str, context: WorkerContext) -> Job | None:
    """Work on one job; see `work_on`."""
    return work_on(job_id, context)


class Work:
    """One worker's work on one job, from claim to end."""

    def __init__(self, lease: Lease, context: WorkerContext) -> None:
        self._lease, self._context = lease, context
        self._job, self._store = lease.job, context.store
        self._destination = context.destination_for(lease.job.id)
        self._folder = context.folder_for(lease.job.id)

    def run(self) -> None:
        """Do the work, or record why it cannot be done. Errors do not leave this function: they are the job's."""
        try:
            self._do()
        except LeaseLost as loss:
            self._lost(loss)
        except StoreUnavailable as problem:
            log.warning("job %s: left as it is, for the database is gone: %s", self._job.id, problem.message)
        # A worker must outlive whatever one job does; the job says what happened, the log where.
        except Exception as error:
            log.debug("job %s", self._job.id, exc_info=error)
            try:
                self._went_wrong(error)
            except LeaseLost as loss:
                self._lost(loss)
            except StoreUnavailable as problem:
                log.warning("job %s: its error could not be recorded: %s", self._job.id, problem.message)

    def _do(self) -> None:
        spec = read_spec(dict(self._job.spec))
        context = self._context
        timeout_s = spec.timeout or context.timeout_s
        pulse = Pulse(
            self._store, self._lease, stopping=context.stopping, timeout_s=timeout_s, grace_s=context.grace_s,
            last_words=self._stopped,
        )  # fmt: skip
        with pulse:
            try:
                manifest = self._make(spec, pulse)
            except Cancelled:
                reason = pulse.reason
                if reason is None:
                    raise
            else:
                self._patiently(lambda: self._store.finish(self._lease, summary(manifest)))
                self._forget_prepared()
                return
        if reason is Reason.lost:
            self._store.heartbeat(self._lease)  # says what happened to it
        self._stopped(reason)

    def _make(self, spec: GenerationSpec, pulse: Pulse) -> Manifest:
        def progress(stage: str, done: int, total: int | None) -> None:
            if pulse.cancelled():
                raise Cancelled(f"while {stage}")

        progress("waiting", 0, None)
        context, store, lease = self._context, self._store, self._lease
        prepared = context.prepare(spec, self._folder, progress, policy=context.policy, limits=context.limits)
        prepared.trace = context.observer.trace(self._job)
        parts = plan_parts(prepared.spec)
        rows = sum(part.rows for part in parts)
        known = self._patiently(lambda: store.planned(lease, len(parts), rows, prepared.digest))
        receipts = {r.index: PartReceipt(r.index, r.path, r.rows, r.bytes, r.sha256) for r in known}

        def on_part(receipt: PartReceipt) -> None:
            self._patiently(lambda: store.record_part(lease, receipt))
            receipts[receipt.index] = receipt
            context.observer.part_made(self._job, receipt)

        missing = [part for part in parts if part.index not in receipts]
        if missing:
            context.executor.run(prepared, missing, self._destination, on_part=on_part, cancelled=pulse.cancelled)
        manifest = finishing.read_manifest(self._destination)
        if manifest is not None and manifest.digest == prepared.digest:
            self._tidy()  # an earlier worker got this far, and died before it could say so
            return manifest
        self._patiently(lambda: store.finishing(lease))
        return finishing.finish(prepared, list(receipts.values()), self._destination, progress)

    def _tidy(self) -> None:
        """Remove what is needed only until the manifest is there."""
        for folder in (RECEIPTS, SCRATCH):
            for name in self._destination.names(folder):
                self._destination.delete(name)
        self._destination.sweep()

    def _patiently(self, record: Callable[[], T]) -> T:
        """Record something that was done; while the database is gone, wait for it rather than throw the work away."""
        waited, pause = 0.0, 0.5
        while True:
            try:
                return record()
            except StoreUnavailable as problem:
                if waited >= self._context.patience_s or self._context.stopping.is_set():
                    raise
                log.warning("job %s: waiting for the database: %s", self._job.id, problem.message)
            self._context.stopping.wait(pause)
            waited, pause = waited + pause, min(pause * 2, 5.0)

    def _went_wrong(self, error: Exception) -> None:
        passing = passing_trouble(error)
        if passing is not None:
            log.warning("job %s: to be tried again", self._job.id, exc_info=error)
            tried_again = self._patiently(lambda: self._store.delay(self._lease, *passing))
            if not tried_again:
                self._forget_results()
            return
        if isinstance(error, SyntheticError):
            message, hint = getattr(error, "message", None) or str(error), str(getattr(error, "hint", "") or "")
            # Without the message, which may quote what stands in the table; the job's owner reads it in the job.
            log.info("job %s: failed", self._job.id, exc_info=error)
        elif isinstance(error, MemoryError):
            message, hint = "there was not enough memory", "Ask for fewer rows or columns, or give workers more memory."
        else:
            message = f"a fault of this program: {type(error).__name__}"
            hint = f"Report it with the job's id, {self._job.id}; the worker's log has the details."
            log.error("job %s: a fault of this program", self._job.id, exc_info=error)
        self._context.observer.went_wrong(self._job, error)
        self._patiently(lambda: self._store.fail(self._lease, message, hint))
        self._forget_results()

    def _stopped(self, reason: Reason) -> None:
        """Record that work stopped before its end."""
        if reason is Reason.late:
            limit = read_spec(dict(self._job.spec)).timeout or self._context.timeout_s
            self._context.observer.went_wrong(self._job, TimeoutError())
            self._store.fail(self._lease, f"it took longer than {limit:g} s", "Ask for fewer rows or columns, or for more time.")
            self._forget_results()
        elif reason is Reason.stopping:
            self._store.release(self._lease)
            log.info("job %s: given back, for this worker ends", self._job.id)

    def _lost(self, loss: LeaseLost) -> None:
        log.info("job %s: %s", self._job.id, loss.message)
        try:
            state = self._store.get(self._job.id).state
        except JobNotFound:
            state = State.cancelled
        except StoreUnavailable:
            return
        if state in {State.cancelled, State.failed}:
            self._forget_results()

    def _forget_results(self) -> None:
        """Remove what there is of the results of a job that will have none; what cannot be removed now is swept later."""
        with _best_effort(self._job.id):
            remove_results(self._destination)
        self._forget_prepared()

    def _forget_prepared(self) -> None:
        with _best_effort(self._job.id):
            shutil.rmtree(self._folder, ignore_errors=False)


@contextmanager
def _best_effort(job_id: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        return
    except (OSError, DestinationError) as error:
        log.warning("job %s: not removed yet", job_id, exc_info=error)


def remove_results(destination: Destination) -> None:
    """Remove all files of a job's destination, the manifest first: without it nothing counts as a result. Its folder goes too."""
    destination.delete(finishing.MANIFEST)
    for name in destination.names():
        destination.delete(name)
    destination.sweep()
    place = Location.parse(destination.location)
    if place.is_local:
        with suppress(OSError):  # somebody else's file is in it, or it is not there
            place.path.rmdir()


def summary(manifest: Manifest) -> dict[str, Any]:
    """Return what a job keeps of its manifest."""
    return {**manifest.as_json(), "parts": len(manifest.parts), "bytes": sum(part.bytes for part in manifest.parts)}


def passing_trouble(error: BaseException) -> tuple[str, str] | None:
    """Return what is wrong and what helps, where an error passes: a full disk, a store or cluster that is silent."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.errno in FULL:
            return f"{FULL[cause.errno]}; trying again", "Free space on the worker's disk or where results are kept."
        if isinstance(cause, OSError) and cause.errno in PASSING:
            return f"{os.strerror(cause.errno)}; trying again", "Check the place where results are kept."
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, DestinationError):
        return "results cannot be written to where they are kept; trying again", "The worker's log says why."
    if isinstance(error, OutsideError):
        return f"{error}; trying again", "Check what it names; the worker's log says more."
    return None
