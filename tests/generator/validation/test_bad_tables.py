"""Tables that cannot be compared give an error that names the column; odd ones that can be compared are."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest

from inferloop_synthetic.detect import detect_schema
from inferloop_synthetic.errors import InputError
from inferloop_synthetic.policy import default_policy, judge
from inferloop_synthetic.reporting.page import render
from inferloop_synthetic.schema import TableSchema, parse_schema
from inferloop_synthetic.tabular.engine import TabularEngine
from inferloop_synthetic.validation.run import Validation, validate

ROWS = 60


def table(**columns: object) -> pa.Table:
    return pa.table({"n": [i * i % 37 for i in range(ROWS)], "c": ["a", "b"] * (ROWS // 2)} | columns)


def check(real: pa.Table, synthetic: pa.Table, schema: TableSchema | None = None) -> Validation:
    """Validate with the real table held out too, judge it and make its page: nothing on the way may fail."""
    found = validate(real, synthetic, schema or detect_schema(real), holdout=real)
    assert "Columns" in render(found, "t", [], judge(found, default_policy()))
    return found


def test_one_row_is_too_few() -> None:
    with pytest.raises(InputError, match="the synthetic table has 1 rows; at least 10"):
        check(table(), table().slice(0, 1))
    with pytest.raises(InputError, match="the real table has 1 rows"):
        check(table().slice(0, 1), table())


@pytest.mark.parametrize(
    ("synthetic", "message"),
    [
        (table().drop_columns(["c"]), "column 'c' is in the real table and not in the synthetic one"),
        (table(extra=[1] * ROWS), "column 'extra' is in the synthetic table and not in the real one"),
        (table(n=["x"] * ROWS), "column 'n' holds numbers in the real table and text .*'x'.* in the synthetic one"),
        (table(n=[dt.date(2024, 1, 1)] * ROWS), "column 'n' holds numbers in the real table and dates"),
        (table(n=[True] * ROWS), "column 'n' holds numbers in the real table and true and false"),
    ],
)
def test_columns_that_do_not_match_are_named(synthetic: pa.Table, message: str) -> None:
    with pytest.raises(InputError, match=message):
        check(table(), synthetic)


def test_a_column_that_occurs_twice_is_named() -> None:
    twice = pa.Table.from_arrays([pa.array([1] * ROWS), pa.array(["a"] * ROWS), pa.array([1] * ROWS)], ["n", "c", "n"])
    with pytest.raises(InputError, match="'n' occurs twice in the synthetic table"):
        check(table(), twice)


@pytest.mark.parametrize(
    "values",
    [
        [1e30] * ROWS,
        [1e30, 1.0000000000000002e30] * (ROWS // 2),
        [2**63 - 1 - i % 7 for i in range(ROWS)],
        [2**53 + i % 7 for i in range(ROWS)],
        [1.7e308, -1.7e308] * (ROWS // 2),
    ],
    ids=["equal", "two neighbours", "ends of 64 bits", "beyond halves", "ends of floats"],
)
def test_numbers_too_near_to_be_told_apart_are_compared_and_shown(values: list[float]) -> None:
    found = check(table(n=values), table(n=values))
    assert found.columns[0].score == 1
    assert sum(found.profiles[0].real) == pytest.approx(1)


def test_infinities_are_noted_and_compared_as_missing() -> None:
    real = table(x=[float("inf") if i % 3 == 0 else float("nan") if i % 3 == 1 else i / 7 for i in range(ROWS)])
    model = TabularEngine().fit(real, detect_schema(real))
    assert "x: 20 of 60 values are infinite, and count as missing" in model.notes
    made = pa.Table.from_batches(model.sample(600, 1))
    missing = {c.column: c for c in check(real, made).missing}["x"]
    assert missing.real.value == pytest.approx(2 / 3)
    assert missing.shift.low < 0 < missing.shift.high


def test_constant_columns_are_alike() -> None:
    constant = pa.table({"n": [7] * ROWS, "c": ["only"] * ROWS, "f": [0.5] * ROWS})
    found = check(constant, constant)
    assert found.score == 1
    assert found.downstream is None
    assert [p.related_real for p in found.pairs] == [0, 0, 0]


def test_a_constant_instead_of_a_varied_column_is_found() -> None:
    found = check(table(), table(n=[3] * ROWS))
    assert {c.column: c.score for c in found.columns}["n"] < 0.2


@pytest.mark.parametrize(
    "nothing", [pa.nulls(ROWS), pa.array([None] * ROWS, pa.string()), pa.array([None] * ROWS, pa.float64())]
)
def test_a_column_all_missing_in_one_table_is_wholly_unlike(nothing: pa.Array) -> None:
    found = check(table(), table(n=nothing))
    assert {c.column: c.score for c in found.columns}["n"] == 0
    shift = {m.column: m.shift for m in found.missing}["n"]
    assert shift.value == 1
    assert shift.low > 0.8


def test_a_table_all_missing_in_both_is_alike_and_says_nothing_else() -> None:
    nothing = pa.table({"a": pa.nulls(ROWS), "b": pa.nulls(ROWS)})
    found = check(nothing, nothing)
    assert found.score == 1
    assert found.downstream is None


def test_infinite_and_not_a_number_count_as_missing() -> None:
    values = [float("inf"), float("nan"), float("-inf"), *np.linspace(0, 1, ROWS - 3)]
    assert check(table(n=values), table(n=values)).score == 1


def test_dates_are_compared_whatever_their_unit() -> None:
    days = [dt.date(2024, 1, 1) + dt.timedelta(days=i) for i in range(ROWS)]
    as_dates, as_moments = pa.array(days, pa.date32()), pa.array(days, pa.date32()).cast(pa.timestamp("ns"))
    found = check(table(n=as_dates), table(n=as_moments))
    assert {c.column: c.score for c in found.columns}["n"] == 1
    assert {p.column: p.labels[0] for p in found.profiles}["n"].startswith("2024-01-01")


def test_codes_read_as_numbers_in_one_table_are_compared_as_the_schema_says() -> None:
    schema = parse_schema("columns: [{name: code, kind: category}, {name: n, kind: integer}]", "t")
    real = pa.table({"code": ["1", "2", "x"] * 20, "n": list(range(ROWS))})
    synthetic = pa.table({"code": [1, 2, 2] * 20, "n": list(range(ROWS))})
    assert check(real, synthetic, schema).columns[0].score == pytest.approx(2 / 3)


def test_a_rare_value_beside_a_common_one_is_seen_in_pairs() -> None:
    rng = np.random.default_rng(0)
    flag = (rng.random(2000) < 0.06).astype(int)
    real = pa.table({"flag": flag, "value": flag * 10.0 + rng.normal(0, 1, 2000)})
    broken = pa.table({"flag": flag, "value": rng.permutation(real["value"].to_numpy())})
    schema = parse_schema("columns: [{name: flag, kind: integer}, {name: value, kind: float}]", "t")
    pair = validate(real, broken, schema).pairs[0]
    assert pair.related_real > 0.8
    assert pair.related_synthetic < 0.1
    assert pair.likeness.high < 0.97


def test_nothing_to_compare_is_an_error() -> None:
    only = pa.table({"id": [f"AB-{i}" for i in range(ROWS)]})
    with pytest.raises(InputError, match="no column can be compared"):
        check(only, only)


def test_very_many_columns_are_compared_in_bounded_time() -> None:
    rng = np.random.default_rng(1)
    wide = pa.table({f"c{i}": rng.normal(0, 1, 40) for i in range(150)})
    found = validate(wide, wide, detect_schema(wide))
    assert len(found.columns) == 150
    assert len(found.pairs) == 100 * 99 // 2
    assert "50" in render(found, "t")
