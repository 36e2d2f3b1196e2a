"""`inferloop-synthetic worker` as it is run: killed, asked to end, and at work side by side.

Each test runs twice: with what needs no server, and with PostgreSQL and Redis.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import servers
from job_workers import Worker, eventually, finished, spec, sums

from inferloop_synthetic.jobs.database import open_database
from inferloop_synthetic.jobs.model import Job, State
from inferloop_synthetic.jobs.redis_queue import RedisQueue
from inferloop_synthetic.jobs.store import JobStore


@dataclass
class Site:
    """A store, a queue where there is one, and the settings by which workers find both."""

    store: JobStore
    queue: RedisQueue | None
    environment: dict[str, str]
    folder: Path

    def ask(self, **asked: int) -> Job:
        """Store a job and hand it to the queue, as the API does."""
        job = self.store.create(spec(**asked), "ann").job
        if self.queue is not None:
            self.queue.enqueue(job.id)
        return job

    def worker(self, *options: str) -> Worker:
        """Start a worker."""
        return Worker(self.environment, self.folder / "log", *options)

    def results(self, job: Job) -> Path:
        """Return the folder of a job's results."""
        return self.folder / "temporary" / "data" / "results" / "jobs" / job.id


@pytest.fixture(params=["alone", "servers"])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    """SQLite and no queue, or PostgreSQL and Redis."""
    environment = {
        "GUARDIAN_TEMP_DIR": str(tmp_path / "temporary"), "GUARDIAN_JOB_LEASE_SECONDS": "3", "GUARDIAN_LOG_FORMAT": "text",
    }  # fmt: skip
    queue, url, postgres = None, f"sqlite:///{tmp_path / 'jobs.db'}", None
    if request.param == "servers":
        postgres = request.getfixturevalue("postgres")
        redis: servers.Server = request.getfixturevalue("redis_server")
        url, queue = postgres.new_database(), RedisQueue(redis.url())
        queue.connection.flushall()
        environment |= {
            "GUARDIAN_REDIS_HOST": redis.host, "GUARDIAN_REDIS_PORT": str(redis.port), "GUARDIAN_REDIS_PASSWORD": redis.password,
        }  # fmt: skip
    database = open_database(url)
    database.migrate()
    yield Site(JobStore(database), queue, {**environment, "GUARDIAN_DATABASE_URL": url}, tmp_path)
    database.close()
    if queue is not None:
        queue.close()
    if postgres is not None:
        postgres.drop_database(url)


@pytest.mark.parametrize("victim", ["machine", "worker", "horse"])
def test_a_worker_killed_in_the_middle_of_its_job_is_made_up_for(victim: str, site: Site) -> None:
    jobs = [site.ask(rows=60_000, part_rows=1_000) for _ in range(2)]
    first = site.worker()
    workers = [first]
    eventually(lambda: any(site.store.get(job.id).parts_done >= 5 for job in jobs), f"parts are made; see {first.log}")
    if victim == "machine":
        first.kill()
        workers.append(site.worker())
    elif victim == "worker":
        first.process.kill()
        first.process.wait()
        workers.append(site.worker())
    else:
        for pid in first.horses():
            os.kill(pid, signal.SIGKILL)
    done = [finished(site.store, job.id) for job in jobs]
    ends = {worker.end() for worker in workers if worker.process.poll() is None}
    assert [job.state for job in done] == [State.succeeded] * 2, first.log.read_text()
    assert [(job.parts_done, job.rows_done) for job in done] == [(60, 60_000)] * 2
    one, other = (sums(site.results(job)) for job in jobs)
    assert len(one) == 61
    assert one == other
    assert ends == {0}


def test_a_worker_asked_to_end_gives_its_job_back_at_once(site: Site) -> None:
    job = site.ask(rows=400_000, part_rows=1_000)
    worker = site.worker()
    eventually(lambda: site.store.get(job.id).parts_done >= 3, f"parts are made; see {worker.log}")
    assert worker.end() == 0
    given_back = site.store.get(job.id)
    assert (given_back.state, given_back.worker) == (State.queued, None)
    assert 3 <= given_back.parts_done < 400
    assert len(site.store.receipts(job.id)) == given_back.parts_done


def test_a_job_cancelled_while_it_runs_is_stopped_and_its_files_go(site: Site) -> None:
    job, after = site.ask(rows=2_000_000, part_rows=1_000), site.ask()
    worker = site.worker()
    eventually(lambda: site.store.get(job.id).parts_done >= 3, f"parts are made; see {worker.log}")
    assert site.store.cancel(job.id).state is State.cancelled
    assert finished(site.store, after.id).state is State.succeeded
    assert not [path for path in site.results(job).rglob("*") if path.is_file()]
    assert worker.end() == 0


def test_several_processes_of_one_worker_share_the_jobs(site: Site) -> None:
    jobs = [site.ask() for _ in range(4)]
    crew = site.worker("--processes", "2")
    assert {finished(site.store, job.id).state for job in jobs} == {State.succeeded}, crew.log.read_text()
    assert [site.store.get(job.id).attempt for job in jobs] == [1] * 4
    assert crew.end() == 0


def test_a_worker_in_a_burst_ends_when_no_job_waits(site: Site) -> None:
    jobs = [site.ask(), site.ask()]
    worker = site.worker("--burst")
    assert worker.process.wait() == 0, worker.log.read_text()
    assert [site.store.get(job.id).state for job in jobs] == [State.succeeded] * 2
