"""Jobs are created once, seen by their owners, cancelled, counted and deleted."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from inferloop_synthetic.jobs.errors import IdempotencyConflict, JobActive, JobNotFound, QuotaExceeded
from inferloop_synthetic.jobs.leases import JOBS
from inferloop_synthetic.jobs.model import Limits, Phase, Receipt, State, Usage
from inferloop_synthetic.jobs.store import JobStore, fingerprint_of
from inferloop_synthetic.jobs.times import from_now
from inferloop_synthetic.telemetry.backlog import Backlog

SPEC = {"schema": {"id": "integer"}, "rows": 10}


def test_a_new_job_waits_and_is_given_back_as_it_was_asked_for(store: JobStore) -> None:
    before = datetime.now(UTC) - timedelta(seconds=1)
    created = store.create(SPEC, "ann", rows=10, trace="00-1-2-01")
    job = store.get(created.job.id, "ann")
    assert created.new
    assert job == created.job
    assert (job.owner, job.state, job.phase, job.spec, job.rows, job.trace) == (
        "ann",
        State.queued,
        Phase.waiting,
        SPEC,
        10,
        "00-1-2-01",
    )
    assert before < job.created < datetime.now(UTC) + timedelta(seconds=1)
    assert job.created.utcoffset() == timedelta(0)


def test_a_job_of_somebody_else_is_not_found(store: JobStore) -> None:
    job = store.create(SPEC, "ann").job
    for look in (store.get, store.cancel, store.delete):
        with pytest.raises(JobNotFound):
            look(job.id, "bob")
    with pytest.raises(JobNotFound):
        store.get("0" * 32)
    assert store.get(job.id).state is State.queued


def test_the_same_request_with_the_same_key_makes_one_job(store: JobStore) -> None:
    first = store.create(SPEC, "ann", idempotency_key="k")
    again = store.create(dict(reversed(SPEC.items())), "ann", idempotency_key="k")
    assert (first.new, again.new) == (True, False)
    assert again.job.id == first.job.id
    assert store.create(SPEC, "bob", idempotency_key="k").job.id != first.job.id
    assert store.create(SPEC, "ann").job.id != first.job.id


def test_a_key_with_another_request_is_refused_and_makes_no_job(store: JobStore) -> None:
    store.create(SPEC, "ann", idempotency_key="k")
    with pytest.raises(IdempotencyConflict, match="'k' was used for a different request"):
        store.create({**SPEC, "rows": 11}, "ann", idempotency_key="k")
    with pytest.raises(IdempotencyConflict):
        store.create(SPEC, "ann", idempotency_key="k", fingerprint=fingerprint_of({"method": "PUT"}))
    assert len(store.list("ann")) == 1


def test_a_key_sent_many_times_at_once_makes_one_job(store: JobStore) -> None:
    found: list[tuple[str, bool]] = []
    together = threading.Barrier(8)

    def ask() -> None:
        together.wait()
        created = store.create(SPEC, "ann", idempotency_key="k")
        found.append((created.job.id, created.new))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len({job_id for job_id, _ in found}) == 1
    assert sum(new for _, new in found) == 1


def test_jobs_are_listed_newest_first_in_pages(store: JobStore) -> None:
    ids = [store.create(SPEC, "ann").job.id for _ in range(5)]
    store.create(SPEC, "bob")
    everything = [job.id for job in store.list("ann")]
    assert sorted(everything) == sorted(ids)
    assert [job.created for job in store.list("ann")] == sorted(
        (job.created for job in store.list("ann")), reverse=True
    )
    page = [job.id for job in store.list("ann", limit=2)]
    pages = page + [job.id for job in store.list("ann", limit=9, before=page[-1])]
    assert pages == everything
    store.cancel(ids[0])
    assert [job.id for job in store.list("ann", states=[State.cancelled])] == [ids[0]]


def test_a_job_that_waits_is_cancelled_at_once_and_never_worked_on(store: JobStore) -> None:
    job = store.create(SPEC, "ann").job
    cancelled = store.cancel(job.id, "ann")
    assert (cancelled.state, cancelled.terminal) == (State.cancelled, True)
    assert cancelled.finished is not None
    assert store.claim("w") is None
    assert store.cancel(job.id) == cancelled


def test_a_job_that_has_ended_stays_as_it_is_when_cancelled(store: JobStore) -> None:
    job = store.create(SPEC, "ann").job
    lease = store.claim("w", job.id)
    assert lease is not None
    store.finish(lease, {"rows": 10})
    assert store.cancel(job.id).state is State.succeeded


def test_only_a_job_that_has_ended_is_deleted_with_all_that_belongs_to_it(store: JobStore) -> None:
    job = store.create(SPEC, "ann", idempotency_key="k").job
    lease = store.claim("w", job.id)
    assert lease is not None
    with pytest.raises(JobActive, match="running"):
        store.delete(job.id, "ann")
    store.planned(lease, 1, 10, "d")
    store.record_part(lease, Receipt(0, "p", 10, 5, "a" * 64))
    store.finish(lease, {})
    store.delete(job.id, "ann")
    assert store.list() == ()
    assert store.receipts(job.id) == ()
    assert store.create(SPEC, "ann", idempotency_key="k").new


def test_one_owner_has_so_many_active_jobs_and_no_more(store: JobStore) -> None:
    limits = Limits(active_jobs=2)
    first = store.create(SPEC, "ann", limits=limits).job
    store.create(SPEC, "ann", limits=limits)
    with pytest.raises(QuotaExceeded) as refused:
        store.create(SPEC, "ann", limits=limits)
    assert (refused.value.limit, refused.value.retry_after_s) == ("active_jobs", 30)
    store.create(SPEC, "bob", limits=limits)
    store.cancel(first.id)
    store.create(SPEC, "ann", limits=limits)


def test_limits_hold_for_requests_at_the_same_moment(store: JobStore) -> None:
    together, outcomes = threading.Barrier(8), []

    def ask() -> None:
        together.wait()
        try:
            store.create(SPEC, "ann", limits=Limits(active_jobs=3))
            outcomes.append("made")
        except QuotaExceeded:
            outcomes.append("refused")

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["made"] * 3 + ["refused"] * 5


def test_rows_of_a_day_and_jobs_that_wait_are_limited(store: JobStore) -> None:
    store.create(SPEC, "ann", rows=70, limits=Limits(rows_per_day=100))
    with pytest.raises(QuotaExceeded, match="70 rows were asked for"):
        store.create(SPEC, "ann", rows=31, limits=Limits(rows_per_day=100))
    store.create(SPEC, "ann", rows=30, limits=Limits(rows_per_day=100))
    with pytest.raises(QuotaExceeded, match="2 jobs wait"):
        store.create(SPEC, "bob", limits=Limits(waiting_in_all=2))


def test_the_same_request_again_is_answered_whatever_the_limits(store: JobStore) -> None:
    job = store.create(SPEC, "ann", idempotency_key="k", limits=Limits(active_jobs=1)).job
    assert store.create(SPEC, "ann", idempotency_key="k", limits=Limits(active_jobs=1)).job.id == job.id


def test_the_backlog_is_what_waits_and_runs_and_how_old_the_oldest_is(store: JobStore) -> None:
    assert store.backlog() == Backlog(0, 0, 0.0)
    running, old = store.create(SPEC, "ann").job, store.create(SPEC, "bob").job
    store.create(SPEC, "bob")
    with store.database.writing() as connection:
        connection.execute(update(JOBS).where(JOBS.c.id == old.id).values(created=from_now(-300)))
    assert store.claim("worker", running.id) is not None
    found = store.backlog()
    assert (found.queued, found.running) == (2, 1)
    assert 300 <= found.oldest_s < 600


def test_usage_and_counts_say_what_there_is(store: JobStore) -> None:
    hour = datetime.now(UTC) - timedelta(hours=1)
    store.create(SPEC, "ann", rows=10)
    store.create(SPEC, "ann")
    store.claim("w")
    assert store.usage("ann", hour) == Usage(2, 10)
    assert store.usage("ann", datetime.now(UTC) + timedelta(hours=1)) == Usage(0, 0)
    assert store.counts() == {
        State.queued: 1,
        State.running: 1,
        State.succeeded: 0,
        State.failed: 0,
        State.cancelled: 0,
    }
    assert (store.active(), store.active("bob")) == (2, 0)
