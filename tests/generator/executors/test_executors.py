"""The same parts, byte for byte, whoever makes them; a worker that is killed costs nothing but time."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest

from inferloop_synthetic.errors import InputError
from inferloop_synthetic.executors import Executor, ExecutorError, find_executor, installed_executors
from inferloop_synthetic.executors.in_process import InProcess
from inferloop_synthetic.executors.processes import Processes
from inferloop_synthetic.pipeline.destination import LocalDestination
from inferloop_synthetic.pipeline.make import Cancelled
from inferloop_synthetic.pipeline.parts import PartReceipt, plan_parts
from inferloop_synthetic.pipeline.prepare import Prepared, prepare
from inferloop_synthetic.pipeline.spec import read_spec


@pytest.fixture(scope="module")
def prepared(orders: pa.Table, tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """A model of orders, to be drawn from in six parts."""
    folder = tmp_path_factory.mktemp("prepared")
    pacsv.write_csv(orders, folder / "orders.csv")
    spec = read_spec({"source": str(folder / "orders.csv"), "rows": 5500, "part_rows": 1000, "seed": 5})
    return prepare(spec, folder / "work")


def parts_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("part-*")}


def made(
    prepared: Prepared,
    folder: Path,
    executor: Executor,
    on_part: Callable[[PartReceipt], None] = lambda receipt: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> list[PartReceipt]:
    destination = LocalDestination(folder)
    return executor.run(prepared, plan_parts(prepared.spec), destination, on_part=on_part, cancelled=cancelled)


@pytest.fixture(scope="module")
def expected(
    prepared: Prepared, tmp_path_factory: pytest.TempPathFactory
) -> tuple[list[PartReceipt], dict[str, bytes]]:
    """What one thread makes."""
    folder = tmp_path_factory.mktemp("expected")
    return made(prepared, folder, InProcess(threads=1)), parts_of(folder)


def test_identifiers_go_on_from_part_to_part(
    expected: tuple[list[PartReceipt], dict[str, bytes]], orders: pa.Table
) -> None:
    ids = [n for data in expected[1].values() for n in pq.read_table(pa.BufferReader(data))["order_id"].to_pylist()]
    assert len(ids) == len(set(ids)) == 5500
    assert max(ids) - min(ids) == 5499


@pytest.mark.parametrize("executor", [InProcess(threads=2), Processes(workers=1), Processes(workers=2)], ids=repr)
def test_the_parts_are_the_same_bytes_whoever_makes_them(
    executor: Executor, prepared: Prepared, expected: tuple[list[PartReceipt], dict[str, bytes]], tmp_path: Path
) -> None:
    seen: list[int] = []
    receipts = made(prepared, tmp_path, executor, on_part=lambda receipt: seen.append(receipt.index))
    assert receipts == expected[0]
    assert parts_of(tmp_path) == expected[1]
    assert sorted(seen) == [0, 1, 2, 3, 4, 5]


def test_a_killed_worker_costs_no_part_and_leaves_no_rest(
    prepared: Prepared, expected: tuple[list[PartReceipt], dict[str, bytes]], tmp_path: Path
) -> None:
    killed: list[int] = []

    def kill_one(receipt: PartReceipt) -> None:
        if not killed:
            worker = multiprocessing.active_children()[0]
            assert worker.pid is not None
            os.kill(worker.pid, signal.SIGKILL)
            killed.append(worker.pid)

    receipts = made(prepared, tmp_path, Processes(workers=2), on_part=kill_one)
    assert killed
    assert receipts == expected[0]
    assert parts_of(tmp_path) == expected[1]
    assert not list(tmp_path.rglob("*.part"))


def test_workers_that_are_always_killed_end_in_an_error_that_says_so(prepared: Prepared, tmp_path: Path) -> None:
    def kill_all() -> bool:
        for worker in multiprocessing.active_children():
            if worker.pid is not None:
                os.kill(worker.pid, signal.SIGKILL)
        return False

    with pytest.raises(ExecutorError, match="killed 3 times in a row"):
        made(prepared, tmp_path, Processes(workers=1), cancelled=kill_all)
    assert not multiprocessing.active_children()


@pytest.mark.parametrize("executor", [InProcess(), Processes(workers=1)], ids=repr)
def test_cancelling_stops_after_the_part_under_way_and_keeps_whole_parts_only(
    executor: Executor, prepared: Prepared, expected: tuple[list[PartReceipt], dict[str, bytes]], tmp_path: Path
) -> None:
    done: list[PartReceipt] = []
    with pytest.raises(Cancelled):
        made(prepared, tmp_path, executor, on_part=done.append, cancelled=lambda: len(done) >= 2)
    left = parts_of(tmp_path)
    assert 2 <= len(left) < 6
    assert left.items() <= expected[1].items()
    assert not list(tmp_path.rglob("*.part"))
    assert not multiprocessing.active_children()


def test_parts_that_are_there_are_not_made_again(prepared: Prepared, tmp_path: Path) -> None:
    made(prepared, tmp_path, InProcess())
    before = {path: path.stat().st_mtime_ns for path in tmp_path.glob("part-*")}
    (tmp_path / "part-00003.parquet").write_bytes(b"torn")
    made(prepared, tmp_path, InProcess())
    after = {path: path.stat().st_mtime_ns for path in tmp_path.glob("part-*")}
    assert {path.name for path in before if before[path] != after[path]} == {"part-00003.parquet"}
    assert (tmp_path / "part-00003.parquet").stat().st_size > 4


def test_an_error_of_a_part_reaches_the_caller(prepared: Prepared, tmp_path: Path) -> None:
    (tmp_path / "part-00002.parquet").mkdir()
    with pytest.raises(Exception, match=r"part-00002\.parquet: nothing was written"):
        made(prepared, tmp_path, Processes(workers=2))
    assert not multiprocessing.active_children()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("threads", "there is no executor 'threads'; there are in-process, kubernetes, processes, ray"),
        ("processes:size=3", "'size=3' is not an option; there are workers=..."),
        ("processes:workers=none", "executor processes: workers: .*valid integer"),
        ("processes:workers=0", "executor processes: workers: .*greater than or equal to 1"),
    ],
)
def test_wrong_executors_are_errors_that_name_what_there_is(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        find_executor(text)


def test_an_executor_is_found_by_name_with_its_options() -> None:
    assert find_executor("processes:workers=3", {"workers": 2, "threads": 9}) == Processes(workers=3)
    assert find_executor("in-process", {"workers": 2, "threads": 9}) == InProcess(threads=9)
    assert set(installed_executors()) >= {"in-process", "processes", "ray", "kubernetes"}
