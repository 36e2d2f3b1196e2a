"""The worker's side of the store: leases, receipts, and how a job ends.

Every change names the lease: the job must still be running, with this worker, at this attempt. A worker that was stopped for
longer than its lease and wakes up again finds that nothing it says is taken any more.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from sqlalchemy import ColumnElement, Connection, Table, and_, case, delete, func, insert, or_, select, update

from inferloop_synthetic.jobs.database import Database
from inferloop_synthetic.jobs.errors import JobsError, LeaseLost
from inferloop_synthetic.jobs.model import AnyReceipt, Job, Lease, Phase, Reaped, Receipt, State
from inferloop_synthetic.jobs.tables import JobRow, PartRow
from inferloop_synthetic.jobs.times import from_now

JOBS = cast(Table, JobRow.__table__)
PARTS = cast(Table, PartRow.__table__)
DEATHS = 5
"""So many workers may die over a job without any progress before it counts as what kills them."""
DELAYS = 20
"""So often a job waits for a full disk or a lost server, without any progress between, before it fails."""
LONGEST_DELAY_S = 300.0
FREE: dict[str, Any] = {"worker": None, "lease_until": None}


class Leases:
    """What workers do with jobs."""

    def __init__(self, database: Database, *, lease_s: float = 30.0, deaths: int = DEATHS, delays: int = DELAYS) -> None:
        self.database = database
        self.lease_s = lease_s
        self._deaths = deaths
        self._delays = delays

    def claim(self, worker: str, job_id: str | None = None) -> Lease | None:
        """Take that job, or the one that has waited longest; None where it is not to be had."""
        with self.database.writing() as connection:
            if job_id is None:
                job_id = connection.execute(
                    select(JOBS.c.id).where(_due()).order_by(JOBS.c.created, JOBS.c.id).limit(1).with_for_update(skip_locked=True)
                ).scalar()
            row = connection.execute(
                update(JOBS)
                .where(JOBS.c.id == job_id, _due())
                .values(
                    state=State.running, worker=worker, attempt=JOBS.c.attempt + 1, lease_until=from_now(self.lease_s),
                    started=func.coalesce(JOBS.c.started, from_now()), not_before=None, error=None, hint=None,
                    phase=case((JOBS.c.parts.is_(None), Phase.preparing), else_=Phase.making),
                )
                .returning(JOBS)
            ).one_or_none()  # fmt: skip
        return None if row is None else Lease(job_of(row), worker, row.attempt, self.lease_s)

    def heartbeat(self, lease: Lease) -> None:
        """Renew the lease; raises LeaseLost."""
        with self.database.writing() as connection:
            self._change(connection, lease, lease_until=from_now(self.lease_s))

    def planned(self, lease: Lease, parts: int, rows: int, digest: str) -> tuple[Receipt, ...]:
        """Record what was prepared, and return the receipts of parts that were made of it before; raises LeaseLost.

        Where an earlier worker prepared something else (its model was lost, and learning is not exact), its parts do not count.
        """
        with self.database.writing() as connection:
            row = self._change(connection, lease, parts=parts, rows=rows, phase=Phase.making, **self._progress())
            if row.digest != digest:
                connection.execute(delete(PARTS).where(PARTS.c.job_id == lease.job.id))
                self._change(connection, lease, digest=digest, parts_done=0, rows_done=0, bytes_done=0)
            return self._receipts(connection, lease.job.id)

    def record_part(self, lease: Lease, receipt: AnyReceipt) -> None:
        """Record that a part was made; once is enough, and again does nothing. Raises LeaseLost."""
        with self.database.writing() as connection:
            self._change(connection, lease, **self._progress())  # first of all, for it locks the job
            known = connection.execute(
                select(PARTS.c.sha256).where(PARTS.c.job_id == lease.job.id, PARTS.c.index == receipt.index)
            ).scalar()
            if known is not None:
                if known != receipt.sha256:
                    raise JobsError(
                        f"part {receipt.index} of job {lease.job.id} came out different the second time",
                        "The source or the model changed while the job ran; start it anew.",
                    )
                return
            connection.execute(
                insert(PARTS).values(
                    job_id=lease.job.id, index=receipt.index, path=receipt.path, rows=receipt.rows, bytes=receipt.bytes,
                    sha256=receipt.sha256,
                )
            )  # fmt: skip
            self._change(
                connection, lease, parts_done=JOBS.c.parts_done + 1, rows_done=JOBS.c.rows_done + receipt.rows,
                bytes_done=JOBS.c.bytes_done + receipt.bytes,
            )  # fmt: skip

    def receipts(self, job_id: str) -> tuple[Receipt, ...]:
        """Return the parts that were made, by their numbers."""
        with self.database.reading() as connection:
            return self._receipts(connection, job_id)

    def finishing(self, lease: Lease) -> None:
        """Record that all parts were made; raises LeaseLost."""
        with self.database.writing() as connection:
            self._change(connection, lease, phase=Phase.finishing, lease_until=from_now(self.lease_s))

    def finish(self, lease: Lease, result: Mapping[str, Any]) -> None:
        """End the job well; raises LeaseLost."""
        self._end(lease, State.succeeded, phase=Phase.done, result=dict(result), error=None, hint=None)

    def fail(self, lease: Lease, message: str, hint: str = "") -> None:
        """End the job badly; raises LeaseLost."""
        self._end(lease, State.failed, error=message, hint=hint or None)

    def release(self, lease: Lease) -> None:
        """Give the job back, to go on soon and elsewhere; raises LeaseLost."""
        with self.database.writing() as connection:
            self._change(connection, lease, state=State.queued, phase=Phase.waiting, **FREE)

    def delay(self, lease: Lease, reason: str, hint: str = "") -> bool:
        """Give the job back to be tried again later, and longer later each time; raises LeaseLost.

        Return whether it will be: after too many times without progress between, the job fails.
        """
        with self.database.writing() as connection:
            row = self._change(connection, lease, delays=JOBS.c.delays + 1)
            if row.delays > self._delays:
                reason = f"{reason} (tried {row.delays} times)"
                self._change(connection, lease, state=State.failed, finished=from_now(), error=reason, hint=hint or None, **FREE)
                return False
            wait = min(5.0 * 2 ** (row.delays - 1), LONGEST_DELAY_S)
            self._change(
                connection, lease, state=State.queued, not_before=from_now(wait), phase=Phase.waiting, error=reason,
                hint=hint or None, **FREE,
            )  # fmt: skip
            return True

    def died(self, worker: str) -> Reaped:
        """Take back the jobs of a worker that is known to be dead, without waiting for its lease to end."""
        return self._bury(JOBS.c.worker == worker)

    def reap(self) -> Reaped:
        """Take back the jobs whose leases ended."""
        return self._bury(JOBS.c.lease_until < from_now())

    def waiting(self, limit: int = 1000) -> tuple[str, ...]:
        """Return the jobs that wait and are due, those that waited longest first."""
        with self.database.reading() as connection:
            rows = connection.execute(select(JOBS.c.id).where(_due()).order_by(JOBS.c.created, JOBS.c.id).limit(limit))
            return tuple(row.id for row in rows)

    def _bury(self, which: ColumnElement[bool]) -> Reaped:
        often = JOBS.c.deaths + 1 >= self._deaths
        with self.database.writing() as connection:
            # Skipping what others hold keeps two of these, and a worker in its last moment, from waiting for each other.
            ids = connection.execute(
                select(JOBS.c.id).where(JOBS.c.state == State.running, which).with_for_update(skip_locked=True)
            ).scalars()
            rows = connection.execute(
                update(JOBS)
                .where(JOBS.c.id.in_(list(ids)))
                .values(
                    state=case((often, State.failed), else_=State.queued),
                    finished=case((often, from_now()), else_=None),
                    error=case((often, f"{self._deaths} workers ended without a word while they worked on this"), else_=None),
                    hint=case((often, "Likely memory ran out: ask for fewer columns, or give workers more."), else_=None),
                    phase=case((often, JOBS.c.phase), else_=Phase.waiting),
                    deaths=JOBS.c.deaths + 1, **FREE,
                )
                .returning(JOBS.c.id, JOBS.c.state)
            ).all()  # fmt: skip
        return Reaped(
            tuple(row.id for row in rows if row.state == State.queued),
            tuple(row.id for row in rows if row.state == State.failed),
        )

    def _end(self, lease: Lease, state: State, **values: Any) -> None:
        with self.database.writing() as connection:
            self._change(connection, lease, state=state, finished=from_now(), **values, **FREE)

    def _progress(self) -> dict[str, Any]:
        return {"deaths": 0, "delays": 0, "lease_until": from_now(self.lease_s)}

    def _change(self, connection: Connection, lease: Lease, **values: Any) -> Any:
        row = connection.execute(
            update(JOBS)
            .where(
                JOBS.c.id == lease.job.id, JOBS.c.state == State.running, JOBS.c.worker == lease.worker,
                JOBS.c.attempt == lease.attempt,
            )
            .values(**values)
            .returning(JOBS)
        ).one_or_none()  # fmt: skip
        if row is None:
            raise LeaseLost(f"job {lease.job.id} is not worked on by {lease.worker} any more{self._why(connection, lease)}")
        return row

    @staticmethod
    def _receipts(connection: Connection, job_id: str) -> tuple[Receipt, ...]:
        rows = connection.execute(select(PARTS).where(PARTS.c.job_id == job_id).order_by(PARTS.c.index)).all()
        return tuple(Receipt(row._mapping["index"], row.path, row.rows, row.bytes, row.sha256) for row in rows)

    def _why(self, connection: Connection, lease: Lease) -> str:
        row = connection.execute(select(JOBS.c.state, JOBS.c.worker).where(JOBS.c.id == lease.job.id)).one_or_none()
        if row is None:
            return ": it was deleted"
        return f": it is {row.state}" + (f" by {row.worker}" if row.worker and row.worker != lease.worker else "")


def _due() -> ColumnElement[bool]:
    return and_(JOBS.c.state == State.queued, or_(JOBS.c.not_before.is_(None), JOBS.c.not_before <= from_now()))


def job_of(row: Any) -> Job:
    """Return the job that a row of the table is."""
    return Job(
        id=row.id, owner=row.owner, state=State(row.state), spec=row.spec, created=row.created, started=row.started,
        finished=row.finished, rows=row.rows, rows_done=row.rows_done, parts=row.parts, parts_done=row.parts_done,
        bytes_done=row.bytes_done, phase=Phase(row.phase), error=row.error, hint=row.hint, result=row.result,
        attempt=row.attempt, worker=row.worker, trace=row.trace, not_before=row.not_before, results_removed=row.results_removed,
    )  # fmt: skip
