"""Real values in columns about people are found and refused; made-up ones are not, even where they coincide."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from inferloop_synthetic.detect import detect_schema
from inferloop_synthetic.generators import PersonalData
from inferloop_synthetic.policy import Outcome, default_policy, judge, parse_policy
from inferloop_synthetic.schema import Kind, Personal, TableSchema
from inferloop_synthetic.validation.run import Validation, from_json, validate

COLUMNS = {"name": Personal.name, "first_name": Personal.first_name, "ssn": Personal.ssn, "address": Personal.address}
ROWS = 600


def people(seed: int) -> pa.Table:
    """Three hundred people of two rows each."""
    rng = np.random.default_rng(seed)
    columns = {
        n: pa.concat_arrays([v, v]) for n, h in COLUMNS.items() for v in [PersonalData(h).values(np.arange(300), rng)]
    }
    return pa.table({**columns, "x": rng.normal(size=ROWS), "y": rng.integers(0, 5, ROWS)})


def outcome(found: Validation) -> tuple[Outcome, str]:
    (finding,) = (f for f in judge(found, default_policy()).findings if f.measure == "personal_values")
    return finding.outcome, finding.subject


def categories(schema: TableSchema, *names: str) -> TableSchema:
    changed = {"kind": Kind.category, "personal": None}
    return TableSchema(columns=[c.model_copy(update=changed) if c.name in names else c for c in schema.columns])


REAL, MADE = people(1), people(2)
SCHEMA = detect_schema(REAL)


def test_made_up_values_are_kept_though_first_names_coincide() -> None:
    found = validate(REAL, MADE, SCHEMA)
    assert {d.column for d in found.disclosed} == set(COLUMNS)
    assert {d.column: d.chance.value > 0.2 for d in found.disclosed}["first_name"]
    assert outcome(found)[0] is Outcome.kept


@pytest.mark.parametrize("name", COLUMNS)
def test_real_values_are_refused_whatever_the_schema_calls_the_column(name: str) -> None:
    leaked = MADE.set_column(MADE.column_names.index(name), name, REAL[name])
    for schema in (SCHEMA, categories(SCHEMA, name)):
        assert outcome(validate(REAL, leaked, schema)) == (Outcome.broken, name)


def test_a_few_real_values_among_many_are_refused() -> None:
    few = pa.chunked_array([*REAL["ssn"].slice(0, 30).chunks, *MADE["ssn"].slice(30).chunks])
    leaked = MADE.set_column(MADE.column_names.index("ssn"), "ssn", few)
    assert outcome(validate(REAL, leaked, SCHEMA)) == (Outcome.broken, "ssn")


def test_a_policy_can_except_a_column() -> None:
    found = validate(REAL, MADE.set_column(0, "name", REAL["name"]), SCHEMA)
    text = "name: p\nrequirements:\n  personal_values: {at_most: 0.01, certainty: not_disproven, except: [name]}"
    assert judge(found, parse_policy(text, "p")).released is True


def test_a_table_about_nobody_has_nothing_to_disclose() -> None:
    real = REAL.select(["x", "y"])
    assert outcome(validate(real, real, detect_schema(real)))[0] is Outcome.kept


def test_a_result_from_before_this_was_measured_is_read() -> None:
    tree = validate(REAL, MADE, SCHEMA).as_json()
    assert from_json(tree).disclosed
    del tree["disclosed"]
    assert from_json(tree).disclosed == ()
