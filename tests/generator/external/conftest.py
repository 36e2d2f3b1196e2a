"""The interpreter with SDV and CTGAN, and a table with everything in it that a column can be."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from inferloop_synthetic.external.worker import WorkerPlace

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """Let workers compute on one thread: on tables this small several only wait for each other."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMP_NUM_THREADS", "1")
        yield


@pytest.fixture(scope="session")
def engine_python() -> str:
    """The Python of the environment that `make engines` made; a missing one fails the tests that need it."""
    spec = importlib.util.spec_from_file_location("extra_environment", ROOT / "tools" / "extra_environment.py")
    assert spec is not None
    assert spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    try:
        return str(tool.python_of("engines"))
    except FileNotFoundError as missing:
        pytest.fail(str(missing))


@pytest.fixture(scope="session")
def place(engine_python: str) -> WorkerPlace:
    """Where the workers of these tests run."""
    return WorkerPlace(engine_python)


@pytest.fixture(scope="session")
def people() -> pa.Table:
    """1,500 rows: an income that depends on a level, gaps, dates, times, booleans, an identifier, names, and a formula."""
    rng = np.random.default_rng(3)
    rows = 1500
    level = rng.choice(["low", "middle", "high"], rows, p=[0.5, 0.3, 0.2])
    income = np.round(rng.lognormal(np.select([level == "low", level == "middle"], [9.0, 10.0], 11.0), 0.3), 2)
    start = rng.integers(17_000, 19_000, rows)
    bonus = np.where(rng.random(rows) < 0.3, np.nan, np.round(income * 0.1, 2))
    children = rng.integers(0, 4, rows)
    return pa.table(
        {
            "person": pa.array(np.arange(rows) + 100),
            "email": pa.array([f"p{i}@corp{i % 7}.com" for i in range(rows)]),
            "level": pa.array(level),
            "income": pa.array(income),
            "bonus": pa.array(bonus, from_pandas=True),
            "children": pa.array(children),
            "heads": pa.array(children + 2),
            "started": pa.array(start.astype(np.int32), pa.date32()),
            "ended": pa.array((start + rng.geometric(0.01, rows)).astype(np.int32), pa.date32()),
            "seen": pa.array((start * 86_400 + rng.integers(0, 86_400, rows)), pa.timestamp("s")),
            "member": pa.array(rng.random(rows) < 0.4),
        }
    )
