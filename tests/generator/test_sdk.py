"""For notebooks and programs: frames in, the same kind of frame out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import inferloop_synthetic as synthetic

rng = np.random.default_rng(4)
ROWS = 300
FRAME = pd.DataFrame(
    {
        "rating": rng.choice([1.0, 2.5, 4.0], ROWS),
        "unknown": np.full(ROWS, np.nan),
        "flag": rng.integers(0, 2, ROWS),
        "plan": rng.choice(["free", "pro"], ROWS),
        "kind": pd.Categorical(rng.choice(["a", "b"], ROWS)),
        "sure": rng.random(ROWS) < 0.5,
        "day": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 400, ROWS), "D"),
    },
    index=np.arange(ROWS) + 1000,
)


@pytest.mark.parametrize(
    "frame",
    [FRAME, pl.from_pandas(FRAME), pa.Table.from_pandas(FRAME, preserve_index=False)],
    ids=["pandas", "polars", "arrow"],
)
def test_a_frame_comes_back_as_its_kind_with_its_types(frame: Any) -> None:
    made = synthetic.synthesize(frame, rows=50, seed=1)
    assert type(made) is type(frame)
    if isinstance(frame, pa.Table):
        kept = [pa.types.is_dictionary(kind) for kind in frame.schema.types]
        assert [pa.types.is_dictionary(kind) for kind in made.schema.types] == kept
        assert made.column_names == frame.column_names
    else:
        assert list(zip(made.columns, made.dtypes, strict=True)) == list(zip(frame.columns, frame.dtypes, strict=True))
    assert len(made) == 50


def test_as_many_rows_as_the_real_table_unless_told_and_the_same_for_the_same_seed() -> None:
    made = synthetic.synthesize(FRAME, seed=3)
    assert len(made) == ROWS
    pd.testing.assert_frame_equal(made, synthetic.synthesize(FRAME, seed=3))
    assert not made.equals(synthetic.synthesize(FRAME, seed=4))


def test_a_report_says_how_good_it_is_and_is_saved_with_its_numbers(tmp_path: Path) -> None:
    made = synthetic.synthesize(FRAME, seed=3)
    report = synthetic.validate(FRAME, made, holdout=FRAME.sample(100, random_state=1), target="plan")
    assert report.validation.downstream is not None
    report.save(tmp_path / "report.html")
    assert (tmp_path / "report.html").read_text() == report.page()
    assert '"likeness"' in (tmp_path / "report.json").read_text()
    with pytest.raises(synthetic.InputError, match=r"report\.txt: a report is a page"):
        report.save(tmp_path / "report.txt")


def test_what_is_no_table_is_an_error() -> None:
    with pytest.raises(synthetic.InputError, match="a list is no table"):
        synthetic.synthesize([1, 2])
    twice = pd.DataFrame([[1, 2], [3, 4]], columns=["a", "a"])
    with pytest.raises(synthetic.InputError, match="column 'a' occurs twice"):
        synthetic.synthesize(twice)
    mixed = pd.DataFrame({"a": [1, "x"] * 30})
    with pytest.raises(synthetic.InputError, match="column 'a' mixes kinds of values"):
        synthetic.synthesize(mixed)
