"""What holds for every schema and every table, whatever is in them: found by hypothesis, not chosen by hand."""

from __future__ import annotations

import datetime as dt
import string
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inferloop_synthetic.detect import detect_schema
from inferloop_synthetic.schema import TableSchema, parse_schema, schema_yaml
from inferloop_synthetic.sdk import like
from inferloop_synthetic.tabular.engine import TabularEngine, model_from_schema

ROWS = 120
often = settings(deadline=None, max_examples=60, derandomize=True)
seldom = settings(deadline=None, max_examples=20, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
words = st.text(string.ascii_lowercase + "äß'\",;\n", min_size=1, max_size=8)
shares = st.sampled_from([0.0, 0.3])
days = st.dates(dt.date(1700, 1, 1), dt.date(2200, 1, 1))


def between(
    kind: str, values: st.SearchStrategy[Any], shown: Any = lambda value: value
) -> st.SearchStrategy[dict[str, Any]]:
    """Return columns of a kind whose bounds are drawn from `values`."""
    bounds = st.tuples(values, values).map(sorted)
    return st.builds(lambda b, m: {"kind": kind, "min": shown(b[0]), "max": shown(b[1]), "missing": m}, bounds, shares)


columns = st.one_of(
    between("integer", st.integers(-(2**40), 2**40)),
    between("float", st.floats(-1e12, 1e12, allow_nan=False)),
    between("date", days, dt.date.isoformat),
    st.builds(
        lambda v, m: {"kind": "category", "values": v, "missing": m},
        st.lists(words, min_size=1, max_size=5, unique=True),
        shares,
    ),
    st.builds(lambda m: {"kind": "boolean", "missing": m}, shares),
)


@st.composite
def schemas(draw: st.DrawFn) -> TableSchema:
    """Return schemas of one to five columns."""
    drawn = draw(st.lists(columns, min_size=1, max_size=5))
    tree = {"columns": [{"name": f"c{i}", **column} for i, column in enumerate(drawn)]}
    return TableSchema.model_validate(tree)


@often
@given(schemas(), st.integers(0, 2**32))
def test_rows_of_a_schema_are_within_its_bounds_and_the_same_again(schema: TableSchema, seed: int) -> None:
    model = model_from_schema(schema)
    made = pa.Table.from_batches(model.sample(ROWS, seed))
    assert made == pa.Table.from_batches(model.sample(ROWS, seed, threads=1))
    assert made.column_names == [column.name for column in schema.columns]
    for column in schema.columns:
        values = [value for value in made[column.name].to_pylist() if value is not None]
        assert column.missing or len(values) == ROWS
        if column.values is not None:
            assert set(values) <= set(column.values)
        elif column.min is not None and values:
            low, high = column.min, column.max
            if isinstance(low, str):
                low, high = dt.date.fromisoformat(low), dt.date.fromisoformat(str(high))
            assert low <= min(values) <= max(values) <= high


@often
@given(schemas())
def test_a_schema_that_is_shown_is_read_back(schema: TableSchema) -> None:
    assert parse_schema(schema_yaml(schema), "shown") == schema


@st.composite
def tables(draw: st.DrawFn) -> pa.Table:
    """Return tables of a few columns that depend on each other, with gaps, constants and repeated values."""
    rows = draw(st.integers(30, 200))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    levels = draw(st.lists(words, min_size=1, max_size=4, unique=True))
    group = rng.integers(0, len(levels), rows)
    number = np.round(group * draw(st.sampled_from([0.0, 3.0, -1e6])) + rng.normal(0, 1, rows), draw(st.integers(0, 3)))
    gaps = rng.random(rows) < draw(st.sampled_from([0.0, 0.5, 1.0]))
    whole = rng.integers(0, draw(st.sampled_from([1, 2, 50, 10**9])), rows)
    return pa.table(
        {
            "group": pa.array([levels[g] for g in group]),
            "number": pa.array(number, mask=gaps),
            "whole": pa.array(whole),
            "day": pa.array((18_000 + group * 7).astype(np.int32), pa.date32()),
        }
    )


@seldom
@given(tables(), st.integers(0, 2**16))
def test_whatever_is_learned_rows_have_the_columns_types_and_ranges_of_the_table(table: pa.Table, seed: int) -> None:
    model = TabularEngine().fit(table, detect_schema(table), seed=seed)
    drawn = pa.Table.from_batches(model.sample(ROWS, seed))
    assert drawn == pa.Table.from_batches(model.sample(ROWS, seed, threads=1))
    made = like(drawn, table)
    assert made.num_rows == ROWS
    assert made.schema.names == table.schema.names
    assert made.schema.types == table.schema.types
    assert set(made["group"].unique().to_pylist()) - {None} <= set(table["group"].unique().to_pylist())
    for name in ("number", "whole", "day"):
        real, range_drawn = pc.min_max(table[name]).as_py(), pc.min_max(made[name]).as_py()
        if real["min"] is None:
            assert range_drawn["min"] is None
        elif range_drawn["min"] is not None:
            assert real["min"] <= range_drawn["min"]
            assert range_drawn["max"] <= real["max"]
