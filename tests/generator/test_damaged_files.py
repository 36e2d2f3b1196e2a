"""Models and bundles whose bytes changed on their way: a clear error, or the very same rows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from inferloop_synthetic.detect import detect_schema
from inferloop_synthetic.errors import ModelFileError
from inferloop_synthetic.pipeline.bundle import pack, unpack
from inferloop_synthetic.pipeline.prepare import keep, learn
from inferloop_synthetic.pipeline.spec import read_spec
from inferloop_synthetic.tabular.engine import TabularEngine, TabularModel

DAMAGES = 600
DIRECTORY = 160
"""Bytes at the end, where the archive says how its members are packed."""


def damaged(data: bytes, seed: int) -> Iterator[tuple[str, bytes]]:
    """Give copies with one bit flipped, one byte replaced, a run of zeros, or the end cut off, all over the file."""
    rng = np.random.default_rng(seed)
    for number, place in enumerate(rng.integers(0, len(data), DAMAGES).tolist()):
        copy = bytearray(data)
        kind = ("bit", "byte", "zeros", "cut")[(0, 0, 0, 1, 1, 2, 2, 3)[number % 8]]
        match kind:
            case "bit":
                copy[place] ^= 1 << int(rng.integers(8))
            case "byte":
                copy[place] = ord("X")
            case "zeros":
                copy[place : place + 64] = bytes(min(64, len(copy) - place))
            case "cut":
                del copy[place:]
        yield f"{kind} at {place} of {len(data)}", bytes(copy)
    for place in range(len(data) - DIRECTORY, len(data)):
        for bit in (0, 2):
            copy = bytearray(data)
            copy[place] ^= 1 << bit
            yield f"bit {bit} at {place} of {len(data)}", bytes(copy)


def rows(model: TabularModel) -> list[dict[str, object]]:
    return [row for batch in model.sample(20, 3) for row in batch.to_pylist()]


@pytest.fixture(scope="module")
def small(orders: pa.Table) -> pa.Table:
    return orders.slice(0, 200).select(["order_id", "country", "tax", "price", "shipped"])


def test_a_model_file_with_changed_bytes_is_refused_or_draws_the_same(small: pa.Table, tmp_path: Path) -> None:
    model = TabularEngine().fit(small, detect_schema(small))
    model.save(tmp_path / "m")
    data, expected, refused = (tmp_path / "m").read_bytes(), rows(model), 0
    for what, copy in damaged(data, 1):
        (tmp_path / "copy").write_bytes(copy)
        try:
            found = TabularEngine().load(tmp_path / "copy")
        except ModelFileError as error:
            refused += 1
            assert str(error).startswith(str(tmp_path / "copy")), what  # noqa: PT017  (some copies load)
        else:
            assert rows(found) == expected, what
    assert refused > DAMAGES // 2


def test_a_bundle_with_changed_bytes_is_refused_or_draws_the_same(small: pa.Table, tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    pq.write_table(small, tmp_path / "t.parquet")
    prepared = keep(learn(read_spec({"source": str(tmp_path / "t.parquet")})), tmp_path / "kept")
    expected, refused = rows(prepared.model), 0  # type: ignore[arg-type]
    for number, (what, copy) in enumerate(damaged(pack(prepared), 2)):
        try:
            found = unpack(copy, tmp_path / f"copy{number}")
        except ModelFileError:
            refused += 1
        else:
            assert rows(found.model) == expected, what  # type: ignore[arg-type]
    assert refused > DAMAGES // 2
