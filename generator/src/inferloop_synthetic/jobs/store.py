"""The asker's side of the store: jobs are created, looked at, cancelled and deleted."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Connection, Table, and_, delete, func, insert, or_, select, text, update
from sqlalchemy.exc import IntegrityError

from inferloop_synthetic.jobs.errors import IdempotencyConflict, JobActive, JobNotFound, QuotaExceeded
from inferloop_synthetic.jobs.leases import FREE, JOBS, Leases, job_of
from inferloop_synthetic.jobs.model import TERMINAL, Creation, Job, Limits, Phase, State, Usage
from inferloop_synthetic.jobs.tables import IdempotencyRow
from inferloop_synthetic.jobs.times import from_now
from inferloop_synthetic.telemetry.backlog import Backlog

KEYS = cast(Table, IdempotencyRow.__table__)
ACTIVE = (State.queued, State.running)
DAY_S = 86_400
NO_LIMITS = Limits()


class JobStore(Leases):
    """All jobs, in the database."""

    def create(
        self,
        spec: Mapping[str, Any],
        owner: str,
        *,
        rows: int | None = None,
        idempotency_key: str | None = None,
        fingerprint: str | None = None,
        trace: str | None = None,
        limits: Limits = NO_LIMITS,
    ) -> Creation:
        """Store a job, or return the one that the same request with the same idempotency key made before.

        `fingerprint` stands for the whole request (the specification where it is not given). Raises IdempotencyConflict where
        the key came with another request, and QuotaExceeded.
        """
        fingerprint = fingerprint or fingerprint_of(spec)
        try:
            with self.database.writing() as connection:
                before = self._keyed(connection, owner, idempotency_key, fingerprint)
                if before is not None:
                    return Creation(before, new=False)
                self._hold_to(connection, owner, rows, limits)
                row = connection.execute(
                    insert(JOBS)
                    .values(id=uuid.uuid4().hex, owner=owner, state=State.queued, spec=dict(spec), rows=rows, rows_done=0,
                            parts_done=0, bytes_done=0, phase=Phase.waiting, attempt=0, deaths=0, delays=0, trace=trace,
                            created=from_now())
                    .returning(JOBS)
                ).one()  # fmt: skip
                if idempotency_key is not None:
                    connection.execute(
                        insert(KEYS).values(
                            owner=owner, key=idempotency_key, fingerprint=fingerprint, job_id=row.id, created=from_now()
                        )
                    )
                return Creation(job_of(row), new=True)
        except IntegrityError:
            # The same key came twice at the same moment, and the other one was first.
            with self.database.reading() as connection:
                before = self._keyed(connection, owner, idempotency_key, fingerprint)
            if before is None:
                raise
            return Creation(before, new=False)

    def get(self, job_id: str, owner: str | None = None) -> Job:
        """Return a job; raises JobNotFound, also where it is not `owner`'s."""
        with self.database.reading() as connection:
            return self._get(connection, job_id, owner)

    def list(
        self, owner: str | None = None, *, states: Collection[State] = (), limit: int = 50, before: str | None = None
    ) -> tuple[Job, ...]:
        """Return jobs, the newest first; `before` is the last job of the page before."""
        wanted = select(JOBS).order_by(JOBS.c.created.desc(), JOBS.c.id.desc()).limit(limit)
        if owner is not None:
            wanted = wanted.where(JOBS.c.owner == owner)
        if states:
            wanted = wanted.where(JOBS.c.state.in_(list(states)))
        with self.database.reading() as connection:
            if before is not None:
                last = self._get(connection, before, owner)
                wanted = wanted.where(
                    or_(JOBS.c.created < last.created, and_(JOBS.c.created == last.created, JOBS.c.id < last.id))
                )
            return tuple(job_of(row) for row in connection.execute(wanted))

    def cancel(self, job_id: str, owner: str | None = None) -> Job:
        """Cancel a job that waits or runs, and return it; one that has ended stays as it is.

        A worker that runs it finds its lease gone at its next heartbeat, and stops.
        """
        with self.database.writing() as connection:
            self._get(connection, job_id, owner)
            connection.execute(
                update(JOBS)
                .where(JOBS.c.id == job_id, JOBS.c.state.in_(ACTIVE))
                .values(state=State.cancelled, finished=from_now(), not_before=None, error=None, hint=None, **FREE)
            )
            return self._get(connection, job_id, owner)

    def delete(self, job_id: str, owner: str | None = None) -> None:
        """Forget a job that has ended, its receipts and its idempotency key; raises JobActive for any other."""
        with self.database.writing() as connection:
            job = self._get(connection, job_id, owner)
            gone = connection.execute(delete(JOBS).where(JOBS.c.id == job_id, JOBS.c.state.in_(TERMINAL)))
            if not gone.rowcount:
                raise JobActive(f"job {job_id} is {job.state}", "Cancel it first.")

    def counts(self) -> dict[State, int]:
        """Return how many jobs are in each state."""
        with self.database.reading() as connection:
            rows = connection.execute(select(JOBS.c.state, func.count()).group_by(JOBS.c.state)).all()
        found = {State(state): number for state, number in rows}
        return {state: found.get(state, 0) for state in State}

    def backlog(self) -> Backlog:
        """Return how many jobs wait and run, and for how long the oldest of those that wait has."""
        wanted = select(JOBS.c.state, func.count(), func.min(JOBS.c.created), from_now()).where(JOBS.c.state.in_(ACTIVE))
        with self.database.reading() as connection:
            rows = {State(row[0]): row for row in connection.execute(wanted.group_by(JOBS.c.state))}
        queued, running = rows.get(State.queued), rows.get(State.running)
        oldest_s = 0.0 if queued is None else max(0.0, (queued[3] - queued[2]).total_seconds())
        return Backlog(0 if queued is None else queued[1], 0 if running is None else running[1], oldest_s)

    def active(self, owner: str | None = None) -> int:
        """Return how many jobs wait or run."""
        with self.database.reading() as connection:
            return self._active(connection, owner)

    def usage(self, owner: str, since: datetime) -> Usage:
        """Return how many jobs and rows an owner asked for since then."""
        with self.database.reading() as connection:
            asked = func.coalesce(func.sum(func.coalesce(JOBS.c.rows, 0)), 0)
            row = connection.execute(select(func.count(), asked).where(JOBS.c.owner == owner, JOBS.c.created >= since)).one()
        return Usage(row[0], int(row[1]))

    def with_results(self, states: Collection[State], ended_s: float, limit: int = 100) -> tuple[Job, ...]:
        """Return jobs that ended that long ago in one of these states, and whose results have not been removed."""
        wanted = select(JOBS).where(
            JOBS.c.state.in_(list(states)), JOBS.c.finished < from_now(-ended_s), JOBS.c.results_removed.is_(None)
        )
        with self.database.reading() as connection:
            return tuple(job_of(row) for row in connection.execute(wanted.order_by(JOBS.c.finished).limit(limit)))

    def results_removed(self, job_id: str) -> None:
        """Record that the results of a job that ended are gone."""
        with self.database.writing() as connection:
            connection.execute(
                update(JOBS).where(JOBS.c.id == job_id, JOBS.c.state.in_(TERMINAL)).values(results_removed=from_now())
            )

    def forget_jobs(self, ended_s: float) -> int:
        """Delete jobs that ended that long ago and whose results are gone; return how many."""
        with self.database.writing() as connection:
            old = and_(JOBS.c.state.in_(TERMINAL), JOBS.c.finished < from_now(-ended_s), JOBS.c.results_removed.is_not(None))
            return connection.execute(delete(JOBS).where(old)).rowcount

    def forget_keys(self, age_s: float) -> int:
        """Delete idempotency keys of that age; return how many."""
        with self.database.writing() as connection:
            return connection.execute(delete(KEYS).where(KEYS.c.created < from_now(-age_s))).rowcount

    def _get(self, connection: Connection, job_id: str, owner: str | None) -> Job:
        row = connection.execute(select(JOBS).where(JOBS.c.id == job_id)).one_or_none()
        if row is None or (owner is not None and row.owner != owner):
            raise JobNotFound(f"there is no job {job_id[:64]!r}", "Jobs that ended are forgotten in time.")
        return job_of(row)

    def _keyed(self, connection: Connection, owner: str, key: str | None, fingerprint: str) -> Job | None:
        if key is None:
            return None
        row = connection.execute(select(KEYS).where(KEYS.c.owner == owner, KEYS.c.key == key)).one_or_none()
        if row is None:
            return None
        if row.fingerprint != fingerprint:
            raise IdempotencyConflict(
                f"the idempotency key {key[:64]!r} was used for a different request, job {row.job_id}",
                "Send a new key with a new request.",
            )
        return self._get(connection, row.job_id, owner)

    def _hold_to(self, connection: Connection, owner: str, rows: int | None, limits: Limits) -> None:
        if limits == NO_LIMITS:
            return
        if connection.dialect.name == "postgresql":
            # Otherwise two requests at once would both see room for one more. In SQLite there is one writer anyway.
            connection.execute(text("SELECT pg_advisory_xact_lock(hashtext(:owner), 1)"), {"owner": owner})
        if limits.active_jobs is not None and self._active(connection, owner) >= limits.active_jobs:
            raise QuotaExceeded(
                f"{limits.active_jobs} of your jobs wait or run, and that is the most", "Wait for one to end, or cancel one.",
                "active_jobs", 30,
            )  # fmt: skip
        if limits.waiting_in_all is not None:
            waiting = connection.execute(select(func.count()).where(JOBS.c.state == State.queued)).scalar_one()
            if waiting >= limits.waiting_in_all:
                raise QuotaExceeded(f"{waiting} jobs wait already", "The service is busy; try again later.", "waiting_in_all", 60)
        if limits.rows_per_day is not None:
            asked = func.coalesce(func.sum(func.coalesce(JOBS.c.rows, 0)), 0)
            day = connection.execute(select(asked).where(JOBS.c.owner == owner, JOBS.c.created >= from_now(-DAY_S))).scalar_one()
            if int(day) + (rows or 0) > limits.rows_per_day:
                raise QuotaExceeded(
                    f"{int(day):,} rows were asked for in the last 24 hours, and {limits.rows_per_day:,} are the most",
                    "Ask for fewer rows, or tomorrow.", "rows_per_day", 3600,
                )  # fmt: skip

    @staticmethod
    def _active(connection: Connection, owner: str | None) -> int:
        wanted = select(func.count()).where(JOBS.c.state.in_(ACTIVE))
        return connection.execute(wanted if owner is None else wanted.where(JOBS.c.owner == owner)).scalar_one()


def fingerprint_of(request: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a request, the same whatever the order of its fields."""
    return hashlib.sha256(json.dumps(request, sort_keys=True, separators=(",", ":"), default=str).encode()).hexdigest()
