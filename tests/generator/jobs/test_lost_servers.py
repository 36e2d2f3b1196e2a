"""A database or queue that is lost, silent or full is named in the error, and work goes on when it is back."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import servers
from job_workers import Place, eventually, finished, spec, sums
from sqlalchemy import text

from inferloop_synthetic.executors.in_process import InProcess
from inferloop_synthetic.jobs.database import Database, open_database
from inferloop_synthetic.jobs.errors import QueueUnavailable, StoreUnavailable
from inferloop_synthetic.jobs.janitor import Janitor
from inferloop_synthetic.jobs.local_queue import LocalQueue
from inferloop_synthetic.jobs.model import State
from inferloop_synthetic.jobs.redis_queue import RedisQueue
from inferloop_synthetic.jobs.store import JobStore
from inferloop_synthetic.jobs.worker import work_on
from inferloop_synthetic.pipeline.parts import PartReceipt


@pytest.fixture
def own_postgres() -> Iterator[servers.Server]:
    """A PostgreSQL server that a test may take away."""
    server = servers.start_postgres()
    yield server
    server.close()


@pytest.fixture
def own_redis() -> Iterator[servers.Server]:
    """A Redis server that a test may take away."""
    server = servers.start_redis()
    yield server
    server.close()


class Interrupting(InProcess):
    """Makes the parts; once the first is made, something happens."""

    def run(self, *given: Any, on_part: Callable[[PartReceipt], None], **named: Any) -> list[PartReceipt]:
        """Make the parts; see Executor."""

        def interrupted(receipt: PartReceipt) -> None:
            on_part(receipt)
            if receipt.index == 0:
                self.happens()

        return super().run(*given, on_part=interrupted, **named)

    happens: Callable[[], None] = staticmethod(lambda: None)


def interrupting(happens: Callable[[], None]) -> Interrupting:
    kind = type("Interrupted", (Interrupting,), {"happens": staticmethod(happens)})
    executor: Interrupting = kind(threads=1)
    return executor


@pytest.mark.parametrize("loss", ["stop", "crash"])
def test_a_database_lost_while_a_job_runs_delays_the_job_and_nothing_else(
    loss: str, own_postgres: servers.Server, tmp_path: Path
) -> None:
    database = open_database(own_postgres.new_database())
    database.migrate()
    store = JobStore(database)
    job = store.create(spec(), "ann").job
    back = threading.Event()

    def lose() -> None:
        getattr(own_postgres, loss)()
        threading.Thread(target=lambda: (noticed.wait(), own_postgres.start(), back.set())).start()

    noticed = threading.Event()
    place = Place(tmp_path, "")
    context = place.context(store, executor=interrupting(lose), stopping=_Noticing(noticed))
    done = work_on(job.id, context)
    assert back.is_set()
    assert done is not None
    assert (done.state, done.attempt, done.parts_done) == (State.succeeded, 1, 3)
    assert len(sums(place.results(job.id))) == 4
    database.close()


class _Noticing(threading.Event):
    """Tells when work begins to wait for a server."""

    def __init__(self, noticed: threading.Event) -> None:
        super().__init__()
        self._noticed = noticed

    def wait(self, timeout: float | None = None) -> bool:
        self._noticed.set()
        return super().wait(timeout)


def test_a_lost_database_is_named_without_its_password_and_found_again(own_postgres: servers.Server) -> None:
    database = open_database(own_postgres.new_database())
    database.migrate()
    store = JobStore(database)
    job = store.create(spec(), "ann").job
    own_postgres.stop()
    for ask in (
        database.ping,
        lambda: store.get(job.id),
        lambda: store.create(spec(), "ann"),
        lambda: store.claim("w"),
    ):
        with pytest.raises(StoreUnavailable, match=f"127.0.0.1:{own_postgres.port}/test_") as lost:
            ask()
        assert own_postgres.password not in str(lost.value)
        assert "when it is back" in lost.value.hint
        assert lost.value.retry_after_s > 0
    own_postgres.start()
    assert store.get(job.id) == job
    database.close()


def test_a_silent_database_is_given_up_after_a_while(own_postgres: servers.Server) -> None:
    database = open_database(own_postgres.new_database(), timeout_s=0.5)
    database.migrate()
    own_postgres.freeze()
    with pytest.raises(StoreUnavailable):
        database.ping()
    own_postgres.thaw()
    database.ping()
    database.close()


def test_a_wrong_password_and_a_missing_database_say_so(postgres: servers.Server) -> None:
    for url, message in (
        (postgres.url().replace(postgres.password, "wrong"), "password authentication failed"),
        (postgres.url("nowhere"), 'database "nowhere" does not exist'),
    ):
        database = open_database(url)
        with pytest.raises(StoreUnavailable, match=message):
            database.ping()
        database.close()


def test_a_full_database_says_so_and_takes_jobs_again_when_there_is_room(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'jobs.db'}")
    database.migrate()
    store = JobStore(database)
    job = store.create(spec(), "ann").job
    with database.writing() as connection:
        pages = connection.execute(text("PRAGMA page_count")).scalar_one()
    database.close()
    full = _limited(database, pages)
    with pytest.raises(StoreUnavailable, match="its disk is full"):
        _ask_without_end(store)
    assert store.get(job.id) == job
    _limited(database, full * 100)
    assert store.create(spec(), "ann").new
    database.close()


def _ask_without_end(store: JobStore) -> None:
    while True:
        store.create(spec(name="x" * 3000), "ann")


def _limited(database: Database, pages: int) -> int:
    """Let SQLite's file have at most so many pages, which is how SQLite itself sees a full disk."""
    from sqlalchemy import event

    database.close()

    @event.listens_for(database.engine, "connect")
    def _limit(connection: Any, record: Any) -> None:
        connection.execute(f"PRAGMA max_page_count = {pages}")

    return pages


def test_a_lost_queue_is_named_and_jobs_taken_meanwhile_are_handed_out_when_it_is_back(
    own_redis: servers.Server, store: JobStore
) -> None:
    queue = RedisQueue(own_redis.url())
    janitor = Janitor(store, queue, every_s=0)
    own_redis.stop()
    job = store.create(spec(), "ann").job
    for ask in (queue.ping, queue.depth, lambda: queue.enqueue(job.id), lambda: queue.missing((job.id,))):
        with pytest.raises(QueueUnavailable, match=f"127.0.0.1:{own_redis.port}/0") as lost:
            ask()
        assert own_redis.password not in str(lost.value)
        assert "safe in the database" in lost.value.hint
    janitor.look()  # says so in the log, and goes on
    own_redis.start()
    janitor.look()
    assert queue.depth() == 1
    janitor.look()
    assert queue.depth() == 1, "a job that the queue knows of is not handed out again"
    queue.close()


def test_a_queue_that_lost_its_data_is_filled_again(own_redis: servers.Server, store: JobStore) -> None:
    queue = RedisQueue(own_redis.url())
    jobs = [store.create(spec(), "ann").job for _ in range(3)]
    for job in jobs:
        queue.enqueue(job.id)
    queue.connection.flushall()
    assert queue.depth() == 0
    Janitor(store, queue, every_s=0).look()
    assert queue.depth() == 3
    assert queue.missing(store.waiting()) == ()
    queue.close()


def test_a_queue_without_memory_and_a_wrong_password_say_so(own_redis: servers.Server) -> None:
    queue = RedisQueue(own_redis.url())
    queue.connection.config_set("maxmemory", "1")
    with pytest.raises(QueueUnavailable, match="used memory"):
        queue.enqueue("a" * 32)
    queue.connection.config_set("maxmemory", "0")
    queue.enqueue("a" * 32)
    stranger = RedisQueue(own_redis.url().replace(own_redis.password, "wrong"))
    with pytest.raises(QueueUnavailable, match=r"(?i)invalid username-password"):
        stranger.ping()
    for one in (queue, stranger):
        one.close()


def test_threads_of_the_default_queue_survive_a_lost_database(own_postgres: servers.Server, tmp_path: Path) -> None:
    database = open_database(own_postgres.new_database())
    database.migrate()
    store = JobStore(database)
    place = Place(tmp_path, "")
    own_postgres.stop()
    queue = LocalQueue(place.context(store), workers=2, look_every_s=0.05).start()
    own_postgres.start()
    job = eventually(lambda: _created(store), "the database takes a job")
    assert finished(store, job).state is State.succeeded
    queue.close()
    database.close()


def _created(store: JobStore) -> str | None:
    try:
        return store.create(spec(), "ann").job.id
    except StoreUnavailable:
        return None
