"""Tables are brought to this program's version at the start, whoever else starts, and never over somebody else's."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text

from inferloop_synthetic.errors import InputError
from inferloop_synthetic.jobs.database import Database, open_database
from inferloop_synthetic.jobs.errors import SchemaError
from inferloop_synthetic.jobs.schema import VERSION_TABLE
from inferloop_synthetic.jobs.store import JobStore
from inferloop_synthetic.jobs.tables import Base


def test_an_empty_database_gets_the_tables_of_the_program(database_url: str) -> None:
    database = open_database(database_url)
    with pytest.raises(SchemaError, match="no tables yet"):
        database.check_schema()
    revision = database.migrate()
    database.check_schema()
    assert database.migrate() == revision
    with database.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        difference = [
            change for change in compare_metadata(context, Base.metadata) if "inferloop_schema" not in str(change)
        ]
        assert difference == []
    database.close()


def test_processes_that_start_at_once_do_not_get_into_each_others_way(database_url: str) -> None:
    together, outcomes = threading.Barrier(4), []

    def start() -> None:
        database = open_database(database_url)
        together.wait()
        outcomes.append(database.migrate())
        database.close()

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcomes) == 4
    assert len(set(outcomes)) == 1


def test_a_new_file_can_be_opened_by_many_at_once(tmp_path: Path) -> None:
    """SQLite does not wait while two switch a file's mode; each of the rounds is a chance to meet."""

    def start(file: Path, together: threading.Barrier) -> None:
        database = open_database(f"sqlite:///{file}")
        together.wait()
        database.ping()
        database.close()

    with ThreadPoolExecutor(8) as pool:
        for number in range(60):
            together = threading.Barrier(8)
            for started in [pool.submit(start, tmp_path / f"{number}.db", together) for _ in range(8)]:
                started.result()


def test_an_upgrade_that_fails_leaves_the_database_as_it_was(database_url: str) -> None:
    database = open_database(database_url)
    with pytest.raises(ZeroDivisionError):
        _migrate_and_die(database)
    with database.reading() as connection:
        assert inspect(connection).get_table_names() == []
    database.migrate()
    database.check_schema()
    database.close()


def _migrate_and_die(database: Database) -> None:
    from inferloop_synthetic.jobs.schema import upgrade

    with database.writing() as connection:
        upgrade(connection)
        raise ZeroDivisionError


def test_a_database_of_somebody_else_is_refused_and_left_alone(database_url: str) -> None:
    database = open_database(database_url)
    with database.writing() as connection:
        connection.execute(text("CREATE TABLE customers (id INTEGER)"))
    for refuse in (database.migrate, database.check_schema):
        with pytest.raises(SchemaError, match=r"somebody else's: it has tables \(customers\)") as refused:
            refuse()
    assert "a database of its own" in refused.value.hint
    with database.reading() as connection:
        assert inspect(connection).get_table_names() == ["customers"]
    database.close()


def test_a_database_of_a_newer_program_is_refused(database: Database) -> None:
    with database.writing() as connection:
        connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '9999'"))
    for refuse in (database.migrate, database.check_schema):
        with pytest.raises(SchemaError, match=r"upgraded by a newer program: its tables are of revision 9999"):
            refuse()


def test_an_older_database_is_named_as_such_and_upgraded_with_its_jobs_kept(database: Database) -> None:
    job = JobStore(database).create({"rows": 1}, "ann").job
    with database.writing() as connection:
        connection.execute(text("DROP TABLE api_keys"))
        connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '0001'"))
    with pytest.raises(SchemaError, match="has tables of revision 0001"):
        database.check_schema()
    database.migrate()
    database.check_schema()
    assert JobStore(database).get(job.id) == job


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("mysql://host/jobs", "kind 'mysql' is not supported"),
        ("not a url", "cannot be read"),
        ("sqlite://", "SQLite needs a file"),
        ("postgresql://ann@host/jobs?sslmode=maybe", "sslmode 'maybe' is not known"),
        ("postgresql://ann@host/jobs?sslmode=verify-full&sslrootcert=/none.pem", "sslrootcert /none.pem"),
        ("postgresql://ann@host/jobs?options=-cfoo", "has 'options'"),
    ],
)
def test_a_url_that_cannot_be_used_is_refused_before_anything_connects(url: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        open_database(url)


def test_the_folder_of_a_new_sqlite_file_is_its_owners_only(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'new' / 'jobs.db'}")
    database.migrate()
    database.close()
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700
