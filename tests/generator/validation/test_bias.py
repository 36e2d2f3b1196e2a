"""Bias that a synthetic table adds is found, and bias that is in the data already is not laid at its door."""

from __future__ import annotations

import pyarrow as pa
import pytest

from inferloop_synthetic.errors import InputError
from inferloop_synthetic.schema import TableSchema
from inferloop_synthetic.validation.run import Validation, validate


def test_a_gap_that_is_in_the_real_data_is_shown_but_has_not_grown(fair: Validation) -> None:
    sex = fair.bias[0]
    assert sex.outcome == "paid is yes"
    assert sex.parity is not None
    assert sex.parity.real.value == pytest.approx(0.1, abs=0.04)
    assert sex.parity.real.low > 0
    assert sex.parity.growth.low < 0 < sex.parity.growth.high
    assert sex.representation.low == 0
    assert sex.equalised_odds is not None
    assert sex.equalised_odds.growth.low <= 0 <= sex.equalised_odds.growth.high


def test_fewer_women_paid_less_often_show_in_every_measure(unfair: Validation) -> None:
    sex = unfair.bias[0]
    shares = {g.group: g for g in sex.groups}
    assert shares["f"].shift.high < -0.1
    assert shares["m"].shift.low > 0.1
    assert sex.representation.low > 0.1
    assert sex.parity is not None
    assert sex.parity.growth.low > 0.1
    assert shares["f"].outcome_synthetic is not None
    assert shares["f"].outcome_synthetic.high < 0.32
    # A model trained on the skewed table pays women less often, on rows that it never saw.
    assert sex.model_parity is not None
    assert sex.model_parity.growth.low > 0.1
    assert sex.equalised_odds is not None
    assert sex.equalised_odds.growth.low > 0.1


def test_the_worst_group_is_the_one_whose_outcome_the_synthetic_table_turned_round(
    real: pa.Table, holdout: pa.Table, schema: TableSchema
) -> None:
    table = real.to_pydict()
    for i, region in enumerate(table["region"]):
        if region == "south":
            table["paid"][i] = {"yes": "no", "no": "yes"}[table["paid"][i]]
    found = validate(
        real, pa.table(table), schema, holdout=holdout, protected=["region"], target="paid", favourable="yes"
    )
    worst = found.bias[0].worst
    assert worst is not None
    assert worst.group == "south"
    lost = {m.group: m.lost.value for m in found.bias[0].models}
    assert lost["south"] > lost["north"]


def test_numbers_are_grouped_by_quarters_and_missing_values_are_a_group(
    fair: Validation, real: pa.Table, schema: TableSchema
) -> None:
    assert len(fair.bias[1].groups) == 4
    assert sum(g.real.value for g in fair.bias[1].groups) == pytest.approx(1)
    sex = pa.array([None if i % 5 == 0 else v for i, v in enumerate(real["sex"].to_pylist())])
    holed = real.set_column(2, "sex", sex)
    groups = {g.group: g for g in validate(real, holed, schema, protected=["sex"]).bias[0].groups}
    assert groups["missing"].real.value == 0
    assert groups["missing"].synthetic.value == pytest.approx(0.2)


def test_without_rows_held_out_only_the_tables_are_compared(real: pa.Table, schema: TableSchema) -> None:
    found = validate(real, real.slice(0, 1500), schema, protected=["sex"], target="paid").bias[0]
    assert found.parity is not None
    assert found.model_parity is None
    assert found.models == ()
    assert found.worst is None


def test_groups_too_small_to_rate_are_counted_but_not_rated(real: pa.Table, schema: TableSchema) -> None:
    sex = pa.array(["x" if i < 8 else v for i, v in enumerate(real["sex"].to_pylist())])
    found = validate(real.set_column(2, "sex", sex), real, schema, protected=["sex"], target="paid").bias[0]
    rare = next(g for g in found.groups if g.group == "x")
    assert rare.real.value == pytest.approx(8 / 2500)
    assert rare.outcome_real is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"protected": ["gender"]}, "no column 'gender'"),
        ({"protected": ["paid"], "target": "paid"}, "'paid' is the outcome"),
        ({"protected": ["sex"], "target": "paid", "favourable": "maybe"}, "no value 'maybe'; it has no, yes"),
        ({"protected": ["sex"], "favourable": "yes"}, "needs a target"),
        ({"target": "income", "favourable": "9"}, "holds numbers"),
    ],
)
def test_mistaken_columns_are_named(
    real: pa.Table, holdout: pa.Table, schema: TableSchema, options: dict[str, object], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        validate(real, holdout, schema, **options)  # type: ignore[arg-type]
