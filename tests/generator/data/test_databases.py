"""Tables and queries of databases are read in batches; nothing is changed there, and nothing secret is said."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from servers import Server, start_postgres

from inferloop_synthetic.data.limits import Limits
from inferloop_synthetic.data.location import Location
from inferloop_synthetic.data.policy import SourcePolicy
from inferloop_synthetic.data.sources import Sample, open_source, read_sample
from inferloop_synthetic.errors import InputError
from inferloop_synthetic.pipeline.spec import read_spec


def read(source: str, limits: Limits | None = None, **asked: object) -> Sample:
    spec = read_spec({"source": source, **asked})
    return read_sample(spec, SourcePolicy.anything(), limits or Limits(), lambda rows: None)


@pytest.fixture
def lite(tmp_path: Path) -> str:
    """A database file with a table of 45,000 orders, one of mixed values, and a view."""
    path = tmp_path / "shop.db"
    with sqlite3.connect(path) as connection:
        connection.execute("create table orders (id integer, price real, word text)")
        rows = ((i, i / 4 if i % 3 else None, f"w{i % 7}") for i in range(45_000))
        connection.executemany("insert into orders values (?, ?, ?)", rows)
        connection.execute("create view cheap as select * from orders where price < 10")
        connection.execute("create table mixed (a)")
        connection.executemany("insert into mixed values (?)", [(1,), ("x",)])
        connection.execute("create table late (a)")
        connection.executemany("insert into late values (?)", [(None,)] * 25_000 + [(0.5,)])
        connection.execute("create table blobs (a blob)")
        connection.execute("insert into blobs values (x'00ff')")
        connection.execute("create table none (a integer)")
    connection.close()
    return f"sqlite:///{path}"


def test_a_table_is_read_in_batches(lite: str) -> None:
    with open_source(Location.parse(lite), SourcePolicy.anything(), Limits(), table="orders") as batches:
        sizes = [batch.num_rows for batch in batches]
    assert sizes == [20_000, 20_000, 5_000]
    found = read(lite, table="orders")
    assert found.rows == 45_000
    assert [str(kind) for kind in found.table.schema.types] == ["int64", "double", "string"]
    assert found.table["price"].null_count == 15_000


def test_views_and_queries_are_read(lite: str) -> None:
    assert read(lite, table="cheap").rows == 26
    found = read(lite, query="select id as number, '12:30 %s' as clock from orders where id between 3 and 5")
    assert found.table.to_pydict() == {"number": [3, 4, 5], "clock": ["12:30 %s"] * 3}


def test_a_type_found_in_a_later_batch_holds_for_the_column(lite: str) -> None:
    found = read(lite, table="late")
    assert found.table["a"].type == pa.float64()
    assert found.table["a"][-1].as_py() == 0.5


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({}, "say which table, or give a query; there are blobs, late, mixed, none, orders, cheap"),
        ({"table": "order"}, "there is no table 'order'; there are"),
        ({"table": "orders; drop table orders"}, "there is no table"),
        ({"query": "delete from orders"}, "readonly"),
        ({"query": "drop table orders"}, "readonly"),
        ({"query": "selec 1"}, "syntax error"),
        ({"query": "select 1; select 2"}, "one statement at a time"),
        ({"query": "select id, id from orders"}, "column 'id' occurs 2 times"),
        ({"table": "mixed"}, r"column 'a' mixes kinds of values \(int, str\); cast it"),
        ({"table": "blobs"}, "column 'a' holds binary"),
        ({"table": "none"}, "there are no rows"),
    ],
)
def test_what_cannot_be_read_of_a_database_is_said(asked: dict[str, object], message: str, lite: str) -> None:
    with pytest.raises(InputError, match=message):
        read(lite, **asked)
    assert read(lite, table="orders").rows == 45_000


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("sqlite:////no/where.db", "unable to open"),
        ("sqlite://", "names no file"),
        ("nosuch://host/db", "is no URL of a database"),
        ("postgresql://me:hunter2@127.0.0.1:1/db", "refused|Can't create"),
        ("postgresql://me:hunter2@127.0.0.1:none/db", "not a URL"),
    ],
)
def test_what_is_wrong_with_an_address_is_said_without_its_password(source: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as problem:
        read(source, table="t")
    assert "hunter2" not in str(problem.value)


def test_a_database_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        read(f"sqlite:///{tmp_path}/new.db", table="t")
    assert not list(tmp_path.iterdir())


def test_a_table_longer_than_the_limit_is_refused(lite: str) -> None:
    with pytest.raises(InputError, match="more than 30,000 rows"):
        read(lite, Limits(rows=30_000), table="orders")


def test_table_and_query_go_with_databases_only() -> None:
    for tree in ({"source": "t.csv", "table": "t"}, {"source": "sqlite:///t.db", "table": "t", "query": "select 1"}):
        with pytest.raises(InputError):
            read_spec(tree)


@pytest.fixture(scope="module")
def postgres() -> Iterator[Server]:
    server = start_postgres()
    yield server
    server.close()


def test_all_types_of_postgresql_that_are_flat_are_read(postgres: Server) -> None:
    url = postgres.new_database()
    database = url.rpartition("/")[2]
    postgres.sql(
        "create schema shop; create table shop.all_types (n numeric(10,2), i bigint, b boolean, d date, t timestamp,"
        " z timestamptz, c time, u uuid, w varchar); insert into shop.all_types select 1.25, g, g % 2 = 0, date '2024-01-31',"
        " timestamp '2024-01-31 10:00', timestamptz '2024-01-31 10:00+02', time '10:30',"
        " '00000000-0000-0000-0000-000000000001', 'w' || g from generate_series(1, 50000) g",
        database,
    )
    found = read(url, table="shop.all_types")
    assert found.rows == 50_000
    row = found.table.slice(0, 1).to_pylist()[0]
    assert row == {
        "n": 1.25, "i": 1, "b": False, "d": dt.date(2024, 1, 31), "t": dt.datetime(2024, 1, 31, 10),  # noqa: DTZ001  (it has none in the database)
        "z": dt.datetime(2024, 1, 31, 8, tzinfo=dt.UTC), "c": dt.time(10, 30),
        "u": "00000000-0000-0000-0000-000000000001", "w": "w1",
    }  # fmt: skip


@pytest.mark.parametrize("query", ["delete from t returning a", "drop table t", "insert into t values (2)"])
def test_nothing_is_changed_in_postgresql(query: str, postgres: Server) -> None:
    url = postgres.new_database()
    database = url.rpartition("/")[2]
    postgres.sql("create table t (a integer); insert into t values (1)", database)
    with pytest.raises(InputError):
        read(url, query=query)
    assert read(url, table="t").table.to_pydict() == {"a": [1]}


def test_a_wrong_password_is_an_error_that_does_not_say_it(postgres: Server) -> None:
    url = postgres.new_database()
    user, _, rest = url.partition("://")[2].partition(":")
    wrong = f"postgresql://{user}:wr0ng-hunter2@{rest.partition('@')[2]}"
    with pytest.raises(InputError) as problem:
        read(wrong, table="t")
    assert "hunter2" not in str(problem.value)
