"""What a user is told of a table's texts: which are given out as they are, and which look like dates that are none."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pytest

from inferloop_synthetic.detect import detect_schema
from inferloop_synthetic.tabular.engine import TabularEngine

ROWS = 400


def notes(column: list[str], name: str = "day") -> str:
    table = pa.table({name: column, "x": np.random.default_rng(1).normal(size=len(column))})
    return "\n".join(TabularEngine().fit(table, detect_schema(table)).notes)


def test_a_file_of_impossible_dates_is_told() -> None:
    days = ["0001-01-01", "9999-12-31", "2024-02-30", "99999-01-01"] * (ROWS // 4)
    said = notes(pa.csv.read_csv(pa.py_buffer("\n".join(["day", *days]).encode()))["day"].to_pylist())

    assert f"day: looks like dates, but 200 of {ROWS} values are none, such as '2024-02-30'" in said


@pytest.mark.parametrize("days", [["2024-02-29", "0001-01-01"], ["1-2-3", "red"] * 3, ["12-34", "56-78"]])
def test_texts_that_are_dates_or_nothing_like_them_are_not_told(days: list[str]) -> None:
    assert "looks like dates" not in notes(days * 50)


def test_every_text_column_that_is_given_out_is_named_the_most_telling_first() -> None:
    rng = np.random.default_rng(1)
    table = pa.table(
        {
            "plan": rng.choice(["free", "pro"], ROWS),
            "village": [f"Village of {chr(97 + i % 26)}{chr(97 + i // 26 % 5)}" for i in range(ROWS)],
            "ssn": [f"{i % 200 + 100}-22-3333" for i in range(ROWS)],
            "x": rng.normal(size=ROWS),
        }
    )
    (said,) = (note for note in TabularEngine().fit(table, detect_schema(table)).notes if "given out" in note)

    assert said.startswith(
        "real values of these text columns are given out: village (130 different), plan (2 different);"
    )


def test_a_table_without_texts_has_no_note() -> None:
    assert notes([f"{i}@corp.com" for i in range(ROWS)], "mail") == ""
