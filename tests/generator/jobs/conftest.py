"""Databases and queues, each real and each empty: every test that takes one runs on all kinds of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import servers

from inferloop_synthetic.jobs.database import Database, open_database
from inferloop_synthetic.jobs.store import JobStore


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep these tests on one worker of pytest-xdist: each worker would start servers of its own."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("jobs"))


@pytest.fixture(scope="session")
def postgres() -> Iterator[servers.Server]:
    """A PostgreSQL server of these tests' own."""
    server = servers.start_postgres()
    yield server
    server.close()


@pytest.fixture(scope="session")
def redis_server() -> Iterator[servers.Server]:
    """A Redis server of these tests' own."""
    server = servers.start_redis()
    yield server
    server.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'jobs.db'}"
        return
    server: servers.Server = request.getfixturevalue("postgres")
    url = server.new_database()
    yield url
    server.drop_database(url)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A database with our tables."""
    database = open_database(database_url)
    database.migrate()
    yield database
    database.close()


@pytest.fixture
def store(database: Database) -> JobStore:
    """A store of jobs, with nothing in it."""
    return JobStore(database)
