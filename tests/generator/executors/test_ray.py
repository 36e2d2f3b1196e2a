"""A Ray cluster of two nodes makes the same parts; Ray lives in an environment of its own, made by `make ray`."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pacsv
import pytest

from inferloop_synthetic.errors import InputError
from inferloop_synthetic.executors import find_executor
from inferloop_synthetic.executors.in_process import InProcess
from inferloop_synthetic.pipeline.destination import LocalDestination
from inferloop_synthetic.pipeline.parts import plan_parts
from inferloop_synthetic.pipeline.prepare import Prepared, prepare
from inferloop_synthetic.pipeline.spec import read_spec

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def prepared(orders: pa.Table, tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """A model of orders, to be drawn from in six parts."""
    folder = tmp_path_factory.mktemp("prepared")
    pacsv.write_csv(orders, folder / "orders.csv")
    spec = read_spec({"source": str(folder / "orders.csv"), "rows": 300_000, "part_rows": 50_000, "seed": 5})
    return prepare(spec, folder / "work")


@pytest.fixture(scope="module")
def libraries() -> str:
    """Where Ray is installed."""
    spec = importlib.util.spec_from_file_location("extra_environment", ROOT / "tools" / "extra_environment.py")
    assert spec is not None
    assert spec.loader is not None
    extra_environment = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(extra_environment)
    python = extra_environment.python_of("ray")
    return str(next((python.parent.parent / "lib").glob("python*/site-packages")))


def on_cluster(prepared: Prepared, folder: Path, libraries: str, *more: str) -> dict[str, Any]:
    # Only Ray comes from its environment: NumPy and Arrow are those of the tests, or the bytes could differ.
    path = os.pathsep.join([str(ROOT / "tests" / "support"), libraries])
    environment = {**os.environ, "PYTHONPATH": path, "RAY_USAGE_STATS_ENABLED": "0", "RAY_worker_niceness": "0"}
    done = subprocess.run(
        [sys.executable, ROOT / "tests" / "support" / "ray_cluster.py", prepared.folder, folder, *more],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.slow
def test_two_nodes_make_the_same_parts_and_a_killed_worker_costs_none(
    prepared: Prepared, libraries: str, tmp_path: Path
) -> None:
    expected = InProcess().run(
        prepared, plan_parts(prepared.spec), LocalDestination(tmp_path / "here"), on_part=lambda r: None,
        cancelled=lambda: False,
    )  # fmt: skip
    found = on_cluster(prepared, tmp_path / "there", libraries, "kill")
    assert found["receipts"] == [asdict(receipt) for receipt in expected]
    assert found["nodes"] == 2
    assert found["killed"] == 1
    for path in (tmp_path / "here").glob("part-*"):
        assert (tmp_path / "there" / path.name).read_bytes() == path.read_bytes()
    assert not list((tmp_path / "there").rglob("*.part"))


def test_without_ray_the_error_names_the_extra(
    prepared: Prepared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(InputError, match=r"needs the extra \[ray\]"):
        find_executor("ray:address=auto").run(
            prepared,
            plan_parts(prepared.spec),
            LocalDestination(tmp_path),
            on_part=lambda r: None,
            cancelled=lambda: False,
        )
