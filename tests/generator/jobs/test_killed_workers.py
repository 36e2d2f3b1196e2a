"""A worker that is killed, wherever it is, loses no job and repeats no part."""

from __future__ import annotations

import signal
from functools import partial
from pathlib import Path

from job_workers import Fuse, Place, die_at, eventually, spec, sums

from inferloop_synthetic.jobs.horse import horse_name
from inferloop_synthetic.jobs.model import State
from inferloop_synthetic.jobs.store import JobStore
from inferloop_synthetic.jobs.worker import Work, work_on

NEVER = 1_000_000


def next_worker_ends(store: JobStore, place: Place, job_id: str, killed: int, written: Path) -> bool:
    """Let another worker try; tell whether the job has ended."""
    store.died(horse_name(killed))
    work_on(job_id, place.fused(store, Fuse(NEVER), written))
    return store.get(job_id).state is State.succeeded


def test_killed_between_any_two_steps_the_next_worker_goes_on_from_there(
    store: JobStore, database_url: str, tmp_path: Path
) -> None:
    place, written = Place(tmp_path, database_url), tmp_path / "written"
    whole = store.create(spec(rows=20), "ann").job
    assert die_at(place, NEVER, written)[0] == 0
    expected = sums(place.results(whole.id))
    assert len(expected) == 3

    crossing, killed = 0, -signal.SIGKILL
    while killed == -signal.SIGKILL:
        crossing += 1
        job = store.create(spec(rows=20), "ann").job
        written.write_text("")
        killed, pid = die_at(place, crossing, written)
        on_record = {receipt.path for receipt in store.receipts(job.id)}
        if killed == -signal.SIGKILL:
            written.write_text("")
            # The database may take a moment to notice that the worker is gone, whose rows are locked as long.
            eventually(
                partial(next_worker_ends, store, place, job.id, pid, written), f"crossing {crossing}: the job ends"
            )
            assert not on_record & set(written.read_text().split()), (
                f"crossing {crossing}: a part on record was made again"
            )
        done = store.get(job.id)
        assert (done.state, done.parts_done, done.rows_done) == (State.succeeded, 2, 20), f"crossing {crossing}"
        assert sums(place.results(job.id)) == expected, f"crossing {crossing}"
    assert killed == 0
    # Each of two parts alone has at least a file, its receipt and a row in the database.
    assert crossing > 30


def test_a_worker_that_slept_through_its_lease_harms_nothing(
    store: JobStore, database_url: str, tmp_path: Path
) -> None:
    # It wakes up when another has finished the job, writes a part again (the same bytes), and can record nothing.
    place = Place(tmp_path, database_url)
    job = store.create(spec(), "ann").job
    first = store.claim("sleeper", job.id)
    assert first is not None
    store.died("sleeper")
    assert work_on(job.id, place.context(store)) is not None
    before = sums(place.results(job.id))
    asleep = place.context(store)
    Work(first, asleep).run()
    assert sums(place.results(job.id)) == before
    assert store.get(job.id).state is State.succeeded
