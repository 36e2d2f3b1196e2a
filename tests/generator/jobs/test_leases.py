"""A job belongs to one worker at a time, and what a worker recorded stays on record."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import update

from inferloop_synthetic.jobs.database import Database
from inferloop_synthetic.jobs.errors import JobsError, LeaseLost
from inferloop_synthetic.jobs.leases import JOBS
from inferloop_synthetic.jobs.model import Lease, Phase, Reaped, Receipt, State
from inferloop_synthetic.jobs.store import JobStore
from inferloop_synthetic.jobs.times import from_now

SPEC = {"schema": {"id": "integer"}, "rows": 10}
PART = Receipt(0, "part-00000.csv", 6, 60, "a" * 64)


def claimed(store: JobStore, worker: str = "w") -> Lease:
    store.create(SPEC, "ann")
    lease = store.claim(worker)
    assert lease is not None
    return lease


def expire(database: Database) -> None:
    """Let all leases have ended a second ago, and all waiting be over."""
    with database.writing() as connection:
        connection.execute(update(JOBS).where(JOBS.c.state == State.running).values(lease_until=from_now(-1)))
        connection.execute(update(JOBS).where(JOBS.c.not_before.is_not(None)).values(not_before=from_now(-1)))


def test_jobs_are_claimed_in_the_order_they_came_and_once(store: JobStore) -> None:
    jobs = [store.create(SPEC, "ann").job for _ in range(3)]
    expected = [job.id for job in sorted(jobs, key=lambda job: (job.created, job.id))]
    leases = [store.claim("w") for _ in range(4)]
    assert [lease.job.id for lease in leases if lease] == expected
    assert leases[3] is None
    assert store.claim("other", expected[0]) is None


def test_many_workers_at_once_never_claim_the_same_job(store: JobStore) -> None:
    for _ in range(12):
        store.create(SPEC, "ann")
    found: list[str] = []
    together = threading.Barrier(4)

    def work(name: str) -> None:
        together.wait()
        while lease := store.claim(name):
            found.append(lease.job.id)

    threads = [threading.Thread(target=work, args=(f"w{i}",)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 12
    assert len(set(found)) == 12


def test_a_lease_that_ended_gives_the_job_to_the_next_worker_and_shuts_out_the_first(
    store: JobStore, database: Database
) -> None:
    first = claimed(store, "first")
    store.planned(first, 2, 10, "d")
    assert store.reap() == Reaped()
    expire(database)
    assert store.reap() == Reaped(waiting=(first.job.id,))
    second = store.claim("second")
    assert second is not None
    assert (second.attempt, second.job.phase) == (2, Phase.making)
    for attempt in (
        lambda: store.heartbeat(first), lambda: store.record_part(first, PART), lambda: store.finish(first, {}),
        lambda: store.fail(first, "no"), lambda: store.release(first), lambda: store.planned(first, 9, 9, "e"),
        lambda: store.delay(first, "no"), lambda: store.finishing(first),
    ):  # fmt: skip
        with pytest.raises(LeaseLost, match="running by second"):
            attempt()
    job = store.get(first.job.id)
    assert (job.state, job.worker, job.parts, job.parts_done) == (State.running, "second", 2, 0)


def test_the_same_worker_at_a_later_attempt_is_another_lease(store: JobStore, database: Database) -> None:
    first = claimed(store)
    expire(database)
    store.reap()
    assert store.claim("w") is not None
    with pytest.raises(LeaseLost):
        store.heartbeat(first)


def test_a_heartbeat_keeps_the_lease_also_when_it_comes_late(store: JobStore, database: Database) -> None:
    lease = claimed(store)
    expire(database)
    store.heartbeat(lease)
    assert store.reap() == Reaped()


def test_a_part_is_on_record_once(store: JobStore) -> None:
    lease = claimed(store)
    assert store.planned(lease, 2, 10, "d") == ()
    store.record_part(lease, PART)
    store.record_part(lease, PART)
    job = store.get(lease.job.id)
    assert (job.parts_done, job.rows_done, job.bytes_done, job.parts, job.rows) == (1, 6, 60, 2, 10)
    assert store.receipts(lease.job.id) == (PART,)
    with pytest.raises(JobsError, match="came out different"):
        store.record_part(lease, Receipt(0, "part-00000.csv", 6, 60, "b" * 64))


def test_parts_hold_for_what_they_were_made_of_only(store: JobStore) -> None:
    lease = claimed(store)
    store.planned(lease, 2, 10, "d")
    store.record_part(lease, PART)
    assert store.planned(lease, 2, 10, "d") == (PART,)
    assert store.planned(lease, 2, 10, "another model") == ()
    job = store.get(lease.job.id)
    assert (job.parts_done, job.rows_done, job.bytes_done) == (0, 0, 0)


def test_a_job_whose_workers_all_die_fails_in_the_end_and_says_so(store: JobStore, database: Database) -> None:
    store = JobStore(database, deaths=3)
    job = store.create(SPEC, "ann").job
    for _ in range(2):
        assert store.claim("w") is not None
        expire(database)
        assert store.reap() == Reaped(waiting=(job.id,))
    assert store.claim("w") is not None
    expire(database)
    assert store.reap() == Reaped(failed=(job.id,))
    failed = store.get(job.id)
    assert failed.state is State.failed
    assert failed.error == "3 workers ended without a word while they worked on this"
    assert "memory" in str(failed.hint)
    assert failed.finished is not None


def test_a_job_that_makes_progress_is_never_given_up(database: Database) -> None:
    store = JobStore(database, deaths=2)
    store.create(SPEC, "ann")
    for index in range(5):
        lease = store.claim("w")
        assert lease is not None
        store.planned(lease, 5, 10, "d")
        store.record_part(lease, Receipt(index, f"p{index}", 2, 2, "a" * 64))
        expire(database)
        store.reap()
    assert store.counts()[State.queued] == 1


def test_the_jobs_of_a_worker_known_to_be_dead_are_taken_back_at_once(store: JobStore) -> None:
    lease = claimed(store, "dead")
    other = claimed(store, "alive")
    assert store.died("dead") == Reaped(waiting=(lease.job.id,))
    assert store.get(other.job.id).state is State.running


def test_a_job_that_is_given_back_is_due_at_once(store: JobStore) -> None:
    lease = claimed(store)
    store.release(lease)
    assert store.waiting() == (lease.job.id,)
    assert store.claim("next") is not None


def test_a_delayed_job_says_what_it_waits_for_and_is_not_due_yet(store: JobStore, database: Database) -> None:
    lease = claimed(store)
    assert store.delay(lease, "the disk is full", "Free space.")
    job = store.get(lease.job.id)
    assert (job.state, job.error, job.hint) == (State.queued, "the disk is full", "Free space.")
    assert job.not_before is not None
    assert store.waiting() == ()
    assert store.claim("w") is None
    expire(database)
    again = store.claim("w")
    assert again is not None
    assert (again.job.error, again.job.not_before) == (None, None)


def test_delays_grow_and_end(database: Database) -> None:
    store = JobStore(database, delays=3)
    job = store.create(SPEC, "ann").job
    waits = []
    for _ in range(3):
        lease = store.claim("w", job.id)
        assert lease is not None
        assert store.delay(lease, "the disk is full")
        delayed = store.get(job.id)
        assert delayed.not_before is not None
        assert delayed.started is not None
        waits.append(delayed.not_before)
        expire(database)
    lease = store.claim("w", job.id)
    assert lease is not None
    assert not store.delay(lease, "the disk is full")
    assert store.get(job.id).error == "the disk is full (tried 4 times)"
    assert (waits[1] - waits[0]).total_seconds() > 4
    assert (waits[2] - waits[1]).total_seconds() > 9


def test_a_running_job_that_is_cancelled_or_deleted_tells_its_worker(store: JobStore) -> None:
    lease = claimed(store)
    store.cancel(lease.job.id)
    with pytest.raises(LeaseLost, match="it is cancelled"):
        store.record_part(lease, PART)
    store.delete(lease.job.id)
    with pytest.raises(LeaseLost, match="it was deleted"):
        store.heartbeat(lease)


def test_a_finished_job_has_its_result_and_a_failed_one_its_reason(store: JobStore) -> None:
    good, bad = claimed(store), claimed(store)
    store.finish(good, {"rows": 10})
    store.fail(bad, "column 'age': no numbers", "Look at row 3.")
    job = store.get(good.job.id)
    assert (job.state, job.result, job.phase, job.worker) == (State.succeeded, {"rows": 10}, Phase.done, None)
    job = store.get(bad.job.id)
    assert (job.state, job.error, job.hint) == (State.failed, "column 'age': no numbers", "Look at row 3.")
